import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { takePorts } from '../testing/ports.ts';
import { checkLedger, readTopic } from './peer/ledger-check.ts';
import { bodyOf, type LedgerEntry } from './peer/ledger-producer.ts';
import { openWorkspace, type Server, startBroker, subjectKind, type Workspace } from './peer/peer.ts';
import { RawClient, type RawReply } from './peer/raw-client.ts';
import { sendFields } from './peer/store-check.ts';

const topic = 'FullDisk';
const queues = 4;
const diskBytes = 24 << 20;
/** Given back later: an operator removes something. */
const ballastBytes = 8 << 20;
const roomBytes = 64 << 10;
const goesOnWithinMs = 20_000;
const settings = {
  mappedFileSizeCommitLog: String(1 << 20),
  mappedFileSizeConsumeQueue: '20000',
  maxHashSlotNum: '1000',
  maxIndexNum: '20000',
  // Nothing may be deleted to make room: the figures below are those of the disk alone.
  cleanFileForciblyEnable: 'false',
  diskMaxUsedSpaceRatio: '95',
};

const mounted = tryMount();

/** A small file system in memory, mounted for this suite; it ends with ENOSPC as any other. */
describe.skipIf(mounted === undefined || subjectKind() === 'java')('a disk that is full', () => {
  const dir = mounted ?? '';
  const storeDir = join(dir, 'store');
  const ledger: LedgerEntry[] = [];
  let workspace: Workspace;
  let broker: Server;
  let client: RawClient;
  let serial = 0;

  const open = async (): Promise<void> => {
    const { listenPort } = await takePorts();
    broker = await startBroker({ kind: subjectKind(), workspace, port: listenPort, storeDir, settings });
    client = await RawClient.connect(broker.address);
  };
  /** Sends one message and writes it down when it was taken. */
  const send = async (bodyBytes = 0): Promise<RawReply> => {
    const key = `k-${serial++}`;
    const body = Buffer.concat([Buffer.from(bodyOf(key)), Buffer.alloc(bodyBytes)]);
    const queueId = serial % queues;
    const properties = { UNIQ_KEY: key, WAIT: 'true' };
    const reply = await client.request(310, sendFields(310, { topic, queueId, flag: 0, properties }), body);
    const { msgId = '', queueOffset = '' } = reply.fields;
    if (reply.code === 0 && bodyBytes === 0) ledger.push({ queueId, queueOffset: Number(queueOffset), msgId, key });
    return reply;
  };
  const fill = async (): Promise<RawReply> => {
    for (;;) {
      const reply = await send();
      if (reply.code !== 0) return reply;
      await Promise.all(Array.from({ length: 15 }, () => send()));
    }
  };

  beforeAll(async () => {
    workspace = openWorkspace('full-disk');
    mkdirSync(storeDir);
    writeFileSync(join(dir, 'ballast'), Buffer.alloc(ballastBytes));
    for (const way of ['stop', 'kill']) writeFileSync(join(dir, `room-${way}`), Buffer.alloc(roomBytes));
    await open();
  });
  afterAll(async () => {
    client.close();
    await broker.kill();
    workspace.close();
    unmount(dir);
  });

  it('refuses sends with the cause and the figure', async () => {
    const refusal = await fill();
    expect(refusal.code).toBe(14);
    expect(refusal.remark).toMatch(/^service not available now/);
    expect(refusal.remark).toMatch(/ENOSPC/);
    expect(refusal.remark).toMatch(/\d+ (bytes|KiB|MiB)/);
    expect(statfsSync(dir).bavail * statfsSync(dir).bsize).toBeLessThan(1 << 20);
    expect(ledger.length).toBeGreaterThan(1000);
  });

  it('lets consumers drain what was acknowledged, and takes their offsets', async () => {
    expect(checkLedger(ledger, await readTopic(client, topic, queues))).toEqual([]);
    const offset = { consumerGroup: 'drained', topic, queueId: 0 };
    expect((await client.request(15, { ...offset, commitOffset: 7 })).code).toBe(0);
    expect((await client.request(14, offset)).fields['offset']).toBe('7');
    expect((await send()).code).toBe(14);
  });

  it('goes on by itself once there is space', async () => {
    rmSync(join(dir, 'ballast'));
    const until = performance.now() + goesOnWithinMs;
    let reply = await send();
    while (reply.code !== 0 && performance.now() < until) {
      await pause(200);
      reply = await send();
    }
    expect([reply.code, reply.remark]).toEqual([0, '']);
    for (let index = 0; index < 500; index++) expect((await send()).code).toBe(0);
    expect(checkLedger(ledger, await readTopic(client, topic, queues))).toEqual([]);
  });

  it.each(['stop', 'kill'] as const)('has lost nothing after another full disk and a %s', async (way) => {
    expect((await fill()).code).toBe(14);
    client.close();
    await broker[way]();
    // A start writes its lock and the marker of an unclean stop.
    rmSync(join(dir, `room-${way}`));
    await open();
    expect(checkLedger(ledger, await readTopic(client, topic, queues))).toEqual([]);
  });
});

/** Where the disk is mounted, or undefined where that is not allowed; the suite is skipped by name then. */
function tryMount(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined;
  const dir = `/tmp/wenchang-full-disk-${process.pid}`;
  mkdirSync(dir, { recursive: true });
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'wenchang-full-disk', dir]);
  if (status === 0) return dir;
  rmSync(dir, { recursive: true, force: true });
  return undefined;
}

function unmount(dir: string): void {
  spawnSync('umount', [dir]);
  rmSync(dir, { recursive: true, force: true });
}
