import { describe, expect, it } from 'vitest';
import { sorted } from './peer/java-json.ts';
import { isMissing } from './peer/peer.ts';
import { type Fields, RawClient, type RawReply } from './peer/raw-client.ts';
import { decodeRecords } from './peer/records.ts';
import { type Mask, type Outcomes, Steps, sameInJava } from './peer/steps.ts';
import { sendOne } from './peer/store-check.ts';

/**
 * The same requests of an administrator, one after the other, to Java 4.6.0 and to ours: code, remark, extFields and
 * body have to be equal, hash-ordered lists as sets, times and addresses as letters. Where Java answers with the text
 * of an exception, codes only. What differs on purpose is left out here and has a row in COMPATIBILITY.md.
 */
const MESSAGES = 6;
const BETWEEN_MS = 40;
const MASKS: readonly Mask[] = [
  [/"delayTime":[1-9]\d{0,8}\b/g, '"delayTime":SOME'],
  [/20\d\d-\d\d-\d\d#\d\d:\d\d:\d\d:\d{3}/g, 'LOCAL-TIME'],
];
const topic = 'Admin';
const group = 'admin-group';

/** A broker with six messages in queue 0 of a topic of two queues, and what is asked about it. */
class Script {
  readonly #steps: Steps;
  readonly #client: RawClient;
  readonly #address: string;
  /** Store times and offset ids of the six. */
  readonly #times: number[] = [];
  readonly #ids: string[] = [];
  #members: RawClient[] = [];

  private constructor(steps: Steps, address: string) {
    this.#steps = steps;
    this.#client = steps.client;
    this.#address = address;
  }

  /** Asks the broker that calls itself `address`. */
  static run(address: string, door: string): Promise<Outcomes> {
    return Steps.run(door, MASKS, (steps) => new Script(steps, address).#run());
  }

  async #run(): Promise<void> {
    await this.#fill();
    await this.#queries();
    await this.#times29();
    await this.#offsets();
    await this.#groups();
    await this.#offline();
    await this.#online();
    await this.#deletions();
    for (const member of this.#members) member.close();
  }

  async #topic(name: string, readQueueNums: number, writeQueueNums: number): Promise<void> {
    const made = { topic: name, defaultTopic: 'TBW102', readQueueNums, writeQueueNums, perm: 6, topicSysFlag: 0 };
    await this.#client.request(17, { ...made, topicFilterType: 'SINGLE_TAG', order: false });
    await this.#steps.until(name, async () => (await this.#client.request(202, { topic: name })).code === 0);
  }

  async #fill(): Promise<void> {
    await this.#topic(topic, 4, 2);
    await this.#topic('Other', 1, 1);
    for (let index = 0; index < MESSAGES; index++) {
      const properties = { KEYS: `key${index % 2} shared`, UNIQ_KEY: `UNIQ${index}`, WAIT: 'true', TAGS: `T${index}` };
      const message = { topic, queueId: 0, flag: 0, body: Buffer.from(`body ${index}`), properties };
      const { physicalOffset } = await sendOne(this.#client, 310, message, 'DefaultCluster');
      const [record] = decodeRecords((await this.#client.request(33, { offset: physicalOffset })).body);
      if (record?.storeTimestamp === undefined) throw new Error('no record');
      this.#times.push(record.storeTimestamp);
      this.#ids.push(this.#idOf(physicalOffset));
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
    }
    const end = async () => (await this.#client.request(30, { topic, queueId: 0 })).fields['offset'];
    await this.#steps.until('the queue', async () => (await end()) === String(MESSAGES));
  }

  #idOf(physicalOffset: number): string {
    const port = Number(this.#address.split(':')[1]);
    const id = Buffer.alloc(16);
    id.set([127, 0, 0, 1]);
    id.writeInt32BE(port, 4);
    id.writeBigInt64BE(BigInt(physicalOffset), 8);
    return id.toString('hex').toUpperCase();
  }

  /** By key, unique key and offset: how many records, of which unique ids, and the index fields as they are. */
  async #queries(): Promise<void> {
    const query = async (name: string, more: Fields): Promise<void> => {
      const fields = { topic, maxNum: 64, beginTimestamp: 0, endTimestamp: 4_102_444_800_000, ...more };
      const reply = await this.#client.request(12, fields);
      const ids = decodeRecords(reply.body).map(({ properties }) => properties['UNIQ_KEY']);
      const ext = sorted(JSON.stringify(reply.fields)).replace(/("indexLastUpdatePhyoffset":")\d+/, '$1AT');
      this.#steps.note(`12 ${name}`, `${reply.code} [${reply.remark}] ${ext} ${ids}`);
    };
    await query('by key', { key: 'key1' });
    await query('by shared key', { key: 'shared' });
    await query('by shared key, at most two', { key: 'shared', maxNum: 2 });
    await query('by unknown key', { key: 'nothing' });
    await query('by unique key', { key: 'UNIQ3', _UNIQUE_KEY_QUERY: 'true', maxNum: 1 });
    await query('by a time without messages', { key: 'shared', endTimestamp: 1000 });
    await query('none wanted', { key: 'shared', maxNum: 0 });
    await this.#steps.ask('behind the end', 33, { offset: 1_000_000_000 });
    for (const [name, queue] of Object.entries({ known: [topic, 0], empty: [topic, 1], unknown: ['X', 0] })) {
      const [of, queueId] = queue as [string, number];
      for (const code of [30, 31, 32]) await this.#steps.ask(`of a queue: ${name}`, code, { topic: of, queueId });
    }
  }

  /** By time: exactly, beside, before, behind. */
  async #times29(): Promise<void> {
    for (const [index, time] of this.#times.entries()) {
      for (const beside of [-1, 0, 1]) {
        await this.#steps.ask(`message ${index}${beside}`, 29, { topic, queueId: 0, timestamp: time + beside });
      }
    }
    for (const timestamp of [-1, 0, 4_102_444_800_000]) {
      await this.#steps.ask(`at ${timestamp}`, 29, { topic, queueId: 0, timestamp });
      await this.#steps.ask(`of an empty queue at ${timestamp}`, 29, { topic, queueId: 1, timestamp });
      await this.#steps.ask(`of no queue at ${timestamp}`, 29, { topic: 'X', queueId: 0, timestamp });
    }
  }

  #commit(consumerGroup: string, of: string, queueId: number, commitOffset: number): Promise<RawReply> {
    return this.#client.request(15, { consumerGroup, topic: of, queueId, commitOffset });
  }

  async #offsets(): Promise<void> {
    await this.#steps.ask('nothing yet', 43);
    await this.#steps.ask('without offsets', 303, { topic, group });
    await this.#steps.ask('without offsets', 208, { consumerGroup: group });
    await this.#steps.ask('without offsets, of a topic', 208, { consumerGroup: group, topic });
    for (const [queueId, offset] of [
      [0, 4],
      [1, 0],
    ] as const) {
      await this.#commit(group, topic, queueId, offset);
    }
    await this.#commit('second', topic, 0, 2);
    await this.#commit('second', 'Other', 0, 7);
    await this.#commit('second', 'Gone', 0, 7);
    await this.#steps.ask('of all', 43);
    await this.#steps.ask('of a topic', 202, { topic });
    await this.#steps.ask('of an unknown topic', 202, { topic: 'X' });
    await this.#steps.askCode('of no topic', 202);
    for (const of of [group, 'second', 'nobody']) {
      await this.#steps.ask(`of ${of}`, 208, { consumerGroup: of });
      await this.#steps.ask(`of ${of} and a topic`, 208, { consumerGroup: of, topic });
      await this.#steps.ask(`of ${of} and a blank topic`, 208, { consumerGroup: of, topic: ' ' });
      await this.#steps.ask(`of ${of} and an unknown topic`, 208, { consumerGroup: of, topic: 'X' });
      await this.#steps.ask(`of ${of}`, 303, { topic, group: of });
    }
    await this.#steps.ask('of an unknown topic', 303, { topic: 'X', group });
    await this.#steps.ask('of a topic', 300, { topic });
    await this.#steps.ask('of an unknown topic', 300, { topic: 'X' });
    await this.#steps.ask('smallest', 308, { topic, compareGroup: 'nobody' });
    await this.#steps.ask('smallest of an unknown topic', 308, { topic: 'X', compareGroup: group });
    await this.#steps.ask('smallest, without an empty list', 308, { topic, compareGroup: group, filterGroups: '' });
    const clone = { srcGroup: 'second', destGroup: 'third' };
    await this.#steps.ask('without a topic', 314, clone);
    await this.#steps.ask('of an unknown topic', 314, { ...clone, topic: 'X' });
    await this.#steps.ask('of a topic', 314, { ...clone, topic: 'Other', offline: true });
    await this.#steps.ask('after the copies', 43);
    // A queue that Java has looked at is there for it, with or without messages: nobody has asked for this one.
    await this.#steps.ask('of a queue that is not there', 321, { topic: 'Never', queueId: 0, index: 0, count: 10 });
    for (const index of [0, 5, 6, -1]) {
      const fields = { topic, queueId: 0, index, count: 10 };
      const { code, remark, hasFields } = await this.#client.request(321, fields);
      this.#steps.note(`321 from index ${index}`, `${code} [${remark}] ${hasFields}`);
    }
    await this.#steps.ask('system topics', 305);
  }

  async #groups(): Promise<void> {
    await this.#steps.ask('by default', 201);
    await this.#steps.ask('with a name', 200, {}, `{"groupName":"${group}"}`);
    await this.#steps.ask(
      'with settings',
      200,
      {},
      '{"groupName":"set","consumeEnable":false,"retryQueueNums":3,"x":1}',
    );
    await this.#steps.askCode('without a name', 200, {}, '{}');
    await this.#steps.askCode('without a body', 200);
    await this.#steps.askCode('with no JSON', 200, {}, '{{');
    await this.#steps.ask('with two more', 201);
    await this.#steps.ask('of one', 207, { groupName: 'set' });
    await this.#steps.ask('of one again', 207, { groupName: 'set' });
    await this.#steps.ask('of an unknown one', 207, { groupName: 'nobody' });
    await this.#steps.ask('after the deletions', 201);
    await this.#steps.ask('all', 317, { isOrder: false });
    await this.#steps.ask('ordered ones', 317, { isOrder: true });
  }

  async #offline(): Promise<void> {
    const member = { consumerGroup: group, clientId: 'c' };
    await this.#steps.ask('nobody', 203, { consumerGroup: group });
    await this.#steps.ask('nobody', 204, { producerGroup: 'producers' });
    await this.#steps.ask('nobody', 307, { ...member, jstackEnable: false });
    await this.#steps.ask('nobody', 309, { ...member, msgId: this.#ids[0] ?? '' });
    await this.#steps.ask('nobody', 222, { topic, group, timestamp: 5, isForce: true });
    await this.#steps.ask('an unknown topic', 222, { topic: 'X', group, timestamp: 5, isForce: true });
    await this.#steps.ask('an unknown group', 222, { topic, group: 'nobody', timestamp: 5, isForce: true });
    await this.#steps.ask('a group without an offset of one queue', 222, { topic, group: 'second', timestamp: 5 });
    await this.#steps.askCode('nobody', 223, { topic, group });
  }

  async #member(clientID: string, version = 333): Promise<RawClient> {
    const client = (await RawClient.connect(this.#steps.door)).as({ version });
    this.#members.push(client);
    const subscriptionDataSet = [
      { topic, subString: '*', tagsSet: [], codeSet: [], subVersion: 1, classFilterMode: false, expressionType: 'TAG' },
    ];
    const consumer = {
      groupName: group,
      consumeType: 'CONSUME_PASSIVELY',
      messageModel: 'CLUSTERING',
      consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
      subscriptionDataSet,
      unitMode: false,
    };
    const heartbeat = { clientID, consumerDataSet: [consumer], producerDataSet: [{ groupName: 'producers' }] };
    client.serve(({ code }) => {
      if (code === 221) return { body: Buffer.from(`{"messageQueueTable":{${queueKey}:5}}`) };
      if (code === 307) return { remark: 'as told', body: Buffer.from('{"mqTable":{{"queueId":0}:{}}}') };
      if (code === 309) return { code: 1, remark: 'no', extFields: { k: 'v' } };
      return undefined;
    });
    await client.request(34, {}, Buffer.from(JSON.stringify(heartbeat)));
    return client;
  }

  async #online(): Promise<void> {
    const first = await this.#member('c1');
    await this.#steps.ask('one', 203, { consumerGroup: group });
    await this.#steps.ask('one', 204, { producerGroup: 'producers' });
    await this.#steps.ask('one online', 300, { topic });
    await this.#steps.ask('of a topic that the member does not read', 208, { consumerGroup: group, topic: 'Other' });
    const told = async (name: string, timestamp: number, isForce: boolean, client = first): Promise<void> => {
      const before = client.asked.length;
      await this.#steps.ask(name, 222, { topic, group, timestamp, isForce });
      await this.#steps.until(`220 of ${name}`, async () =>
        client.asked.slice(before).some(({ code }) => code === 220),
      );
      const asked = client.asked.slice(before).find(({ code }) => code === 220);
      if (asked === undefined) return;
      const { flag, fields, body } = asked;
      this.#steps.note(`220 ${name}`, `${flag} ${sorted(JSON.stringify(fields))} ${sorted(body.toString())}`);
    };
    const [, second = 0, , fourth = 0, , sixth = 0] = this.#times;
    await told('back, forced', second, true);
    await told('back', fourth, false);
    await told('forward, forced', sixth, true);
    await told('forward', sixth, false);
    await told('to the end', -1, true);
    await told('to the end, not forced', -1, false);
    await told('to the beginning', 0, true);
    this.#client.as({ language: 'CPP' });
    await told('for C++', -1, true);
    this.#client.as({ language: 'JAVA' });
    await this.#steps.ask('one', 223, { topic, group });
    await this.#steps.ask('one by id', 223, { topic, group, clientAddr: 'c1' });
    await this.#steps.ask('nobody by id', 223, { topic, group, clientAddr: 'x' });
    await this.#steps.ask('one', 307, { consumerGroup: group, clientId: 'c1', jstackEnable: true, more: 'kept' });
    await this.#steps.ask('one', 309, { consumerGroup: group, clientId: 'c1', msgId: this.#ids[2] ?? '' });
    await this.#steps.ask('without a client', 309, { consumerGroup: group, msgId: this.#ids[2] ?? '' });
    await this.#steps.askCode('with a broken id', 309, { consumerGroup: group, clientId: 'c1', msgId: 'xyz' });
    await this.#steps.askCode('of no message', 309, { consumerGroup: group, clientId: 'c1', msgId: this.#idOf(1e9) });
    for (const code of [307, 309]) {
      const { fields = {}, body = Buffer.alloc(0), flag = -1 } = first.asked.find((asked) => asked.code === code) ?? {};
      const records = code === 309 ? decodeRecords(body).map(({ properties }) => properties['UNIQ_KEY']) : [];
      const known = { ...fields, msgId: (fields['msgId'] ?? '').slice(16) };
      this.#steps.note(`${code} as the member sees it`, `${flag} ${sorted(JSON.stringify(known))} ${records}`);
    }
    const old = await this.#member('c2', 50);
    await this.#steps.ask('too old', 307, { consumerGroup: group, clientId: 'c2' });
    await this.#steps.ask('too old', 309, { consumerGroup: group, clientId: 'c2', msgId: this.#ids[2] ?? '' });
    old.close();
    await this.#steps.until('the end of c2', async () => {
      const connections = (await this.#client.request(203, { consumerGroup: group })).body.toString();
      return !connections.includes('"c2"');
    });
    first.close();
    const ancient = await this.#member('c3', 5);
    await this.#steps.until('the end of c1', async () => {
      const connections = (await this.#client.request(203, { consumerGroup: group })).body.toString();
      return !connections.includes('"c1"');
    });
    await this.#steps.ask('ancient', 222, { topic, group, timestamp: 5, isForce: true });
    await this.#steps.ask('ancient', 223, { topic, group });
    ancient.close();
  }

  async #deletions(): Promise<void> {
    const message = { topic: 'Other', queueId: 0, flag: 0, body: Buffer.from('x'), properties: { WAIT: 'true' } };
    await sendOne(this.#client, 310, message, 'DefaultCluster');
    await this.#steps.ask('unknown', 215, { topic: 'X' });
    await this.#steps.ask('known', 215, { topic: 'Other' });
    await this.#steps.ask('after its deletion', 202, { topic: 'Other' });
    await this.#steps.ask('after its deletion', 30, { topic: 'Other', queueId: 0 });
    await this.#steps.ask('of the others, after a deletion', 30, { topic, queueId: 0 });
    await this.#steps.ask('of a deleted topic', 208, { consumerGroup: 'second' });
    await this.#steps.ask('of a deleted topic', 300, { topic: 'Other' });
    await this.#steps.ask('after a deletion', 21);
    await this.#steps.ask('after it all', 43);
  }
}

const queueKey = `{"brokerName":"broker-a","queueId":0,"topic":"${topic}"}`;

/**
 * The offsets that 29 finds between and beside eight messages, three to a file of the queue. Java chooses the file by
 * its modification time and looks no further: behind the last message of a file it gives the first of the next one.
 * That time comes from a clock of the kernel that may be some milliseconds behind, so that at the very time of the last
 * message of a file Java gives now it, now the next one; this is not compared.
 */
async function searchAcrossFiles(address: string): Promise<string[]> {
  const client = await RawClient.connect(address);
  const times: number[] = [];
  for (let index = 0; index < 8; index++) {
    const message = { topic, queueId: 0, flag: 0, body: Buffer.from(`body ${index}`), properties: { WAIT: 'true' } };
    const { physicalOffset } = await sendOne(client, 310, message, 'DefaultCluster');
    const [record] = decodeRecords((await client.request(33, { offset: physicalOffset })).body);
    times.push(record?.storeTimestamp ?? Number.NaN);
    await new Promise((resolve) => setTimeout(resolve, 3 * BESIDE_MS));
  }
  const found: string[] = [];
  for (const [index, time] of times.entries()) {
    for (const beside of index % 3 === 2 ? [-BESIDE_MS, BESIDE_MS] : [-BESIDE_MS, 0, BESIDE_MS]) {
      const { fields } = await client.request(29, { topic, queueId: 0, timestamp: time + beside });
      found.push(`message ${index}, ${beside} ms: ${fields['offset']}`);
    }
  }
  client.close();
  return found;
}

/** Longer than Java takes from the store of a message to its entry. */
const BESIDE_MS = 50;

describe.skipIf(isMissing('java'))('answers to administrators, here and in Java', () => {
  const started = sameInJava({
    workspace: 'admin-answers',
    run: (address, door) => Script.run(address, door),
    leastSteps: 120,
    mostPlanted: 40,
    planted: [
      [
        'a member told that the reset is forced',
        { insteadOf: '"isForce":"false"', says: '"isForce":"fools"' },
        [
          'back, forced',
          'back',
          'forward, forced',
          'forward',
          'to the end',
          'to the end, not forced',
          'to the beginning',
        ]
          .concat('for C++')
          .map((name) => `220 ${name}`),
      ],
      ['a topic of a queue too many', { insteadOf: '"queueId":1,', says: '"queueId":2,' }, ['202 of a topic']],
      ['another word in a remark', { insteadOf: 'too low to', says: 'too old to' }, ['307 too old', '309 too old']],
    ],
  });

  it('find the same offsets by time across files of a queue', async () => {
    const small = { mappedFileSizeConsumeQueue: '60' };
    const java = await searchAcrossFiles((await started('java', 'java-small', small)).address);
    const ours = await searchAcrossFiles((await started('wenchang', 'wenchang-small', small)).address);
    expect(java).toContain(`message 2, ${BESIDE_MS} ms: 3`);
    expect(ours).toEqual(java);
  });
});
