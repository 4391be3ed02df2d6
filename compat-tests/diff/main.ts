import { randomInt } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isMissing } from '../peer/peer.ts';
import { reportLines, runDiff, unmetRows } from './run.ts';

const fullCount = 20_000;

/**
 * `npm run test:diff [-- --count N --seed N --stream N --log FILE]`: the same requests to Java 4.6.0 and to ours,
 * everything that comes back or is written compared. `--stream` sends only those of one stream; `--log` writes each
 * request with both answers.
 */
async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { count: text, seed: text, stream: text, log: text } });
  const count = Number(values.count ?? fullCount);
  const seed = Number(values.seed ?? randomInt(0x7fffffff));
  if (!(count >= 1) || !Number.isSafeInteger(count) || !Number.isSafeInteger(seed)) {
    throw new Error('usage: test:diff [--count N] [--seed N] [--stream N] [--log FILE]');
  }
  if (isMissing('java')) throw new Error('test:diff needs Java 17 and Maven');
  const say = (line: string): void => console.log(line);
  say(`seed ${seed}, ${count} requests`);
  const startedMs = Date.now();
  const onlyStream = values.stream === undefined ? undefined : Number(values.stream);
  const log = values.log === undefined ? undefined : openSync(values.log, 'w');
  const onExchange = log === undefined ? undefined : (text: string): void => void writeSync(log, `${text}\n`);
  const report = await runDiff({ count, seed, say, onlyStream, onExchange });
  if (log !== undefined) closeSync(log);
  const unmet = count >= fullCount ? unmetRows(report) : [];
  for (const line of [...reportLines(report), ...unmet]) say(line);
  say(`${Math.round((Date.now() - startedMs) / 1_000)} s`);
  process.exitCode = report.unexplained.length + unmet.length === 0 ? 0 : 1;
}

await main();
