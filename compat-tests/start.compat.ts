import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PortBlock, takePorts } from '../testing/ports.ts';
import { parseOutcomes } from './peer/outcomes.ts';
import {
  isMissing,
  openWorkspace,
  runJava,
  type Server,
  startAllInOne,
  startBroker,
  type Workspace,
} from './peer/peer.ts';
import { RawClient } from './peer/raw-client.ts';
import { checkByKeys, checkByPhysicalOffset, checkByPull, type ExpectedRecord, sendOne } from './peer/store-check.ts';

/** What a newcomer does first: one command, an official client, Ctrl-C; and the way back to Java stays open. */
describe.skipIf(isMissing('java'))('npm start', () => {
  let workspace: Workspace;
  let ports: PortBlock;
  let server: Server | undefined;
  let java: Server | undefined;
  let dataDir: string;
  const records: ExpectedRecord[] = [];

  beforeAll(async () => {
    workspace = openWorkspace('start');
    dataDir = join(workspace.dir, 'data');
    ports = await takePorts();
    server = await startAllInOne(workspace, dataDir, ports);
  });
  afterAll(async () => {
    await server?.stop();
    await java?.stop();
    workspace.close();
  });

  it('says where it is, where the data are and what to do next', () => {
    const output = server?.output() ?? '';
    for (const text of [`127.0.0.1:${ports.namesrvPort}`, `127.0.0.1:${ports.listenPort}`, dataDir, 'Next: ']) {
      expect(output).toContain(text);
    }
  });

  it('serves an official producer and consumer', async () => {
    const only = ['send-sync', 'auto-create-topic', 'push-concurrent'];
    const run = await runJava(workspace, 'Smoke.java', [server?.address ?? '', '--only', only.join(',')], 200_000);
    expect([...parseOutcomes(run.stdout)].sort()).toEqual(only.sort().map((name) => [name, 'PASS']));
  });

  it('stops on SIGTERM within its time, with the exit code of a JVM', async () => {
    const client = await RawClient.connect(`127.0.0.1:${ports.listenPort}`);
    for (let index = 0; index < 50; index++) {
      const properties = { UNIQ_KEY: `START-${index}`, KEYS: `start${index}` };
      const message = { topic: 'Started', queueId: index % 4, flag: index, properties, body: Buffer.from(`m${index}`) };
      records.push(await sendOne(client, 310, message, 'DefaultCluster'));
    }
    await server?.stop();
    expect(server?.exitCode()).toBe(143);
    expect(existsSync(join(dataDir, 'store', 'abort'))).toBe(false);
  });

  it('leaves a directory and a broker.conf with which Java opens it', async () => {
    const conf = join(dataDir, 'broker.conf');
    java = await startBroker({ kind: 'java', workspace, port: ports.listenPort, conf });
    const client = await RawClient.connect(java.address);
    for (const check of [checkByPhysicalOffset, checkByPull, checkByKeys]) {
      const findings = await check(client, records, new Set(['Started']));
      expect(findings).toEqual({ checked: findings.checked, wrong: 0, lines: [] });
      expect(findings.checked).toBeGreaterThanOrEqual(records.length);
    }
    client.close();
  });
});
