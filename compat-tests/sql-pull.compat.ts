import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { takePorts } from '../testing/ports.ts';
import { isMissing, type Kind, openWorkspace, startBroker, type Workspace } from './peer/peer.ts';
import { RawClient } from './peer/raw-client.ts';
import { decodeRecords } from './peer/records.ts';
import { pullFields, sendOne } from './peer/store-check.ts';

const topic = 'SqlTopic';
const group = 'sql_group';
const settings = {
  enablePropertyFilter: 'true',
  enableCalcFilterBitMap: 'true',
  enableConsumeQueueExt: 'true',
  mappedFileSizeConsumeQueueExt: '4096',
  mappedFileSizeCommitLog: '262144',
  maxHashSlotNum: '500',
  maxIndexNum: '1500',
};
const messageCount = 60;

/** The same requests to Java and to ours: checks, heartbeats, sends, pulls; then the files that tell of filters. */
describe.skipIf(isMissing('java'))('SQL filters over the wire, Java beside ours', () => {
  let workspace: Workspace;
  const told = new Map<Kind, Told>();

  beforeAll(async () => {
    workspace = openWorkspace('sql-pull');
    for (const kind of ['java', 'wenchang'] as const) told.set(kind, await visit(workspace, kind));
  });
  afterAll(() => workspace.close());

  it.each(['checks', 'pulls', 'filterFile', 'bitMaps'] as const)('%s are the same', (what) => {
    expect(told.get('wenchang')?.[what]).toEqual(told.get('java')?.[what]);
  });

  it('bit maps tell of filters that match, of some that do not, and of none', () => {
    expect(new Set(told.get('java')?.bitMaps).size).toBe(4);
  });
});

interface Told {
  readonly checks: readonly unknown[];
  readonly pulls: readonly unknown[];
  readonly filterFile: unknown;
  readonly bitMaps: readonly string[];
}

async function visit(workspace: Workspace, kind: Kind): Promise<Told> {
  const { listenPort: port } = await takePorts();
  const storeDir = join(workspace.dir, kind);
  const broker = await startBroker({ kind, workspace, port, name: `sql-${kind}`, storeDir, settings });
  const client = await RawClient.connect(broker.address);
  try {
    const checks = await checked(client);
    await beat(client, group, 'a > 30', 1);
    await beat(client, 'other_group', "b = 'x' AND a <= 45", 1);
    await beat(client, 'bad_group', 'a >', 1);
    // A message counts for bit maps when it is younger than the filter, by the millisecond.
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (let a = 0; a < messageCount; a += 1) {
      const properties = { a: String(a), WAIT: 'true', ...(a % 2 === 0 ? { b: 'x' } : {}) };
      await sendOne(client, 310, { topic, queueId: 0, flag: 0, body: Buffer.from(String(a)), properties }, 'c');
    }
    const pulls = await pulled(client);
    client.close();
    await broker.stop();
    return { checks, pulls, filterFile: filterFile(storeDir), bitMaps: bitMaps(storeDir) };
  } finally {
    client.close();
    await broker.stop();
  }
}

async function checked(client: RawClient): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const subString of [
    "a > 5 AND b = 'x'",
    'a >',
    "a > 'x'",
    "a = 'x",
    'a NOT 5',
    '',
    'a = 0.0',
    '5',
    'a BETWEEN 5 AND 1',
  ]) {
    const subscriptionData = { topic, subString, expressionType: 'SQL92', subVersion: 1 };
    const body = Buffer.from(JSON.stringify({ clientId: 'c', group, subscriptionData }));
    const { code, remark } = await client.request(46, {}, body);
    answers.push({ subString, code, remark });
  }
  return answers;
}

async function beat(client: RawClient, groupName: string, subString: string, subVersion: number): Promise<void> {
  const consumer = {
    groupName,
    consumeType: 'CONSUME_PASSIVELY',
    messageModel: 'CLUSTERING',
    consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
    subscriptionDataSet: [{ topic, subString, expressionType: 'SQL92', subVersion, classFilterMode: false }],
  };
  const body = Buffer.from(JSON.stringify({ clientID: 'c', consumerDataSet: [consumer], producerDataSet: [] }));
  const { code, remark } = await client.request(34, {}, body);
  if (code !== 0) throw new Error(`heartbeat: ${code} ${remark}`);
}

async function pulled(client: RawClient): Promise<unknown[]> {
  const registered = (consumerGroup: string) => ({ consumerGroup, sysFlag: 0, subVersion: 1 });
  const brought = (subscription: string, expressionType = 'SQL92') => ({ subscription, expressionType });
  const asked: [string, Record<string, string | number>, number][] = [
    ['registered', registered(group), 4],
    ['registered by two properties', registered('other_group'), 32],
    ['one that does not compile', registered('bad_group'), 32],
    ['a newer one', { ...registered(group), subVersion: 2 }, 32],
    ['brought', brought('a BETWEEN 10 AND 20 AND b IS NULL'), 3],
    ['brought, and matching nothing', brought("a = 'none'"), 32],
    ['brought, and broken', brought('a >'), 32],
    ['brought, of another type', brought('a', 'FOO'), 32],
    ['brought, of the empty type', brought('a', ''), 32],
    ['brought without a text', brought(''), 32],
  ];
  const answers: unknown[] = [];
  for (const [how, more, maxMsgNums] of asked) {
    for (let offset = 0, rounds = 0; offset < messageCount && rounds < messageCount; rounds += 1) {
      const reply = await client.request(11, { ...pullFields(topic, 0, offset), ...more, maxMsgNums });
      const { nextBeginOffset, minOffset, maxOffset } = reply.fields;
      const bodies = reply.code === 0 ? decodeRecords(reply.body).map(({ body }) => body.toString()) : [];
      answers.push({
        how,
        offset,
        code: reply.code,
        remark: reply.remark,
        nextBeginOffset,
        minOffset,
        maxOffset,
        bodies,
      });
      if (nextBeginOffset === undefined) break;
      offset = Number(nextBeginOffset);
    }
  }
  return answers;
}

/** consumerFilter.json without its times. */
function filterFile(storeDir: string): unknown {
  const text = readFileSync(join(storeDir, 'config', 'consumerFilter.json'), 'utf8');
  return JSON.parse(text, (key, value: unknown) => (key === 'bornTime' || key === 'deadTime' ? 0 : value));
}

/** The bit map of each unit, in order. */
function bitMaps(storeDir: string): string[] {
  const dir = join(storeDir, 'consumequeue_ext', topic, '0');
  const found: string[] = [];
  for (const name of existsSync(dir) ? readdirSync(dir).sort() : []) {
    const bytes = readFileSync(join(dir, name));
    for (let at = 0, size = bytes.readInt16BE(0); size > 0; at += size, size = bytes.readInt16BE(at)) {
      found.push(bytes.toString('hex', at + 20, at + size));
    }
  }
  return found.slice(0, messageCount);
}
