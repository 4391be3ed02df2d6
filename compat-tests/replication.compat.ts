import { hash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../src/util/clock.ts';
import { nodeFs } from '../src/util/node-fs.ts';
import { nodeNet } from '../src/util/node-net.ts';
import { takePorts } from '../testing/ports.ts';
import { startSlave } from '../testing/replication/pair.ts';
import {
  isMissing,
  namesrvKind,
  openWorkspace,
  type Server,
  startBroker,
  startNamesrv,
  subjectKind,
  type Workspace,
} from './peer/peer.ts';
import { RawClient, type RawReply } from './peer/raw-client.ts';
import { type Outgoing, queueOffsets, sendFields } from './peer/store-check.ts';

const SEND_OK = 0;
const SLAVE_NOT_AVAILABLE = 11;
const TOPIC = 'Replicated';
const QUEUES = 4;
/** Together with the bodies: four CommitLog files, and several files of each queue. */
const MESSAGES = 240;
const BODY_BYTES = 16_384;
const LONGEST_WAIT_MS = 120_000;

const subject = subjectKind();
const settings = {
  autoCreateTopicEnable: 'true',
  mappedFileSizeCommitLog: String(1 << 20),
  mappedFileSizeConsumeQueue: '400',
  // On a busy machine the defaults turn into refusals of a send that waited.
  waitTimeMillsInSendQueue: '10000',
  osPageCacheBusyTimeOutMills: '10000',
  syncFlushTimeout: '15000',
};

/** Message `index`; the second half is longer than a packet of 32 KiB now and then. */
function message(index: number): Outgoing {
  const bytes = index % 10 === 9 ? 3 * BODY_BYTES : BODY_BYTES;
  const body = Buffer.alloc(bytes, `message ${index} `);
  const properties = { KEYS: `k${index}`, TAGS: index % 2 === 0 ? 'even' : 'odd' };
  return { topic: TOPIC, queueId: index % QUEUES, body, flag: index, properties };
}

/** A Java slave follows the subject, which is a SYNC_MASTER: every answer, and then every byte of both stores. */
describe.skipIf(isMissing('java'))(`a Java slave of ${subject}`, () => {
  let workspace: Workspace;
  let master: Server;
  let slave: Server | undefined;
  let client: RawClient;
  let namesrv: Server;
  let slavePort: number;

  beforeAll(async () => {
    workspace = openWorkspace('replication');
    const [ports, slavePorts] = [await takePorts(), await takePorts()];
    slavePort = slavePorts.listenPort;
    namesrv = await startNamesrv({ kind: namesrvKind(), workspace, port: ports.namesrvPort });
    const role = { brokerName: 'broker-a', brokerRole: 'SYNC_MASTER' };
    const options = { kind: subject, workspace, port: ports.listenPort, name: 'master', namesrv: namesrv.address };
    master = await startBroker({ ...options, settings: { ...settings, ...role } });
    client = await RawClient.connect(master.address);
  });

  afterAll(async () => {
    client.close();
    await slave?.stop();
    await master.stop();
    await namesrv.stop();
    workspace.close();
  });

  function startSlave(): Promise<Server> {
    const role = { brokerName: 'broker-a', brokerRole: 'SLAVE', brokerId: '1' };
    const options = { kind: 'java' as const, workspace, port: slavePort, name: 'slave', namesrv: namesrv.address };
    return startBroker({ ...options, settings: { ...settings, ...role } });
  }

  function send(outgoing: Outgoing): Promise<RawReply> {
    return client.request(10, sendFields(10, outgoing), outgoing.body, 30_000);
  }

  /** Sends every 200 ms until the answer is SEND_OK; gives the codes that came before. */
  async function sendUntilOk(): Promise<number[]> {
    const codes: number[] = [];
    const deadline = Date.now() + LONGEST_WAIT_MS;
    for (;;) {
      const { code } = await send(message(0));
      if (code === SEND_OK) return codes;
      codes.push(code);
      if (Date.now() > deadline) throw new Error(`no SEND_OK, only ${[...new Set(codes)].join()}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async function maxOffsets(server: Server): Promise<number[]> {
    const asking = await RawClient.connect(server.address);
    try {
      const all = Array.from({ length: QUEUES }, (_, queueId) => queueOffsets(asking, TOPIC, queueId));
      return (await Promise.all(all)).map(({ max }) => max);
    } finally {
      asking.close();
    }
  }

  it('before it is there, sends are answered SLAVE_NOT_AVAILABLE and are stored', async () => {
    expect((await send(message(0))).code).toBe(SLAVE_NOT_AVAILABLE);
    expect(await maxOffsets(master)).toEqual([1, 0, 0, 0]);
  });

  it('when it has come, they are answered SEND_OK', async () => {
    slave = await startSlave();
    await sendUntilOk();
    const codes = new Set<number>();
    for (let index = 0; index < MESSAGES; index++) codes.add((await send(message(index))).code);
    expect([...codes]).toEqual([SEND_OK]);
  });

  it('it serves every message', async () => {
    if (slave === undefined) throw new Error('the slave did not start');
    const wanted = await maxOffsets(master);
    const deadline = Date.now() + LONGEST_WAIT_MS;
    while (String(await maxOffsets(slave)) !== String(wanted)) {
      if (Date.now() > deadline) throw new Error(`the slave has ${await maxOffsets(slave)}, not ${wanted}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(wanted.reduce((sum, max) => sum + max)).toBeGreaterThan(MESSAGES);
  });

  it('it learns of topics and offsets, too', async () => {
    const offset = { consumerGroup: 'followed', topic: TOPIC, queueId: 1, commitOffset: 7 };
    expect((await client.request(15, offset)).code).toBe(0);
    const config = join(workspace.dir, 'store-slave', 'config');
    const has = (name: string, text: string): boolean =>
      existsSync(join(config, name)) && readFileSync(join(config, name), 'utf8').includes(text);
    const deadline = Date.now() + LONGEST_WAIT_MS;
    while (!has('topics.json', `"${TOPIC}"`) || !has('consumerOffset.json', `${TOPIC}@followed`)) {
      if (Date.now() > deadline) throw new Error(`the slave has only ${readdirSync(config).join()}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  });

  it('it is missed at once when it is killed, and counts again when it is back', async () => {
    await slave?.kill();
    const codes: number[] = [];
    const deadline = Date.now() + LONGEST_WAIT_MS;
    // The master learns of it through the reset of the connection.
    while (codes.at(-1) !== SLAVE_NOT_AVAILABLE && Date.now() < deadline) codes.push((await send(message(1))).code);
    expect(codes.at(-1)).toBe(SLAVE_NOT_AVAILABLE);
    slave = await startSlave();
    await sendUntilOk();
  });

  it('both stopped, all files of the CommitLog and of the queues are the same', async () => {
    const wanted = await maxOffsets(master);
    const deadline = Date.now() + LONGEST_WAIT_MS;
    while (slave !== undefined && String(await maxOffsets(slave)) !== String(wanted) && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    await slave?.stop();
    client.close();
    await master.stop();
    for (const dir of ['commitlog', 'consumequeue']) {
      const [ours, theirs] = ['master', 'slave'].map((name) => filesBelow(join(workspace.dir, `store-${name}`, dir)));
      expect([...(theirs ?? [])]).toEqual([...(ours ?? [])]);
      expect(ours?.size).toBeGreaterThan(4);
    }
  });
});

/** Our side of a slave, which no program starts yet, follows a Java SYNC_MASTER in the process of this test. */
describe.skipIf(isMissing('java'))('our slave of java', () => {
  let workspace: Workspace;

  beforeAll(() => {
    workspace = openWorkspace('replication-from-java');
  });

  afterAll(() => workspace.close());

  it('acknowledges every message, and both stores are the same', async () => {
    const ports = await takePorts();
    const role = { brokerName: 'broker-a', brokerRole: 'SYNC_MASTER' };
    const options = { kind: 'java' as const, workspace, port: ports.listenPort, name: 'master' };
    const master = await startBroker({ ...options, settings: { ...settings, ...role } });
    const client = await RawClient.connect(master.address);
    const world = { fs: nodeFs, net: nodeNet, clock: systemClock, root: join(workspace.dir, 'store-slave') };
    const changes = { mappedFileSizeCommitLog: 1 << 20, mappedFileSizeConsumeQueue: 400 };
    const slave = startSlave({ ...world, changes }, ports.haPort);
    try {
      const codes = new Map<number, number>();
      const deadline = Date.now() + LONGEST_WAIT_MS;
      for (let index = 0; index < MESSAGES; ) {
        const outgoing = message(index);
        const { code } = await client.request(10, sendFields(10, outgoing), outgoing.body, 30_000);
        codes.set(code, (codes.get(code) ?? 0) + 1);
        // Java counts the slave when it has connected; before that nothing moves on.
        if (code === SEND_OK) index++;
        else if (Date.now() > deadline) throw new Error(`no SEND_OK, only ${[...codes.keys()].join()}`);
        else if (index > 0) throw new Error(`message ${index} was answered ${code}`);
        else await new Promise((resolve) => setTimeout(resolve, 100));
      }
      expect(codes.get(SEND_OK)).toBe(MESSAGES);
      await master.stop();
    } finally {
      client.close();
      await master.stop();
      slave.client.stop();
      await slave.store.shutdown();
    }
    for (const dir of ['commitlog', 'consumequeue']) {
      const [theirs, ours] = ['master', 'slave'].map((name) => filesBelow(join(workspace.dir, `store-${name}`, dir)));
      expect([...(ours ?? [])]).toEqual([...(theirs ?? [])]);
      expect(ours?.size).toBeGreaterThan(4);
    }
  });
});

/** Files below a directory that are not all zeros (Java makes the next ones ahead): path → content as a digest. */
function filesBelow(dir: string): Map<string, string> {
  const files = new Map<string, string>();
  const paths = readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort();
  for (const path of paths) {
    if (statSync(join(dir, path)).isDirectory()) continue;
    const bytes = readFileSync(join(dir, path));
    if (bytes.some((byte) => byte !== 0)) files.set(path, hash('sha256', bytes));
  }
  return files;
}
