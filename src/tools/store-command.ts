import { resolve } from 'node:path';
import yargs from 'yargs';
import type { Environment } from '../config/environment.ts';
import { loadBrokerConfig } from '../config/load.ts';
import type { MessageStoreConfig } from '../config/message-store-config.ts';
import { StoreIoError } from '../store/store-errors.ts';
import { StoreLockedError, storeHolder } from '../store/store-lock.ts';
import type { Clock } from '../util/clock.ts';
import { type Fs, FsError } from '../util/fs.ts';
import { silentLogger } from '../util/logger.ts';
import type { ProcInfo } from '../util/proc-info.ts';
import { damageLine, Findings } from './findings.ts';
import { compareLines, compareStores } from './store-compare.ts';
import { DUMP_PARTS, type DumpOptions, dumpStore } from './store-dump.ts';
import { type StoreLayout, storeLayout } from './store-layout.ts';
import { repairStore } from './store-repair.ts';
import { verifyStore } from './store-verify.ts';

/** What the store tools need of the world. */
export interface ToolWorld {
  readonly fs: Fs;
  readonly clock: Clock;
  readonly environment: Environment;
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  /** Processes of the host; by default what /proc tells. */
  readonly proc?: ProcInfo;
}

/** Nothing was done: a wrong command line, a directory in use, a file that cannot be read. */
const NOT_DONE = 2;

/**
 * `wenchang store dump|verify|repair|compare`. Gives the exit code: 0 all is well, 1 damage or differences, 2 nothing
 * was done. See docs/reference/store-tools.md.
 */
export async function runStoreCommand(words: readonly string[], world: ToolWorld): Promise<number> {
  let exitCode = NOT_DONE;
  const ended = (work: (given: Given) => number | Promise<number>) => async (given: Given) => {
    exitCode = await work(given);
  };
  const parser = commandLine(words, {
    dump: ended((given) => dump(given, world)),
    verify: ended((given) => verify(given, world)),
    repair: ended((given) => repair(given, world)),
    compare: ended((given) => compare(given, world)),
  });
  try {
    await parser.parseAsync([...words], {}, (error, _given, output) => {
      if (output === '') return;
      const isWrong = error instanceof Error;
      if (!isWrong) exitCode = 0;
      for (const line of output.split('\n')) (isWrong ? world.err : world.out)(line);
    });
  } catch (error) {
    const known = error instanceof FsError || error instanceof StoreIoError || error instanceof StoreLockedError;
    if (!known && !(error instanceof Refusal)) {
      // What the command line says is wrong has been printed.
      if (error instanceof Error && error.name === 'YError') return NOT_DONE;
      throw error;
    }
    world.err(error.message);
    return NOT_DONE;
  }
  return exitCode;
}

/** What yargs gives; each command looks at its own. */
interface Given extends Omit<DumpOptions, 'part'> {
  readonly dir?: string | undefined;
  readonly other?: string | undefined;
  readonly part?: string | undefined;
  readonly all?: boolean | undefined;
  readonly write?: boolean | undefined;
  readonly config?: string | undefined;
  readonly commitlog?: string | undefined;
  readonly 'hash-slot-num'?: number | undefined;
  readonly 'index-num'?: number | undefined;
  readonly 'force-read'?: boolean | undefined;
}

type Work = Readonly<Record<'dump' | 'verify' | 'repair' | 'compare', (given: Given) => Promise<void>>>;

function commandLine(words: readonly string[], work: Work) {
  return yargs([...words])
    .scriptName('wenchang store')
    .option('config', { type: 'string', describe: 'broker properties: sizes of files, settings' })
    .option('commitlog', { type: 'string', describe: 'storePathCommitLog, when it is not DIR/commitlog' })
    .option('hash-slot-num', { type: 'number', describe: 'maxHashSlotNum' })
    .option('index-num', { type: 'number', describe: 'maxIndexNum' })
    .option('force-read', { type: 'boolean', describe: 'read the directory of a running broker too' })
    .command(
      'dump <dir> [part]',
      'show records, entries, state',
      (y) =>
        y
          .positional('dir', { type: 'string' })
          .positional('part', { choices: DUMP_PARTS, default: 'log' })
          .option('topic', { type: 'string' })
          .option('queue', { type: 'number' })
          .option('from', { type: 'number', describe: 'physical offset, or number of a queue entry' })
          .option('to', { type: 'number' })
          .option('limit', { type: 'number', describe: 'most lines' })
          .option('json', { type: 'boolean', describe: 'every field, one object a line' })
          .option('keys', { type: 'boolean', describe: 'the entries of index files too' }),
      work.dump,
    )
    .command(
      'verify <dir>',
      'check everything; exits 1 when there is damage',
      (y) =>
        y
          .positional('dir', { type: 'string' })
          .option('all', { type: 'boolean', describe: 'every damage, not the first 100' }),
      work.verify,
    )
    .command(
      'repair <dir>',
      'say what a repair would do',
      (y) => y.positional('dir', { type: 'string' }).option('write', { type: 'boolean', describe: 'do it' }),
      work.repair,
    )
    .command(
      'compare <dir> <other>',
      'compare two directories byte by byte; exits 1 when they differ',
      (y) => y.positional('dir', { type: 'string' }).positional('other', { type: 'string' }),
      work.compare,
    )
    .demandCommand(1, 'dump, verify, repair or compare?')
    .strict()
    .version(false)
    .exitProcess(false);
}

/** A wrong request; the message is for the operator. */
class Refusal extends Error {}

function dump(given: Given, world: ToolWorld): number {
  const part = DUMP_PARTS.find((name) => name === given.part) ?? 'log';
  const layout = layoutOf(given, world);
  const { topic, queue, from, to, limit, json, keys } = given;
  dumpStore(world.fs, layout, { part, topic, queue, from, to, limit, json, keys }, world.out);
  if (world.fs.stat(`${layout.dir}/consumequeue_ext`) !== undefined && part === 'queues') {
    world.err('consumequeue_ext is not shown');
  }
  return 0;
}

function verify(given: Given, world: ToolWorld): number {
  const layout = layoutOf(given, world);
  const findings = new Findings(MOST_SHOWN, (damage) => {
    if (given.all === true || findings.damageCount <= MOST_SHOWN) world.out(damageLine(damage));
  });
  const { log } = verifyStore(world.fs, layout, findings);
  const hidden = given.all === true ? 0 : Math.max(0, findings.damageCount - MOST_SHOWN);
  if (hidden > 0) world.out(`and ${hidden} more; --all shows them`);
  for (const note of findings.notes) world.out(`note: ${note}`);
  const looked = `${log.records} records in ${log.files} files, offsets ${log.minOffset} to ${log.end}`;
  world.out(findings.damageCount === 0 ? `no damage: ${looked}` : `${findings.damageCount} damages: ${looked}`);
  return findings.damageCount === 0 ? 0 : 1;
}

async function repair(given: Given, world: ToolWorld): Promise<number> {
  const layout = layoutOf(given, world);
  const { fs, clock, proc } = world;
  const options = { write: given.write === true, say: world.out, clock, ...(proc === undefined ? {} : { proc }) };
  const report = await repairStore(fs, layout, options);
  return report.left === 0 ? 0 : 1;
}

function compare(given: Given, world: ToolWorld): number {
  const [a, b] = [given.dir, given.other].map((dir) => directoryOf(dir, given, world));
  const slots = given['hash-slot-num'] ?? configOf(given, world)?.maxHashSlotNum;
  const report = compareStores(world.fs, a ?? '', world.fs, b ?? '', {
    ...(slots === undefined ? {} : { maxHashSlotNum: slots }),
  });
  for (const line of compareLines(report)) world.out(line);
  return report.equal ? 0 : 1;
}

function layoutOf(given: Given, world: ToolWorld): StoreLayout {
  const dir = directoryOf(given.dir, given, world);
  const config = configOf(given, world);
  const layout = storeLayout(world.fs, dir, {
    ...(config === undefined ? {} : { config }),
    ...(given.commitlog === undefined ? {} : { commitLog: resolve(given.commitlog) }),
    ...(given['hash-slot-num'] === undefined ? {} : { hashSlotNum: given['hash-slot-num'] }),
    ...(given['index-num'] === undefined ? {} : { indexNum: given['index-num'] }),
  });
  if (layout.assumptions.length > 0) world.err(`assumed: ${layout.assumptions.join('; ')}`);
  return layout;
}

/** A directory that exists and that nobody uses. */
function directoryOf(dir: string | undefined, given: Given, world: ToolWorld): string {
  const path = resolve(dir ?? '');
  const { fs, clock, proc } = world;
  if (fs.stat(path)?.isDirectory !== true) throw new Refusal(`${path} is no directory`);
  const holds = ['commitlog', 'consumequeue', 'config'].some((name) => fs.stat(`${path}/${name}`) !== undefined);
  if (!holds && given.commitlog === undefined) throw new Refusal(`${path} is no store: it has no commitlog`);
  const options = { fs, clock, log: silentLogger, rootDir: path, ...(proc === undefined ? {} : { proc }) };
  const holder = storeHolder(options);
  if (holder === undefined || given['force-read'] === true) return path;
  throw new Refusal(`${holder.message}; --force-read reads it all the same, and may see what is half written`);
}

function configOf(given: Given, { fs, environment }: ToolWorld): MessageStoreConfig | undefined {
  if (given.config === undefined) return undefined;
  const path = resolve(given.config);
  const text = fs.readFile(path, MAX_CONFIG_BYTES)?.toString('latin1');
  if (text === undefined) throw new Refusal(`${path} does not exist`);
  return loadBrokerConfig({ file: { name: given.config, text }, namesrvAddr: undefined, environment }).configs
    .messageStoreConfig;
}

const MOST_SHOWN = 100;
const MAX_CONFIG_BYTES = 1024 * 1024;
