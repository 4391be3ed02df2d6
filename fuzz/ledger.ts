import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { RawClient, type RawReply } from '../compat-tests/peer/raw-client.ts';
import { decodeRecords, formatProperties } from '../compat-tests/peer/records.ts';

const QUEUES = 4;
const PAUSE_MS = 1;
const REQUEST_TIMEOUT_MS = 20_000;
/** Every so many rounds the name server is asked too. */
const NAMESRV_EVERY = 20;
const PULL_BATCH = 32;
const HEARTBEAT_EVERY = 500;

const SEND_MESSAGE_V2 = 310;
const PULL_MESSAGE = 11;
const PUT_KV_CONFIG = 100;
const GET_KV_CONFIG = 101;
const GET_BROKER_CLUSTER_INFO = 106;
const HEART_BEAT = 34;
const SUCCESS = 0;
/** Makes it a live consumer of two groups that mutants ask about. */
const HEARTBEAT = Buffer.from(
  JSON.stringify({
    clientID: 'ledger@1',
    consumerDataSet: ['fuzz_group_0', 'TOOLS_CONSUMER'].map((groupName) => ({
      groupName,
      consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
      consumeType: 'CONSUME_PASSIVELY',
      messageModel: 'CLUSTERING',
      subscriptionDataSet: [{ topic: 'FuzzTopic0', subString: '*', subVersion: 1 }],
    })),
    producerDataSet: [{ groupName: 'ledger' }],
  }),
);

/**
 * A well-behaved client beside the mutants, on connections of its own: sends, pulls what it sent, asks the name server.
 * Every acknowledged message is written down; in the end the store has to have each of them where its answer said.
 * It shares no code with the servers, and its names are random, so that no mutant meets them.
 */
export class Ledger {
  readonly #topic = `Ledger_${randomBytes(6).toString('hex')}`;
  /** Numbers of the acknowledged messages by queue; a message's body follows from its number. */
  readonly #acknowledged: number[][] = Array.from({ length: QUEUES }, () => []);
  readonly #problems: string[] = [];
  #sent = 0;
  #requests = 0;
  #slowestMs = 0;
  #isStopped = false;
  #running: Promise<void> | undefined;

  get size(): number {
    return this.#acknowledged.reduce((sum, queue) => sum + queue.length, 0);
  }

  get requests(): number {
    return this.#requests;
  }

  /** How long its slowest request took: what a mutant can make others wait. */
  get slowestMs(): number {
    return this.#slowestMs;
  }

  /** A line per request that failed; the first ends the traffic. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Begins the traffic; returns at once. */
  start(broker: string, namesrv: string): void {
    this.#running = this.#run(broker, namesrv).catch((error: unknown) => {
      this.#problems.push(`ledger: ${String(error)}`);
    });
  }

  /** Ends the traffic; resolves behind its last request. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  /** Reads all queues; a line per message that is missing or another. */
  async check(broker: string): Promise<string[]> {
    const client = await RawClient.connect(broker);
    const problems: string[] = [];
    for (const [queueId, numbers] of this.#acknowledged.entries()) {
      for (let offset = 0; offset < numbers.length && problems.length < 20; ) {
        const reply = await this.#pull(client, queueId, offset);
        const records = decodeRecords(reply.body);
        if (reply.code !== SUCCESS || records.length === 0) {
          problems.push(`queue ${queueId} at ${offset}: code ${reply.code} ${reply.remark}`);
          break;
        }
        for (const { queueOffset, body } of records) {
          const number = numbers[offset];
          if (number === undefined) break;
          if (queueOffset !== offset) problems.push(`queue ${queueId}: offset ${queueOffset} instead of ${offset}`);
          if (!body.equals(bodyOf(number))) problems.push(`queue ${queueId} at ${offset}: not message ${number}`);
          offset += 1;
        }
      }
    }
    client.close();
    return problems;
  }

  async #run(broker: string, namesrv: string): Promise<void> {
    const client = await RawClient.connect(broker);
    const routes = await RawClient.connect(namesrv);
    for (let round = 0; !this.#isStopped; round++) {
      if (round % HEARTBEAT_EVERY === 0) await this.#request(client, HEART_BEAT, {}, HEARTBEAT);
      await this.#sendAndPull(client, round % QUEUES);
      if (round % NAMESRV_EVERY === 0) await this.#askNamesrv(routes, round);
      await pause(PAUSE_MS);
    }
    client.close();
    routes.close();
  }

  async #sendAndPull(client: RawClient, queueId: number): Promise<void> {
    const number = this.#sent++;
    const properties = formatProperties({ UNIQ_KEY: `${this.#topic}-${number}`, KEYS: `k${number}`, WAIT: 'true' });
    const fields = { a: 'ledger', b: this.#topic, c: 'TBW102', d: QUEUES, e: queueId, f: 0, g: Date.now(), h: 0 };
    const body = bodyOf(number);
    const header = { ...fields, i: properties, j: 0, k: false, m: false };
    const sent = await this.#request(client, SEND_MESSAGE_V2, header, body);
    const queue = this.#acknowledged[queueId] as number[];
    if (Number(sent.fields['queueOffset']) !== queue.length) {
      throw new Error(`message ${number} has offset ${sent.fields['queueOffset']}, expected ${queue.length}`);
    }
    queue.push(number);
    const pulled = await this.#pull(client, queueId, queue.length - 1);
    const [record] = decodeRecords(pulled.body);
    if (record === undefined || !record.body.equals(body)) throw new Error(`message ${number} is not what was sent`);
  }

  async #askNamesrv(client: RawClient, round: number): Promise<void> {
    await this.#request(client, GET_BROKER_CLUSTER_INFO, {});
    // Every write of a KV config rewrites the file, so these are few.
    if (round % (NAMESRV_EVERY * 50) === 0) {
      await this.#request(client, PUT_KV_CONFIG, { namespace: this.#topic, key: 'k', value: `v${round}` });
    }
    const { fields } = await this.#request(client, GET_KV_CONFIG, { namespace: this.#topic, key: 'k' });
    const value = `v${round - (round % (NAMESRV_EVERY * 50))}`;
    if (fields['value'] !== value) throw new Error(`the KV config has ${fields['value']}, expected ${value}`);
  }

  #pull(client: RawClient, queueId: number, queueOffset: number): Promise<RawReply> {
    return this.#request(client, PULL_MESSAGE, {
      consumerGroup: 'ledger',
      topic: this.#topic,
      queueId,
      queueOffset,
      maxMsgNums: PULL_BATCH,
      sysFlag: 4,
      commitOffset: 0,
      suspendTimeoutMillis: 0,
      subscription: '*',
      subVersion: 0,
      expressionType: 'TAG',
    });
  }

  async #request(
    client: RawClient,
    code: number,
    fields: Readonly<Record<string, string | number | boolean>>,
    body?: Buffer,
  ): Promise<RawReply> {
    this.#requests += 1;
    const startMs = performance.now();
    const reply = await client.request(code, fields, body, REQUEST_TIMEOUT_MS);
    this.#slowestMs = Math.max(this.#slowestMs, performance.now() - startMs);
    if (reply.code !== SUCCESS) throw new Error(`request ${code} was answered ${reply.code}: ${reply.remark}`);
    return reply;
  }
}

/** 20 to about 420 bytes. */
function bodyOf(number: number): Buffer {
  return Buffer.from(`message ${number} `.padEnd(20 + ((number * 61) % 401), '0123456789'));
}
