import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shortSeed } from '../testing/short-seed.ts';
import { isMissing, openWorkspace, type Workspace } from './peer/peer.ts';
import { plantedBugs } from './sql/planted.ts';
import { askJava, compareAnswers, type SqlAnswer, sqlCases } from './sql/run.ts';

/** The full run is `npm run test:sql`. */
const count = 5_000;
const seed = shortSeed;

describe.skipIf(isMissing('java'))(`SQL92 against the evaluator of Java, seed ${seed}`, () => {
  const cases = sqlCases(count, seed);
  let workspace: Workspace;
  let answers: SqlAnswer[] = [];

  beforeAll(async () => {
    workspace = openWorkspace('sql-suite');
    answers = await askJava(workspace, cases);
  });
  afterAll(() => workspace.close());

  it('agrees on every expression and message', () => {
    const { pairs, differences, otherTexts } = compareAnswers(cases, answers);
    expect({ differences, otherTexts }).toEqual({ differences: [], otherTexts: [] });
    expect(pairs).toBeGreaterThan(count);
  });

  it.each(Object.entries(plantedBugs))('finds the planted bug: %s', (_, compile) => {
    expect(compareAnswers(cases, answers, compile).differences.length).toBeGreaterThan(0);
  });
});
