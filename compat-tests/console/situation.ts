import { BrokerFixture } from '../../testing/broker-fixture.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { NamesrvFixture } from '../../testing/namesrv-fixture.ts';
import { SimNetwork } from '../../testing/sim-network.ts';
import { decodeRecords, formatProperties, physicalOffsetOf, type RawRecord } from '../peer/records.ts';
import { bytesOf, type Captured, type CapturedHeader } from './capture.ts';
import { type Answering, type Frame, FrameConnection } from './frames.ts';

/** Where and when the capture was made. */
const namesrvPort = 22876;
const listenPort = 22911;
const vipPort = listenPort - 2;
const bootMs = 1_795_354_424_883;
const firstRequestMs = 1_795_354_530_000;
const topic = 'LabDemo';
const groupPrefix = 'w133357_';
/** More than the newest offset that the console asks for. */
const messagesPerQueue = 365;
const queues = 4;

/** Groups that had a member, with what they subscribed to and how. */
const members = {
  cg: { subString: '*', messageModel: 'CLUSTERING' },
  tag: { subString: 'TagA', messageModel: 'CLUSTERING' },
  bc: { subString: '*', messageModel: 'BROADCASTING' },
  bad: { subString: 'Bad', messageModel: 'CLUSTERING' },
} as const;
type Member = keyof typeof members;

/** A name server and a broker of ours in memory, in the situation in which the capture was made. */
export class Situation {
  readonly broker: BrokerFixture;
  /** What the broker asked or told the clients, in order. */
  readonly pushed: Frame[] = [];
  readonly #namesrv: NamesrvFixture;
  readonly #capture: readonly Captured[];
  #opaque = 1_000_000;

  private constructor(capture: readonly Captured[]) {
    const clock = new FakeClock(bootMs);
    const net = new SimNetwork({ clock });
    this.#capture = capture;
    this.#namesrv = new NamesrvFixture({ net, clock, port: namesrvPort });
    this.broker = new BrokerFixture({
      net,
      clock,
      // The file of the recorded broker had the spelling of 4.5.1, which the answer to 26 tells, too.
      fileProperties: new Map([['mapedFileSizeCommitLog', '67108864']]),
      settings: ({ brokerConfig, nettyServerConfig }) => {
        Object.assign(brokerConfig, { namesrvAddr: `127.0.0.1:${namesrvPort}`, brokerIP1: '127.0.0.1' });
        Object.assign(brokerConfig, { brokerIP2: '127.0.0.1', brokerName: 'broker-a' });
        brokerConfig.rocketmqHome = '/opt/rmq';
        nettyServerConfig.listenPort = listenPort;
      },
    });
  }

  static async start(capture: readonly Captured[]): Promise<Situation> {
    const situation = new Situation(capture);
    await situation.#namesrv.start();
    await situation.broker.start();
    await situation.#prepare();
    return situation;
  }

  async stop(): Promise<void> {
    await this.broker.stop();
    await this.#namesrv.stop();
  }

  /** Sends a captured request on a connection of its own, as the console does, and gives the answer. */
  async replay({ dir, channel, requestHeader, requestBody, requestBodyEnc }: Captured): Promise<Frame> {
    const port = dir === 'console->namesrv' ? namesrvPort : channel === 'listenPort' ? listenPort : vipPort;
    const connection = await this.#connect(port);
    try {
      return await connection.ask(requestHeader, bytesOf(requestBody, requestBodyEnc));
    } finally {
      await connection.close();
    }
  }

  /** The console's pull consumer, which is there from time to time; gives its end. */
  async toolsConsumer(): Promise<() => Promise<void>> {
    const connection = await this.#connect(listenPort);
    const data = { groupName: 'TOOLS_CONSUMER', subscriptionDataSet: [], messageModel: 'CLUSTERING' };
    await this.#heartbeat(connection, '172.17.0.1@30426', data);
    return () => connection.close();
  }

  async #prepare(): Promise<void> {
    const console = await this.#connect(listenPort);
    const ask = (code: number, extFields: object, body?: Buffer): Promise<Frame> => {
      return this.#succeed(console, code, extFields, body);
    };
    await ask(17, {
      ...{ topic, defaultTopic: 'TBW102', readQueueNums: queues, writeQueueNums: queues, perm: 6 },
      ...{ topicFilterType: 'SINGLE_TAG', topicSysFlag: 0, order: false },
    });
    await this.#connectClients();
    await this.#storeMessages(ask);
    for (const group of ['cg', 'tag', 'off', 'bad']) await this.#commit(ask, `${groupPrefix}${group}`);
    for (const group of ['off', 'bc', 'tag', 'cg', 'bad']) await this.#read(ask, `${groupPrefix}${group}`);
    await this.#giveBack(ask);
    await console.close();
    const { clock } = this.broker;
    while (clock.now() < firstRequestMs) {
      await this.broker.advance(Math.min(20_000, firstRequestMs - clock.now()), 1000);
      for (const beat of this.#beats) await beat();
    }
  }

  /** Live members that answer 307 and 309 with what the recorded ones answered, a producer, and a group without any. */
  async #connectClients(): Promise<void> {
    for (const name of Object.keys(members) as Member[]) {
      const connection = await this.#connect(listenPort, (asked) => this.#clientAnswer(asked));
      await this.#keepAlive(connection, `172.17.0.1@live-${name}`, consumerData(`${groupPrefix}${name}`, name));
    }
    const producer = await this.#connect(listenPort);
    await this.#keepAlive(producer, '172.17.0.1@live-producer', undefined);
    const gone = await this.#connect(listenPort);
    await this.#heartbeat(gone, '172.17.0.1@live-off', consumerData(`${groupPrefix}off`, 'cg'));
    await gone.close();
  }

  readonly #beats: (() => Promise<void>)[] = [];

  async #keepAlive(connection: FrameConnection, clientID: string, consumer: object | undefined): Promise<void> {
    const beat = (): Promise<void> => this.#heartbeat(connection, clientID, consumer);
    this.#beats.push(beat);
    await beat();
  }

  async #heartbeat(connection: FrameConnection, clientID: string, consumer: object | undefined): Promise<void> {
    const usual = { consumeType: 'CONSUME_PASSIVELY', consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET', unitMode: false };
    const consumerDataSet = consumer === undefined ? [] : [{ ...usual, ...consumer }];
    const producerDataSet = consumer === undefined ? [{ groupName: `${groupPrefix}pg` }] : [];
    const body = Buffer.from(JSON.stringify({ clientID, consumerDataSet, producerDataSet }));
    await this.#succeed(connection, 34, {}, body);
  }

  /** Messages of LabDemo, and the one that the console looks up where it lay when the capture was made. */
  async #storeMessages(ask: Ask): Promise<void> {
    const wanted = this.#recordLookedUp();
    let sent = 0;
    const send = async (properties: Readonly<Record<string, string>>, body: Buffer): Promise<number> => {
      const reply = await ask(310, sendHeader(sent++ % queues, formatProperties(properties)), body);
      return physicalOffsetOf(reply.header.extFields?.['msgId'] ?? '');
    };
    const plain = (): Record<string, string> => {
      const key = `C0000202000001${String(sent).padStart(18, '0')}`;
      return { ...wanted.properties, KEYS: `k-${10_000 + sent}`, UNIQ_KEY: key };
    };
    const usual = 100;
    await send(plain(), Buffer.alloc(usual));
    const size = await send(plain(), Buffer.alloc(usual));
    let end = 2 * size;
    while (wanted.physicalOffset - end >= 3 * size) end = (await send(plain(), Buffer.alloc(usual))) + size;
    await send(plain(), Buffer.alloc(usual + wanted.physicalOffset - end - size));
    const place = await send(wanted.properties, wanted.body);
    if (place !== wanted.physicalOffset) throw new Error(`the message lies at ${place}, not ${wanted.physicalOffset}`);
    while (sent < messagesPerQueue * queues) await send(plain(), Buffer.alloc(usual));
  }

  /** The message behind the captured look-up by offset (33). */
  #recordLookedUp(): RawRecord {
    const found = this.#capture.find(({ code, responseCode }) => code === 33 && responseCode === 0);
    const [record] = decodeRecords(bytesOf(found?.responseBody ?? null, found?.responseBodyEnc));
    if (record === undefined) throw new Error('the capture has no message by offset');
    return record;
  }

  async #commit(ask: Ask, consumerGroup: string): Promise<void> {
    for (let queueId = 0; queueId < queues; queueId++) {
      await ask(15, { consumerGroup, topic, queueId, commitOffset: 2 });
    }
    await ask(15, { consumerGroup, topic: `%RETRY%${consumerGroup}`, queueId: 0, commitOffset: 0 });
  }

  /** One pull, so that the figures of the group exist. */
  async #read(ask: Ask, consumerGroup: string): Promise<void> {
    await ask(11, {
      ...{ consumerGroup, topic, queueId: 0, queueOffset: 0, maxMsgNums: 32, sysFlag: 4, commitOffset: 0 },
      ...{ suspendTimeoutMillis: 0, subscription: '*', subVersion: 0, expressionType: 'TAG' },
    });
  }

  /** A message that failed once, and one that failed for good: level 1 of the delays, and the dead letter queue. */
  async #giveBack(ask: Ask): Promise<void> {
    const { physicalOffset: offset } = this.#recordLookedUp();
    const back = { offset, group: `${groupPrefix}bad`, originTopic: topic, unitMode: false };
    await ask(36, { ...back, delayLevel: 1, maxReconsumeTimes: 16 });
    await ask(36, { ...back, delayLevel: 1, maxReconsumeTimes: 0 });
  }

  #clientAnswer(asked: Frame): ReturnType<Answering> {
    this.pushed.push(asked);
    const { code, flag, opaque, extFields } = asked.header;
    if ((flag & 2) !== 0) return undefined;
    const recorded = this.#capture.find(({ dir, code: same, requestHeader }) => {
      const isSameGroup = requestHeader.extFields?.['consumerGroup'] === extFields?.['consumerGroup'];
      return dir === 'broker->client' && same === code && isSameGroup;
    });
    if (recorded === undefined) throw new Error(`no recorded client was asked ${code} ${JSON.stringify(extFields)}`);
    const header = { ...recorded.responseHeader, opaque };
    return { header, body: bytesOf(recorded.responseBody, recorded.responseBodyEnc) };
  }

  #connect(port: number, answer?: Answering): Promise<FrameConnection> {
    return FrameConnection.open(this.broker.net, this.broker.clock, port, answer);
  }

  async #succeed(connection: FrameConnection, code: number, extFields: object, body?: Buffer): Promise<Frame> {
    const texts = Object.entries(extFields).map(([key, value]) => [key, String(value)]);
    const header: CapturedHeader = {
      ...{ code, flag: 0, opaque: this.#opaque++, language: 'JAVA', version: 333, serializeTypeCurrentRPC: 'JSON' },
      extFields: Object.fromEntries(texts),
    };
    const answer = await connection.ask(header, body);
    if (answer.header.code !== 0) throw new Error(`${code}: ${answer.header.code} ${answer.header.remark}`);
    return answer;
  }
}

type Ask = (code: number, extFields: object, body?: Buffer) => Promise<Frame>;

function consumerData(groupName: string, member: Member): object {
  const { subString, messageModel } = members[member];
  const subscription = (name: string, expression: string): object => ({
    ...{ topic: name, subString: expression, subVersion: bootMs, expressionType: 'TAG', classFilterMode: false },
    tagsSet: expression === '*' ? [] : [expression],
    codeSet: expression === '*' ? [] : [2598919],
  });
  const retry = messageModel === 'BROADCASTING' ? [] : [subscription(`%RETRY%${groupName}`, '*')];
  return { groupName, messageModel, subscriptionDataSet: [subscription(topic, subString), ...retry] };
}

function sendHeader(queueId: number, properties: string): object {
  const target = { a: `${groupPrefix}pg`, b: topic, c: 'TBW102', d: 4, e: queueId, f: 0, g: bootMs, h: 0 };
  return { ...target, i: properties, j: 0, k: false };
}
