import { afterAll, describe, expect, it } from 'vitest';
import { takePorts } from '../testing/ports.ts';
import { isMissing, type Kind, openWorkspace, type Server, startBroker } from './peer/peer.ts';
import { RawClient } from './peer/raw-client.ts';
import { checkByPull, type ExpectedRecord, pull, queueOffsets, sendOne } from './peer/store-check.ts';

const LOG_FILE_BYTES = 65_536;
const MESSAGES = 250;
const QUEUES = [0, 1, 2, 3];
const LONGEST_WAIT_MS = 240_000;

/** Everything but the last file has expired at the first look, a minute after the start. */
const settings = {
  mappedFileSizeCommitLog: String(LOG_FILE_BYTES),
  mappedFileSizeConsumeQueue: '200',
  maxHashSlotNum: '100',
  maxIndexNum: '400',
  fileReservedTime: '0',
  deleteWhen: Array.from({ length: 24 }, (_, hour) => hour).join(';'),
};

/**
 * The same messages to Java and to ours, each on a directory of its own: the same files go, pulls of removed offsets
 * are answered alike, 306 takes the same queues, and each opens what the other has left.
 */
describe.skipIf(isMissing('java'))('expired files, here and in Java', () => {
  const workspace = openWorkspace('expiry');
  const running = new Map<Kind, { server: Server; client: RawClient }>();
  const kept = new Map<Kind, ExpectedRecord[]>();
  afterAll(async () => {
    for (const { server } of running.values()) await server.stop();
    workspace.close();
  });

  async function start(kind: Kind, writer: Kind): Promise<RawClient> {
    const { listenPort: port } = await takePorts();
    const storeDir = `${workspace.dir}/store-${writer}`;
    const server = await startBroker({ kind, workspace, port, name: `${kind}-on-${writer}`, storeDir, settings });
    const client = await RawClient.connect(server.address);
    running.set(kind, { server, client });
    return client;
  }

  const offsets = (client: RawClient) => Promise.all(QUEUES.map((queueId) => queueOffsets(client, 'Topic', queueId)));

  async function expire(kind: Kind): Promise<object> {
    const client = await start(kind, kind);
    const records: ExpectedRecord[] = [];
    for (let index = 0; index < MESSAGES; index++) {
      const target = index < 3 ? { topic: 'Early', queueId: 0 } : { topic: 'Topic', queueId: index % 4 };
      const properties = { UNIQ_KEY: `E${index}`, WAIT: 'true' };
      const message = { ...target, flag: 0, body: Buffer.alloc(3000, index), properties };
      records.push(await sendOne(client, 10, message, 'DefaultCluster'));
    }
    const last = records.at(-1)?.physicalOffset ?? 0;
    const min = last - (last % LOG_FILE_BYTES);
    kept.set(
      kind,
      records.filter(({ physicalOffset }) => physicalOffset >= min),
    );
    const first = (queueId: number) => kept.get(kind)?.find((record) => record.queueId === queueId)?.queueOffset;
    const expected = QUEUES.map(first);
    const deadline = Date.now() + LONGEST_WAIT_MS;
    let found = await offsets(client);
    while (Date.now() < deadline && found.some((queue, queueId) => queue.min !== expected[queueId])) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      found = await offsets(client);
    }
    expect(found.map((queue) => queue.min)).toEqual(expected);
    const moved = await pull(client, 'Topic', 1, 0);
    // Not its first message: for physical offset 0 Java takes whatever the log begins with (ADR 0022).
    const early = await pull(client, 'Early', 0, 1);
    const before = await queueOffsets(client, 'Early', 0);
    const cleaned = await client.request(306, {});
    const after = await queueOffsets(client, 'Early', 0);
    const said = [moved, early].map(({ code, fields }) => [code, fields['nextBeginOffset'], fields['minOffset']]);
    return { offsets: found, said, before, cleaned: [cleaned.code, cleaned.remark], after };
  }

  it('the same is left, and said about what is gone', async () => {
    const [java, ours] = await Promise.all([expire('java'), expire('wenchang')]);
    expect(ours).toEqual(java);
  });

  it.each([
    ['java', 'wenchang'],
    ['wenchang', 'java'],
  ] as const)('%s opens what %s has left', async (reader, writer) => {
    const before = await offsets((running.get(writer) as { client: RawClient }).client);
    await running.get(writer)?.server.stop();
    running.delete(writer);
    await running.get(reader)?.server.stop();
    const client = await start(reader, writer);
    expect(await offsets(client)).toEqual(before);
    const findings = await checkByPull(client, kept.get(writer) ?? [], new Set(['Topic']));
    expect(findings).toEqual({ checked: kept.get(writer)?.length, wrong: 0, lines: [] });
    // The other directory's broker runs again for the next case.
    await running.get(reader)?.server.stop();
    running.delete(reader);
    await start(reader, reader);
  });
});
