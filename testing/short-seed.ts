/**
 * Seed of the short form of a long job inside `npm test`: always the same one, so that a red run is about the change
 * at hand. WENCHANG_SEED takes another; the job's own command takes a random one (ADR 0061).
 */
export const shortSeed = Number(process.env['WENCHANG_SEED'] ?? 20_261_122);
