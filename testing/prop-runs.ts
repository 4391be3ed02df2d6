/** Setup file of the unit tests: WENCHANG_PROP_RUNS makes every property run that often (`npm run test:prop`). */
const runs = process.env['WENCHANG_PROP_RUNS'];
if (runs !== undefined) {
  const { configureGlobal } = await import('fast-check');
  configureGlobal({ numRuns: Number(runs) });
}
