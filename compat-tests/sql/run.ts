import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SqlCondition, type Truth } from '../../src/broker/filter/sql/sql-compile.ts';
import type { SqlError } from '../../src/broker/filter/sql/sql-error.ts';
import { compileSql } from '../../src/broker/filter/sql/sql-filter.ts';
import { serialiseProperties } from '../../src/codec/message-properties.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { runJava, type Workspace } from '../peer/peer.ts';
import { type SqlCase, sqlCase } from './generator.ts';

/** What was compared, and the first of what differs. */
export interface SqlReport {
  /** Expressions × messages; an expression that does not compile counts once. */
  readonly pairs: number;
  readonly refused: number;
  /** Answers by letter. */
  readonly truths: Readonly<Record<string, number>>;
  readonly differences: readonly string[];
  /** Expressions that neither takes, with another text about it. */
  readonly otherTexts: readonly string[];
}

export interface SqlAnswer {
  readonly error?: string;
  readonly truths?: string;
}

export type CompileSql = (expression: string) => SqlCondition | SqlError;

/** Tells of the inside of the virtual machine. */
const OWN_TEXT = 'java.lang.ClassCastException';
const MESSAGES_PER_CASE = 8;
/** At the least, on average: what does not compile counts once. */
const PAIRS_PER_CASE = 6;
const MOST_SHOWN = 20;

/** Cases enough for `count` pairs. */
export function sqlCases(count: number, seed: number): SqlCase[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: Math.ceil(count / PAIRS_PER_CASE) }, () => sqlCase(random, MESSAGES_PER_CASE));
}

/** Java's answers. */
export async function askJava(workspace: Workspace, cases: readonly SqlCase[]): Promise<SqlAnswer[]> {
  const [asked, answered] = [join(workspace.dir, 'cases.jsonl'), join(workspace.dir, 'answers.jsonl')];
  writeFileSync(asked, cases.map((each) => `${JSON.stringify(each)}\n`).join(''));
  const { code, stdout, stderr } = await runJava(workspace, 'SqlReferee.java', [asked, answered], 300_000);
  if (code !== 0) throw new Error(`the referee ended with ${code}: ${stdout}${stderr}`);
  const lines = readFileSync(answered, 'utf8').trimEnd().split('\n');
  if (lines.length !== cases.length) throw new Error(`${lines.length} answers to ${cases.length} cases`);
  return lines.map((line) => JSON.parse(line) as SqlAnswer);
}

/** Our answer to a case. */
export function ourAnswer({ expression, messages }: SqlCase, compile: CompileSql = compileSql): SqlAnswer {
  const compiled = compile(expression);
  if (!(compiled instanceof SqlCondition)) return { error: compiled.message };
  const truths = messages.map((message) => {
    const bytes = Buffer.from(serialiseProperties(Object.entries(message)));
    return letterOf(compiled.evaluate(bytes, 0, bytes.length));
  });
  return { truths: truths.join('') };
}

function letterOf(truth: Truth): string {
  return truth === undefined ? 'n' : truth === 'error' ? 'e' : truth ? 't' : 'f';
}

/** Ours against Java's. `compile` may have a bug planted. */
export function compareAnswers(
  cases: readonly SqlCase[],
  java: readonly SqlAnswer[],
  compile: CompileSql = compileSql,
): SqlReport {
  const differences: string[] = [];
  const otherTexts: string[] = [];
  const truths: Record<string, number> = {};
  let [pairs, refused] = [0, 0];
  for (const [at, one] of cases.entries()) {
    const theirs = java[at] as SqlAnswer;
    const ours = ourAnswer(one, compile);
    pairs += theirs.truths?.length ?? 1;
    if (theirs.error !== undefined) refused += 1;
    for (const letter of theirs.truths ?? '') truths[letter] = (truths[letter] ?? 0) + 1;
    const shown = JSON.stringify({ expression: one.expression, java: theirs, ours, messages: one.messages });
    if (theirs.truths !== ours.truths) differences.push(shown);
    else if (theirs.error !== ours.error && theirs.error?.startsWith(OWN_TEXT) !== true) otherTexts.push(shown);
  }
  return { pairs, refused, truths, differences, otherTexts };
}

/** Lines for people. */
export function reportLines({ pairs, refused, truths, differences, otherTexts }: SqlReport): string[] {
  const spread = Object.entries(truths).map(([letter, count]) => `${letter} ${count}`);
  return [
    `${pairs} pairs, ${refused} expressions refused by Java; ${spread.join(', ')}`,
    `${differences.length} differences, ${otherTexts.length} refusals with another text`,
    ...[...differences, ...otherTexts].slice(0, MOST_SHOWN),
  ];
}
