// The table of commands: each is an npm script of the same name, `node scripts/run.mjs NAME [ARGS]`.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findPeers } from './peers.mjs';
import { checkCommands, firstFailure, testRun } from './test-run.mjs';
import { ensureBuilt, ensureInstalled, pinnedNode } from './toolchain.mjs';
import { foreground, Refusal, ROOT, toolEnv } from './workplace.mjs';

const VITEST = 'node_modules/vitest/vitest.mjs';

/** What each command does. `dist`: needs the build; `peers`: needs Java, Maven and Go; `args`: for the pinned Node. */
const COMMANDS = {
  start: { about: 'name server and broker in one process, data under ./data', run: launch('wenchang') },
  test: { about: 'everything but the long jobs', run: () => testRun({ compat: true }) },
  check: { about: 'as test, without the compatibility suites', run: () => testRun({ compat: false }) },
  lint: { about: 'format, lint, layers, unused code', run: checks('format', 'lint', 'layers', 'unused code') },
  typecheck: { about: 'types only', run: checks('types') },
  build: { about: 'src to dist', dist: true, run: async () => 0 },
  prepare: { about: 'install and build; prints the Node to use', run: printNode },
  format: {
    about: 'write the format and the import order',
    args: ['node_modules/@biomejs/biome/bin/biome', 'check', '--write', '--linter-enabled=false', '.'],
  },
  dev: {
    about: 'the broker from source, restarted on change',
    args: watch('src/mqbroker.ts', '-c', 'conf/broker.conf'),
  },
  'dev:namesrv': { about: 'the name server from source, restarted on change', args: watch('src/mqnamesrv.ts') },
  'docs:gen': { about: 'write the generated documents', args: ['scripts/gen-docs.ts'] },
  'docs:check': { about: 'fail when a generated document is stale', args: ['scripts/gen-docs.ts', '--check'] },
  'test:unit': { about: 'unit tests; takes file names', args: [VITEST, 'run', '--project', 'unit'] },
  'test:prop': {
    about: 'property tests, long',
    env: { WENCHANG_PROP_RUNS: '5000' },
    args: [VITEST, 'run', '--project', 'unit', '--testTimeout=600000', '.prop.test.ts'],
  },
  'test:faults': { about: 'the n-th operation on the disk fails, for every n', args: ['testing/fault-main.ts'] },
  'test:fuzz': { about: 'mutated frames against live servers', dist: true, args: ['fuzz/main.ts'] },
  'test:power': { about: 'every power loss of recorded runs', args: ['testing/power/main.ts'] },
  'test:flips': { about: 'single changed bits in a store directory', args: ['testing/bit-flips/main.ts'] },
  'test:transactions': { about: 'everything a transaction can meet', args: ['testing/transactions/main.ts'] },
  'test:replication': { about: 'a master and a slave', args: ['testing/replication/main.ts'] },
  'test:delay': { about: 'delayed messages through restarts', args: ['testing/delay-model/main.ts'] },
  'test:connections': {
    about: 'connections opened, asked and closed for ten minutes',
    args: ['testing/connections/main.ts'],
  },
  'test:compat': {
    about: 'compatibility suites; takes file names',
    dist: true,
    peers: true,
    args: [VITEST, 'run', '--project', 'compat'],
  },
  'test:diff': {
    about: 'the same requests to Java and to ours, compared',
    dist: true,
    peers: true,
    args: ['compat-tests/diff/main.ts'],
  },
  'test:door': {
    about: 'a store directory through Java and ours in turn',
    dist: true,
    peers: true,
    args: ['compat-tests/door/main.ts'],
  },
  'test:rolling': {
    about: 'brokers of a cluster under traffic replaced, Java by ours and back',
    dist: true,
    peers: true,
    args: ['compat-tests/rolling/main.ts'],
  },
  'test:sql': { about: 'SQL92 filters against the evaluator of Java', peers: true, args: ['compat-tests/sql/main.ts'] },
  'vectors:record': { about: 'record golden vectors from Java', peers: true, args: ['scripts/record-vectors.ts'] },
  bench: { about: 'codec, append, read, end to end', dist: true, args: ['bench/main.ts'] },
  'bench:start': { about: 'starts on a large store', dist: true, peers: true, args: ['bench/start-up.ts'] },
  'bench:java': { about: 'the official Java broker beside ours', dist: true, peers: true, args: ['bench/java.ts'] },
};

/** Runs one command and returns the exit code of the process. */
export async function main([name, ...args]) {
  const command = Object.hasOwn(COMMANDS, name ?? '') ? COMMANDS[name] : undefined;
  if (command === undefined) {
    console.error(`usage: node scripts/run.mjs COMMAND [ARGS]\n${commandList()}`);
    return 2;
  }
  try {
    if (command.run !== undefined && command.dist !== true) return await command.run(args);
    return await runProgram(command, args);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    console.error(error.message);
    return 1;
  }
}

async function runProgram(command, args) {
  await ensureInstalled(say);
  const node = await pinnedNode(say);
  if (command.dist) await ensureBuilt(node, say);
  if (command.args === undefined) return command.run(args);
  const program = command.args.find((arg) => /\.(ts|mjs)$/.test(arg) || arg.endsWith('/biome'));
  if (!existsSync(join(ROOT, program))) throw new Refusal(`${program} is not there yet`);
  const peers = command.peers ? await findPeers(say) : { env: {}, missing: [] };
  for (const reason of peers.missing) say(`missing: ${reason}`);
  return foreground(node, [...command.args, ...args], toolEnv({ WENCHANG_NODE: node, ...command.env, ...peers.env }));
}

/** The launcher in bin/ does the rest: it prepares, and then becomes the server itself. */
function launch(program) {
  return (args) => foreground('sh', [join(ROOT, 'bin', program), ...args]);
}

function checks(...names) {
  return async () => {
    await ensureInstalled(say);
    const node = await pinnedNode(say);
    const failures = [];
    for (const name of names) {
      const failure = await firstFailure(node, checkCommands()[name]);
      console.log(`${failure === undefined ? 'ok  ' : 'FAIL'}  ${name}`);
      if (failure !== undefined) failures.push(failure);
    }
    if (failures.length > 0) console.log(failures.join('\n'));
    return failures.length === 0 ? 0 : 1;
  };
}

/** For the launchers in bin/: everything in place, and the Node to use as the only line on standard output. */
async function printNode() {
  await ensureInstalled(say);
  const node = await pinnedNode(say);
  await ensureBuilt(node, say);
  console.log(node);
  return 0;
}

function watch(program, ...args) {
  return ['--watch', program, ...args];
}

/** Progress goes to standard error: standard output belongs to the program. */
function say(text) {
  console.error(text);
}

function commandList() {
  return Object.entries(COMMANDS)
    .map(([name, { about }]) => `  ${name.padEnd(16)}${about}`)
    .join('\n');
}
