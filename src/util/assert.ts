/** Throws when an invariant does not hold. Stays on in production: corruption stops the process (house rule 8). */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** A broken invariant. Nobody catches it but the root, which logs and stops. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}
