import { describe, expect, it } from 'vitest';
import type { SqlCase } from '../sql/generator.ts';
import { plantedBugs } from '../sql/planted.ts';
import { compareAnswers, type SqlAnswer } from '../sql/run.ts';
import { loadVector, type Vector } from './load.ts';

interface SqlVector extends Vector {
  readonly samples: readonly (SqlCase & { readonly java: SqlAnswer })[];
}

const samples = ['written', 'generated'].flatMap((name) => loadVector<SqlVector>('sql', name).samples);
const answers = samples.map(({ java }) => java);

describe('sql/', () => {
  it('expressions say of messages what they say in Java, and refusals read the same', () => {
    const { pairs, differences, otherTexts } = compareAnswers(samples, answers);
    expect({ differences, otherTexts }).toEqual({ differences: [], otherTexts: [] });
    expect(pairs).toBeGreaterThan(1_700);
  });

  it.each(Object.entries(plantedBugs))('finds the planted bug: %s', (_, compile) => {
    expect(compareAnswers(samples, answers, compile).differences.length).toBeGreaterThan(0);
  });
});
