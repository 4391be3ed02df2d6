import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { installPeer, isMissing, repoDir } from '../compat-tests/peer/peer.ts';
import { runScenario } from './java/compare.ts';
import { type Options, readOptions, usage } from './java/options.ts';
import { javaVersion } from './java/our-process.ts';
import { measureOurs, ownNames } from './java/own-floors.ts';
import { PageCache } from './java/page-cache.ts';
import { type Row, rowCells, rowHead } from './java/rows.ts';
import { scenarios } from './java/scenarios.ts';
import { describeMachine } from './machine.ts';
import { benchDir, exitOnSignals } from './sides.ts';
import { formatTable } from './table.ts';

/** `npm run bench:java`: the official Java broker and ours, driven in turn; prints a table and writes it as JSON. */
async function main(options: Options): Promise<number> {
  if (isMissing('java')) {
    say('Java 17 with javac and Maven are needed');
    return 1;
  }
  rmSync(join(benchDir, 'logs'), { recursive: true, force: true });
  mkdirSync(benchDir, { recursive: true });
  await installPeer();
  const machine = { ...describeMachine(), java: await javaVersion() };
  for (const [name, value] of Object.entries(machine)) say(`${name}: ${value}`);
  const file = join(benchDir, `java-${machine.date.replaceAll(/[:.]/g, '-')}.json`);
  const rows: Row[] = [];
  const failures: string[] = [];
  // What one scenario cannot do is told at the end and does not cost the others their figures.
  const attempt = async (name: string, work: () => Promise<readonly Row[]>): Promise<void> => {
    try {
      rows.push(...(await work()));
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.message : error}`);
    }
    writeFileSync(file, JSON.stringify({ machine, options, rows, failures }, undefined, 2));
  };
  const cache = options.cold ? undefined : new PageCache();
  for (const scenario of scenarios.filter(({ name }) => options.only.includes(name))) {
    await attempt(scenario.name, () => runScenario(scenario, options, cache, say));
  }
  cache?.close();
  for (const name of options.kinds.includes('wenchang') ? ownNames : []) {
    if (options.only.includes(name)) await attempt(name, () => measureOurs(name, options, say));
  }
  say(`\n${formatTable(rowHead, rows.map(rowCells))}\n\nwritten to ${relative(repoDir, file)}`);
  for (const failure of failures) say(`failed: ${failure}`);
  return failures.length > 0 || rows.some(({ verdict }) => verdict === 'MISSED') ? 1 : 0;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The options, or after a line and the usage on standard error nothing. */
function options(): Options | undefined {
  const names = [...scenarios.map(({ name }) => name), ...ownNames];
  try {
    return readOptions(process.argv.slice(2), names);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${usage(names)}`);
    return undefined;
  }
}

exitOnSignals();
const given = options();
process.exitCode = given === undefined ? 2 : await main(given);
