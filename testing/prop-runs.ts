import { configureGlobal } from 'fast-check';
import { shortSeed } from './short-seed.ts';

/**
 * Setup file of the unit tests. Inside `npm test` every property meets the same cases each time (ADR 0061);
 * WENCHANG_PROP_RUNS makes each of them run that often, with random cases (`npm run test:prop`).
 */
const runs = process.env['WENCHANG_PROP_RUNS'];
configureGlobal(runs === undefined ? { seed: shortSeed } : { numRuns: Number(runs) });
