/** Lines `PASS name  [12 ms]` and `FAIL name: why` of a client program, by name: `PASS`, or `FAIL` with the reason. */
export function parseOutcomes(text: string): ReadonlyMap<string, string> {
  const outcomes = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = line.match(/^(PASS|FAIL) ([a-z0-9-]+)(.*)$/);
    if (match === null) continue;
    const [, word = '', name = '', why = ''] = match;
    outcomes.set(name, word === 'PASS' ? 'PASS' : `FAIL${why}`);
  }
  return outcomes;
}
