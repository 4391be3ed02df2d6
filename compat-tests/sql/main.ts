import { randomInt } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openWorkspace, repoDir } from '../peer/peer.ts';
import type { SqlCase } from './generator.ts';
import { askJava, compareAnswers, reportLines, type SqlAnswer, sqlCases } from './run.ts';
import { writtenCases } from './written-cases.ts';

const FULL_COUNT = 50_000;

/**
 * `npm run test:sql [-- --count N --seed N --record]`: generated SQL92 expressions and messages against Java's
 * evaluator, and the written ones. `--record` keeps Java's answers as golden vectors.
 */
async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { count: text, seed: text, record: { type: 'boolean' } } });
  const count = Number(values.count ?? FULL_COUNT);
  const seed = Number(values.seed ?? randomInt(0x7fffffff));
  if (!(count >= 1) || !Number.isSafeInteger(count) || !Number.isSafeInteger(seed)) {
    throw new Error('usage: test:sql [--count N] [--seed N] [--record]');
  }
  console.log(`seed ${seed}, ${count} pairs`);
  const workspace = openWorkspace('sql');
  try {
    const cases = [...writtenCases, ...sqlCases(count, seed)];
    const answers = await askJava(workspace, cases);
    if (values.record === true) record(cases, answers);
    const report = compareAnswers(cases, answers);
    for (const line of reportLines(report)) console.log(line);
    process.exitCode = report.differences.length + report.otherTexts.length === 0 ? 0 : 1;
  } finally {
    workspace.close();
  }
}

/** In the form of compat-tests/vectors/README.md. */
function record(cases: readonly SqlCase[], answers: readonly SqlAnswer[]): void {
  const dir = join(repoDir, 'compat-tests', 'vectors', 'data', 'sql');
  mkdirSync(dir, { recursive: true });
  const samples = cases.map((each, at) => ({ ...each, java: answers[at] }));
  const parts = { written: samples.slice(0, writtenCases.length), generated: samples.slice(writtenCases.length) };
  for (const [name, part] of Object.entries(parts)) {
    const head = { name: `sql/${name}`, shows: 'what expressions say of messages, and what is said of bad ones' };
    const how = {
      recordedHow: 'compat-tests/java/SqlReferee.java: FilterFactory, Expression#evaluate',
      match: 'value',
    };
    const lines = part.map((sample) => `    ${JSON.stringify(sample)}`).join(',\n');
    const text = JSON.stringify({ ...head, ...how }, undefined, 2).replace(
      /\n}$/,
      `,\n  "samples": [\n${lines}\n  ]\n}\n`,
    );
    writeFileSync(join(dir, `${name}.json`), text);
  }
}

await main();
