import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { takePorts } from '../testing/ports.ts';
import { isMissing, openWorkspace, type Server, startBroker, subjectKind, type Workspace } from './peer/peer.ts';
import { RawClient } from './peer/raw-client.ts';
import type { RawRecord } from './peer/records.ts';
import { pullQueue, sendOne } from './peer/store-check.ts';

/**
 * Messages given back and the broker killed with -9 before and while they come again: each comes at least once with
 * its number of tries, and in the end each stands in the dead letter queue.
 */
const kind = subjectKind();
const COUNT = 30;
const LONGEST_WAIT_MS = 60_000;
const group = 'retry-group';
const topic = 'Retried';
const retryTopic = `%RETRY%${group}`;
const deadTopic = `%DLQ%${group}`;
const FIVE_SECONDS = 2;
const ONE_SECOND = 1;

describe.skipIf(kind === 'java' && isMissing('java'))(`messages given back to ${kind}, killed with -9`, () => {
  let workspace: Workspace;
  let port = 0;
  let server: Server;
  let client: RawClient;

  beforeAll(async () => {
    workspace = openWorkspace('retry');
    port = (await takePorts()).listenPort;
    await start();
  });

  afterAll(async () => {
    client.close();
    await server.stop();
    workspace.close();
  });

  async function start(): Promise<void> {
    server = await startBroker({ kind, workspace, port, settings: { flushDiskType: 'ASYNC_FLUSH' } });
    client = await RawClient.connect(server.address);
  }

  async function killAndStart(): Promise<void> {
    client.close();
    await server.kill();
    await start();
  }

  async function giveBack(record: RawRecord, delayLevel: number): Promise<void> {
    const fields = { group, delayLevel, originTopic: topic, unitMode: false, maxReconsumeTimes: 16 };
    const { code, remark } = await client.request(36, { offset: record.physicalOffset, ...fields });
    if (code !== 0) throw new Error(`36: ${code} ${remark}`);
  }

  /** The newest record of each key that was tried so often, once every key has one. */
  async function arrived(name: string, tries: number, atLeast = COUNT): Promise<RawRecord[]> {
    const deadline = Date.now() + LONGEST_WAIT_MS;
    for (;;) {
      const records = await pullQueue(client, name, 0, 0);
      const byKey = new Map<string, RawRecord>();
      for (const record of records) {
        if (record.reconsumeTimes === tries) byKey.set(record.properties['KEYS'] ?? '', record);
      }
      if (byKey.size >= atLeast) return [...byKey.values()];
      if (Date.now() > deadline) throw new Error(`${byKey.size} of ${atLeast} messages of try ${tries} came`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  const keys = Array.from({ length: COUNT }, (_, index) => `key-${index}`).sort();
  const keysOf = (records: readonly RawRecord[]): string[] =>
    records.map(({ properties }) => properties['KEYS'] ?? '').sort();

  it('come once more when it was killed before their time', async () => {
    for (const key of keys) {
      const properties = { KEYS: key, WAIT: 'true' };
      const message = { topic, queueId: 0, flag: 0, body: Buffer.from(key), properties };
      await sendOne(client, 310, message, 'DefaultCluster');
    }
    for (const record of await pullQueue(client, topic, 0, 0)) await giveBack(record, FIVE_SECONDS);
    await killAndStart();
    expect(await pullQueue(client, retryTopic, 0, 0)).toEqual([]);
    const back = await arrived(retryTopic, 1);
    expect(keysOf(back)).toEqual(keys);
    expect(back.map(({ properties }) => properties['RETRY_TOPIC'])).toEqual(Array(COUNT).fill(topic));
    expect(back.map(({ body }) => body.toString()).sort()).toEqual(keys);
  });

  it('come once more when it was killed while they came', async () => {
    for (const record of await arrived(retryTopic, 1)) {
      await giveBack(record, ONE_SECOND);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await arrived(retryTopic, 2, 1);
    await killAndStart();
    expect(keysOf(await arrived(retryTopic, 2))).toEqual(keys);
  });

  it('stand in the dead letter queue in the end, killed or not', async () => {
    for (const record of await arrived(retryTopic, 2)) await giveBack(record, -1);
    await killAndStart();
    const made = { topic: deadTopic, defaultTopic: 'TBW102', readQueueNums: 1, writeQueueNums: 1, perm: 6 };
    const plain = { topicFilterType: 'SINGLE_TAG', topicSysFlag: 0, order: false };
    expect((await client.request(17, { ...made, ...plain })).code).toBe(0);
    const dead = await arrived(deadTopic, 3);
    expect(keysOf(dead)).toEqual(keys);
    expect(new Set(dead.map(({ properties }) => properties['ORIGIN_MESSAGE_ID'])).size).toBe(COUNT);
  });
});
