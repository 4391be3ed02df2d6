import { describe } from 'vitest';
import { sorted } from './peer/java-json.ts';
import { isMissing } from './peer/peer.ts';
import { type Fields, RawClient } from './peer/raw-client.ts';
import { decodeRecords, type RawRecord } from './peer/records.ts';
import { type Mask, type Outcomes, Steps, sameInJava } from './peer/steps.ts';
import { sendFields, sendOne } from './peer/store-check.ts';

/**
 * The same requests of consumers and of clients that ask each other, one after the other, to Java 4.6.0 and to ours:
 * messages given back (36), fallback sends to retry topics, replies (324, 325, 326), locks (41, 42), filter servers
 * (301), broadcast, units and namespaces. Answers have to be equal, and so have the records that they leave. Where Java
 * answers with the text of an exception, codes only.
 */
const MASKS: readonly Mask[] = [[/7F000001[0-9A-F]{8}/g, 'HOST']];
const topic = 'Given';
const replyTopic = 'DefaultCluster_REPLY_TOPIC';
const asksAbout = 'CORRELATION_ID\u0001c1\u0002MSG_TYPE\u0001reply\u0002';

class Script {
  readonly #steps: Steps;
  readonly #client: RawClient;
  #last: RawRecord | undefined;

  private constructor(steps: Steps) {
    this.#steps = steps;
    this.#client = steps.client;
  }

  static run(door: string): Promise<Outcomes> {
    return Steps.run(door, MASKS, (steps) => new Script(steps).#run());
  }

  async #run(): Promise<void> {
    await this.#topic(topic);
    await this.#givenBack();
    await this.#givenBackInVain();
    await this.#fallback();
    await this.#heartbeats();
    await this.#replies();
    await this.#locks();
    await this.#filterServers();
    await this.#tables();
  }

  /** Keeps everything of the record that was stored behind the last one. */
  async #noteRecord(name: string): Promise<void> {
    const record = await this.#recordAt((this.#last?.physicalOffset ?? 0) + (this.#last?.size ?? 0));
    const { body, storeTimestamp: _, bornTimestamp: __, properties, ...more } = record;
    this.#steps.note(`record ${name}`, `${sorted(JSON.stringify(more))} ${sorted(JSON.stringify(properties))} ${body}`);
    this.#last = record;
  }

  async #recordAt(offset: number): Promise<RawRecord> {
    const [record] = decodeRecords((await this.#client.request(33, { offset })).body);
    if (record === undefined) throw new Error(`no record at ${offset} of ${this.#steps.door}`);
    return record;
  }

  async #topic(name: string, more: Fields = {}): Promise<void> {
    const made = { topic: name, defaultTopic: 'TBW102', readQueueNums: 1, writeQueueNums: 1, perm: 6, ...more };
    await this.#client.request(17, { topicSysFlag: 0, topicFilterType: 'SINGLE_TAG', order: false, ...made });
    await this.#steps.until(name, async () => (await this.#client.request(202, { topic: name })).code === 0);
  }

  async #group(groupName: string, more: object = {}): Promise<void> {
    const defaults = { consumeEnable: true, consumeFromMinEnable: true, consumeBroadcastEnable: true, brokerId: 0 };
    const retry = { retryQueueNums: 1, retryMaxTimes: 16, whichBrokerWhenConsumeSlowly: 1 };
    const group = { groupName, ...defaults, ...retry, notifyConsumerIdsChangedEnable: true, ...more };
    await this.#client.request(200, {}, Buffer.from(JSON.stringify(group)));
  }

  /** Sends a message of its own and gives it back; the record that comes of it is kept. */
  async #message(): Promise<RawRecord> {
    const properties = { KEYS: 'k', TAGS: 'A', UNIQ_KEY: 'UNIQ', color: 'red', WAIT: 'true' };
    const message = { topic, queueId: 0, flag: 7, body: Buffer.from('poison'), properties };
    const { physicalOffset } = await sendOne(this.#client, 310, message, 'DefaultCluster');
    this.#last = await this.#recordAt(physicalOffset);
    return this.#last;
  }

  #back(record: RawRecord, more: Fields = {}): Fields {
    const origin = { originMsgId: 'UNIQ', originTopic: topic };
    const rules = { delayLevel: 0, unitMode: false, maxReconsumeTimes: 16 };
    return { offset: record.physicalOffset, group: 'g', ...origin, ...rules, ...more };
  }

  async #givenBack(): Promise<void> {
    await this.#group('strict', { retryMaxTimes: 0 });
    const steps: readonly (readonly [string, Fields])[] = [
      ['for the first time', { delayLevel: 5 }],
      ['at the level of the broker', {}],
      ['beyond the last level', { delayLevel: 99 }],
      ['for good', { delayLevel: -1 }],
      ['too often', { maxReconsumeTimes: 0 }],
      ['in a namespace', { group: 'ns%g', delayLevel: 6 }],
      ['in a unit', { group: 'unit', unitMode: true, delayLevel: 6 }],
      ['too often for its group, which a new client does not mind', { group: 'strict', delayLevel: 6 }],
    ];
    for (const [name, more] of steps) {
      const record = await this.#message();
      await this.#steps.ask(name, 36, this.#back(record, more));
      await this.#noteRecord(name);
    }
    const first = await this.#message();
    await this.#steps.ask('once', 36, this.#back(first));
    await this.#noteRecord('once');
    await this.#steps.ask('twice', 36, this.#back(this.#last ?? first));
    await this.#noteRecord('twice');
    await this.#steps.ask('three times, then for good', 36, this.#back(this.#last ?? first, { delayLevel: -1 }));
    await this.#noteRecord('three times, then for good');
    const old = await this.#message();
    this.#client.as({ version: 120 });
    await this.#steps.ask('by an old client', 36, this.#back(old, { group: 'strict' }));
    this.#client.as({ version: 333 });
    await this.#noteRecord('by an old client');
    await this.#steps.ask('by an old client, the answer of its pull', 11, pullOf('%DLQ%strict'));
  }

  async #givenBackInVain(): Promise<void> {
    const record = await this.#message();
    await this.#group('none', { retryQueueNums: 0 });
    await this.#steps.ask('to a group without retries', 36, this.#back(record, { group: 'none' }));
    await this.#topic('%RETRY%closed', { perm: 4 });
    await this.#steps.ask('to a closed retry topic', 36, this.#back(record, { group: 'closed' }));
    for (const offset of [-1, 1_000_000_000]) {
      await this.#steps.ask(`at ${offset}`, 36, this.#back(record, { offset }));
    }
    const { maxReconsumeTimes: _, ...without } = this.#back(record);
    await this.#steps.askCode('without its number', 36, without);
    const { offset: __, ...nowhere } = this.#back(record);
    await this.#steps.askCode('without an offset', 36, nowhere);
  }

  /** What a client does when it cannot give back: it sends to the retry topic itself. */
  async #fallback(): Promise<void> {
    await this.#message();
    const send = async (name: string, group: string, more: Fields, version = 333): Promise<void> => {
      const message = { topic: `%RETRY%${group}`, queueId: 0, flag: 0, properties: { KEYS: 'k', WAIT: 'true' } };
      this.#client.as({ version });
      await this.#steps.ask(name, 10, { ...sendFields(10, message), ...more }, 'again');
      this.#client.as({ version: 333 });
    };
    await send('below its number', 'f1', { reconsumeTimes: 2, maxReconsumeTimes: 3 });
    await this.#noteRecord('of a fallback below its number');
    await send('at its number', 'f1', { reconsumeTimes: 3, maxReconsumeTimes: 3 });
    await this.#noteRecord('of a fallback at its number');
    await send('of an old client at the number of its group', 'f2', { reconsumeTimes: 16 }, 100);
    await this.#noteRecord('of a fallback of an old client');
    await send('to one of several queues', 'f3', { queueId: 3, reconsumeTimes: 9, maxReconsumeTimes: 3 });
    await this.#noteRecord('of a fallback to one of several queues');
    const message = { topic: '%RETRY%f4', queueId: 0, flag: 0, properties: {} };
    const { code } = await this.#client.request(10, sendFields(10, message));
    this.#steps.note('10 without its number', String(code));
  }

  async #heartbeats(): Promise<void> {
    const beat = async (name: string, groupName: string, more: object): Promise<void> => {
      const one = { topic, subString: '*', tagsSet: [], codeSet: [], subVersion: 1, classFilterMode: false };
      const consumer = {
        groupName,
        consumeType: 'CONSUME_PASSIVELY',
        messageModel: 'CLUSTERING',
        consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
        subscriptionDataSet: [{ ...one, expressionType: 'TAG' }],
        unitMode: false,
        ...more,
      };
      const body = JSON.stringify({ clientID: 'c', producerDataSet: [], consumerDataSet: [consumer] });
      await this.#steps.ask(name, 34, {}, body);
    };
    await this.#group('quiet', { consumeBroadcastEnable: false });
    await beat('of a consumer', 'h1', {});
    await beat('of a consumer in a unit', 'h2', { unitMode: true });
    await beat('of one that broadcasts', 'h3', { messageModel: 'BROADCASTING' });
    await beat('of one that broadcasts and may not', 'quiet', { messageModel: 'BROADCASTING' });
    await beat('of a namespace', 'ns%h4', {});
    const pull = { ...pullOf(topic), sysFlag: 0, subVersion: 1 };
    await this.#steps.ask('by one that broadcasts and may not', 11, { ...pull, consumerGroup: 'quiet' });
    const behind = { ...pull, queueOffset: 1_000_000 };
    await this.#steps.ask('by one that broadcasts, behind the end', 11, { ...behind, consumerGroup: 'h3' });
  }

  async #replies(): Promise<void> {
    const reply = async (name: string, code: number, more: Fields): Promise<void> => {
      const base = { topic: replyTopic, queueId: 0, flag: 3, properties: {} };
      const long: Fields = { ...sendFields(10, base), properties: asksAbout, ...more };
      await this.#steps.ask(name, code, code === 324 ? long : lettersOf(long), 'pong');
    };
    const toAsker = { properties: `${asksAbout}REPLY_TO_CLIENT\u0001asker\u0002` };
    await this.#message();
    await reply('to nobody', 324, {});
    await this.#noteRecord('of a reply to nobody');
    await reply('to a stranger', 325, toAsker);
    await this.#noteRecord('of a reply to a stranger');
    const asker = await RawClient.connect(this.#steps.door);
    let answer: { code?: number } = {};
    asker.serve(({ code }) => (code === 326 ? answer : undefined));
    const producers = [{ groupName: 'askers' }];
    const beat = JSON.stringify({ clientID: 'asker', consumerDataSet: [], producerDataSet: producers });
    await asker.request(34, {}, Buffer.from(beat));
    for (const code of [324, 325]) {
      const before = asker.asked.length;
      await reply('to who asked', code, { ...toAsker, sysFlag: 1, reconsumeTimes: 2 });
      await this.#noteRecord(`of a reply by ${code}`);
      const [pushed] = asker.asked.slice(before);
      const { properties = '', ...header } = pushed?.fields ?? {};
      const pairs = properties.split('\u0002').sort().join(' ');
      const text = `${pushed?.flag} ${sorted(JSON.stringify(header))} ${pairs} ${pushed?.body}`;
      this.#steps.note(`326 after ${code}`, text.replaceAll('\u0001', '='));
    }
    answer = { code: 1 };
    await reply('to who does not want it', 325, toAsker);
    await this.#noteRecord('of a reply that was not wanted');
    await reply('to an unknown queue', 325, { ...toAsker, queueId: 9 });
    await reply('to an unknown topic', 325, { ...toAsker, topic: 'X', defaultTopic: 'Y' });
    await reply('to a reserved topic', 324, { ...toAsker, topic: 'TBW102' });
    asker.close();
  }

  async #locks(): Promise<void> {
    const body = (consumerGroup: string, clientId: string, ...queueIds: readonly number[]): string => {
      const mqSet = queueIds.map((queueId) => ({ topic, brokerName: 'broker-a', queueId }));
      return JSON.stringify({ consumerGroup, clientId, mqSet });
    };
    await this.#steps.ask('free ones', 41, {}, body('l', 'one', 0, 1));
    await this.#steps.ask('held by another', 41, {}, body('l', 'two', 1, 2));
    await this.#steps.ask('of another group', 41, {}, body('m', 'two', 0));
    await this.#steps.ask('its own again', 41, {}, body('l', 'one', 0));
    await this.#steps.ask('of another', 42, {}, body('l', 'two', 0));
    await this.#steps.ask('still held', 41, {}, body('l', 'two', 0));
    await this.#steps.ask('its own', 42, {}, body('l', 'one', 0));
    await this.#steps.ask('given back', 41, {}, body('l', 'two', 0));
    await this.#steps.ask('none', 41, {}, body('l', 'one'));
    await this.#steps.ask('of an unknown group', 42, {}, body('nobody', 'one', 0));
  }

  async #filterServers(): Promise<void> {
    await this.#steps.ask('a filter server', 301, { filterServerAddr: '127.0.0.1:30000' });
    await this.#steps.askCode('without its address', 301);
  }

  /** Topics that came into being on the way. */
  async #tables(): Promise<void> {
    const { body } = await this.#client.request(21, {});
    const { topicConfigTable } = JSON.parse(body.toString()) as { topicConfigTable: Record<string, object> };
    for (const name of Object.keys(topicConfigTable).sort()) {
      if (name.startsWith('%')) this.#steps.note(`topic ${name}`, sorted(JSON.stringify(topicConfigTable[name])));
    }
  }
}

function lettersOf(fields: Fields): Fields {
  const letters: Readonly<Record<string, string>> = {
    producerGroup: 'a',
    topic: 'b',
    defaultTopic: 'c',
    defaultTopicQueueNums: 'd',
    queueId: 'e',
    sysFlag: 'f',
    bornTimestamp: 'g',
    flag: 'h',
    properties: 'i',
    reconsumeTimes: 'j',
    unitMode: 'k',
    batch: 'm',
  };
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [letters[name] ?? name, value]));
}

function pullOf(name: string): Fields {
  const where = { consumerGroup: 'g', topic: name, queueId: 0, queueOffset: 0, maxMsgNums: 32 };
  const how = { commitOffset: 0, suspendTimeoutMillis: 0, subscription: '*', subVersion: 0, expressionType: 'TAG' };
  return { ...where, ...how, sysFlag: 4 };
}

describe.skipIf(isMissing('java'))('answers to groups, here and in Java', () => {
  sameInJava({
    workspace: 'group-answers',
    run: (_, door) => Script.run(door),
    leastSteps: 80,
    mostPlanted: 10,
    planted: [
      ['a dead letter queue that may be read', { insteadOf: '"perm":2', says: '"perm":6' }, ['topic %DLQ%g']],
      [
        'a retry a level too late',
        { insteadOf: 'DELAY\u00013', says: 'DELAY\u00014' },
        ['record at the level of the broker'],
      ],
      ['another word in a remark', { insteadOf: '] is null', says: '] is gone' }, ['324 to nobody']],
    ],
  });
});
