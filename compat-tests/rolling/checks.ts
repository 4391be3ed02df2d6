import type { Committed } from './offsets.ts';
import type { Consumed, Sent } from './traffic.ts';

/** One replacement, as the checks of deliveries see it. */
export interface Handover {
  /** Who before, who after: `java → wenchang`. */
  readonly kinds: string;
  readonly label: string;
  readonly broker: string;
  /** How many deliveries there were when the old broker was gone. */
  readonly position: number;
  /** What the group had committed when the old broker was gone. */
  readonly committed: Committed;
}

/** Acknowledged messages that the group has never been given. */
export function notConsumed(sent: readonly Sent[], consumed: readonly Consumed[]): string[] {
  const keys = new Set(consumed.map(({ key }) => key));
  return sent
    .filter(({ key }) => !keys.has(key))
    .map(({ key, broker, queueId, queueOffset }) => `${key} (${broker} ${queueId} at ${queueOffset})`);
}

/** Queues of a broker whose group is not at the end, although it has read everything and committed. */
export function lostOffsets(maxOffsets: ReadonlyMap<number, number>, committed: Committed): string[] {
  return [...maxOffsets].flatMap(([queueId, max]) => {
    return (committed[queueId] ?? 0) === max ? [] : [`queue ${queueId}: ${committed[queueId]} of ${max} committed`];
  });
}

/**
 * What was delivered more than once, counted by the kind of the last replacement of its broker. `below` names every
 * delivery from below the committed offset after a replacement, which no broker may cause: the client commits only
 * what it has finished.
 */
export function consumedAgain(
  consumed: readonly Consumed[],
  handovers: readonly Handover[],
): {
  readonly below: readonly string[];
  readonly byKinds: ReadonlyMap<string, { readonly replacements: number; readonly deliveries: number }>;
} {
  const byKinds = new Map<string, { replacements: number; deliveries: number }>();
  for (const { kinds } of handovers) {
    const entry = byKinds.get(kinds) ?? { replacements: 0, deliveries: 0 };
    entry.replacements += 1;
    byKinds.set(kinds, entry);
  }
  const below: string[] = [];
  const seen = new Set<string>();
  for (const [index, { broker, queueId, queueOffset, key }] of consumed.entries()) {
    const last = handovers.findLast((handover) => handover.broker === broker && handover.position <= index);
    const place = `${broker} ${queueId} ${queueOffset}`;
    const entry = byKinds.get(last?.kinds ?? '');
    if (seen.has(place) && entry !== undefined) entry.deliveries += 1;
    seen.add(place);
    const committed = last?.committed[queueId] ?? 0;
    if (queueOffset < committed) below.push(`${last?.label}: ${key} at ${place}, committed was ${committed}`);
  }
  return { below, byKinds };
}
