import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { takePorts } from '../testing/ports.ts';
import { parseOutcomes } from './peer/outcomes.ts';
import {
  cacheDir,
  isMissing,
  namesrvKind,
  openWorkspace,
  repoDir,
  runProgram,
  type Server,
  startBroker,
  startNamesrv,
  subjectKind,
  type Workspace,
} from './peer/peer.ts';

/** Cases of go/main.go, in its order. */
const cases = [
  'send-sync',
  'send-async',
  'send-oneway',
  'send-batch',
  'auto-create-topic',
  'large-compressed-body',
  'push-concurrent',
  'push-orderly',
  'tag-filter',
  'tag-hash-collision',
  'pull',
  'poll',
  'broadcast',
  'namespace',
  'delay',
  'retry',
  'retry-orderly',
  'request-reply',
  'sql',
  'transaction',
] as const;

const kind = subjectKind();

describe.skipIf(isMissing('go'))(`official Go client v2.1.2 against ${kind}`, () => {
  let workspace: Workspace;
  const servers: Server[] = [];
  let outcomes: ReadonlyMap<string, string> = new Map();

  beforeAll(async () => {
    workspace = openWorkspace('go');
    const program = await buildGoProgram();
    const ports = await takePorts();
    const namesrv = await startNamesrv({ kind: namesrvKind(), workspace, port: ports.namesrvPort });
    servers.unshift(namesrv);
    const waits = { waitTimeMillsInSendQueue: '5000', osPageCacheBusyTimeOutMills: '5000' };
    const checks = { transactionCheckInterval: '3000', transactionTimeOut: '2000' };
    const settings = { ...waits, ...checks, enablePropertyFilter: 'true' };
    const broker = await startBroker({ kind, workspace, port: ports.listenPort, namesrv: namesrv.address, settings });
    servers.unshift(broker);
    const run = await runProgram([program, namesrv.address, broker.address, 'broker-a'], {
      cwd: workspace.dir,
      env: { HOME: workspace.dir, ROCKETMQ_GO_LOG_LEVEL: 'warn' },
      timeoutMs: 300_000,
      logFile: join(workspace.logDir, 'go.out'),
    });
    outcomes = parseOutcomes(run.stdout);
  });

  afterAll(async () => {
    for (const server of servers) await server.stop();
    workspace.close();
  });

  it.each(cases)('%s', (name) => {
    expect(outcomes.get(name) ?? 'no outcome').toBe('PASS');
  });

  it('runs every case of the program', () => {
    expect([...outcomes.keys()].sort()).toEqual([...cases].sort());
  });
});

/** Compiles the Go module with all its caches below the cache directory; returns the program's path. */
async function buildGoProgram(): Promise<string> {
  const goDir = join(cacheDir, 'go');
  const program = join(goDir, 'bin', 'compat-tests');
  mkdirSync(join(goDir, 'home'), { recursive: true });
  const env = {
    HOME: join(goDir, 'home'),
    GOPATH: goDir,
    GOMODCACHE: join(goDir, 'mod'),
    GOCACHE: join(goDir, 'build'),
    // Without it the module cache is read only and `rm -r build` fails.
    GOFLAGS: '-modcacherw',
    GOTOOLCHAIN: 'local',
  };
  const cwd = join(repoDir, 'compat-tests', 'go');
  const result = await runProgram(
    [process.env['WENCHANG_GO'] ?? 'go', 'build', '-buildvcs=false', '-o', program, '.'],
    {
      cwd,
      env,
      timeoutMs: 540_000,
    },
  );
  if (result.code !== 0) throw new Error(`go build failed:\n${result.stdout}${result.stderr}`);
  return program;
}
