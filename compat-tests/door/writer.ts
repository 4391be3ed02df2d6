import { SeededRandom } from '../../testing/seeded-random.ts';
import { RawClient, type RawReply } from '../peer/raw-client.ts';
import { physicalOffsetOf, sha256 } from '../peer/records.ts';
import { batchBody, type Outgoing, sendFields } from '../peer/store-check.ts';
import type { Acknowledged, Ledger } from './ledger.ts';
import { doorCluster, nextStep, type Step } from './messages.ts';

/** One turn of writing. */
export interface WriteOptions {
  readonly address: string;
  readonly ledger: Ledger;
  readonly seed: number;
  /** Begins every unique key of the turn. */
  readonly prefix: string;
  /** Steps over all lanes. */
  readonly steps: number;
  readonly commitLogFileBytes: number;
  readonly delayed: boolean;
  readonly transactional: boolean;
  /** Called when so many answers have come; the lanes go on until their connections break. */
  readonly killAfter?: number;
  kill(): Promise<void>;
}

const lanes = 3;

/**
 * Writes a turn's messages over three connections at once. With `killAfter` it calls `kill` in the middle and resolves
 * when every lane has noticed. Otherwise every send must be answered with a status that means stored: throws when not.
 */
export async function writeTurn(options: WriteOptions): Promise<void> {
  const progress = { answers: 0, steps: 0 };
  let killed: Promise<void> | undefined;
  const acknowledged = (...entries: readonly Acknowledged[]): void => {
    options.ledger.add(...entries);
    progress.answers++;
    if (progress.answers === options.killAfter) killed = options.kill();
  };
  const lane = async (number: number): Promise<void> => {
    const client = await RawClient.connect(options.address);
    const random = new SeededRandom(options.seed + number);
    const context = { ...options, random, prefix: `${options.prefix}${number}` };
    try {
      while (progress.steps < options.steps || options.killAfter !== undefined) {
        await takeStep(client, nextStep(context, progress.steps++), acknowledged);
      }
    } catch (error) {
      // What breaks when the broker is killed is what the kill is for.
      if (killed === undefined) throw error;
    } finally {
      client.close();
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
  await killed;
}

type Report = (...entries: readonly Acknowledged[]) => void;

/** Sends what a step says and reports what its answers acknowledge. Throws on an answer that does not mean stored. */
export async function takeStep(client: RawClient, step: Step, acknowledged: Report): Promise<void> {
  switch (step.kind) {
    case 'single': {
      const code = step.message.flag === 0 ? 310 : 10;
      const reply = stored(await client.request(code, sendFields(code, step.message), step.message.body));
      return acknowledged(placed(withCluster(step.message), reply));
    }
    case 'oneway': {
      client.oneway(10, sendFields(10, step.message), step.message.body);
      // A broker takes the requests of a connection in order: this answer says that it has taken the first one.
      const next = { ...step.message, properties: { UNIQ_KEY: `${step.message.properties['UNIQ_KEY']}+` } };
      const reply = stored(await client.request(310, sendFields(310, next), next.body));
      return acknowledged(unplaced(step.message), placed(withCluster(next), reply));
    }
    case 'batch':
      return acknowledged(...(await sendBatch(client, step.messages)));
    case 'delayed': {
      const { message, level } = step;
      const properties = { ...message.properties, DELAY: String(level) };
      const reply = stored(await client.request(10, sendFields(10, { ...message, properties }), message.body));
      const real = { REAL_TOPIC: message.topic, REAL_QID: String(message.queueId), CLUSTER: doorCluster };
      const scheduled = { ...message, topic: 'SCHEDULE_TOPIC_XXXX', queueId: level - 1 };
      return acknowledged(placed({ ...scheduled, properties: { ...properties, ...real } }, reply));
    }
    case 'transaction':
      return sendTransaction(client, step, acknowledged);
  }
}

async function sendBatch(client: RawClient, messages: readonly Outgoing[]): Promise<Acknowledged[]> {
  const header = { ...(messages[0] as Outgoing), flag: 0, properties: { WAIT: 'true' } };
  const reply = stored(await client.request(320, sendFields(320, header, true), batchBody(messages)));
  const ids = (reply.fields['msgId'] ?? '').split(',');
  return messages.map((message, index) => placed(message, reply, ids[index], index));
}

const halfTopic = 'RMQ_SYS_TRANS_HALF_TOPIC';
const commitFlag = 8;
const rollbackFlag = 12;

async function sendTransaction(
  client: RawClient,
  { message, end }: Step & { kind: 'transaction' },
  acknowledged: Report,
): Promise<void> {
  const producerGroup = 'compat_producer';
  const properties = { ...message.properties, TRAN_MSG: 'true', PGROUP: producerGroup };
  const fields = { ...sendFields(10, { ...message, properties }), sysFlag: 4 };
  const reply = stored(await client.request(10, fields, message.body));
  const queueOffset = Number(reply.fields['queueOffset']);
  const physicalOffset = physicalOffsetOf(reply.fields['msgId'] ?? '');
  acknowledged({ ...unplaced({ ...message, topic: halfTopic, queueId: 0 }), queueOffset, physicalOffset });
  if (end === 'open') return;
  const uniqueKey = message.properties['UNIQ_KEY'] ?? '';
  const ended = await client.request(37, {
    producerGroup,
    tranStateTableOffset: queueOffset,
    commitLogOffset: physicalOffset,
    commitOrRollback: end === 'commit' ? commitFlag : rollbackFlag,
    fromTransactionCheck: false,
    msgId: uniqueKey,
    transactionId: uniqueKey,
  });
  if (ended.code !== 0) throw new Error(`end of transaction ${uniqueKey}: ${ended.code} ${ended.remark}`);
  if (end === 'commit') acknowledged(unplaced(message));
}

const flushDiskTimeout = 10;

/** Code 10 means stored but not flushed in time: Java answers so to the first record of each file with SYNC_FLUSH. */
function stored(reply: RawReply): RawReply {
  if (reply.code !== 0 && reply.code !== flushDiskTimeout) throw new Error(`send: ${reply.code} ${reply.remark}`);
  return reply;
}

function withCluster(message: Outgoing): Outgoing {
  return { ...message, properties: { ...message.properties, CLUSTER: doorCluster } };
}

function placed(message: Outgoing, reply: RawReply, msgId = reply.fields['msgId'] ?? '', index = 0): Acknowledged {
  return {
    ...unplaced(message),
    properties: message.properties,
    queueOffset: Number(reply.fields['queueOffset']) + index,
    physicalOffset: physicalOffsetOf(msgId),
  };
}

function unplaced({ topic, queueId, flag, body, properties }: Outgoing): Acknowledged {
  return { topic, queueId, flag, bodySha256: sha256(body), uniqueKey: properties['UNIQ_KEY'] ?? '' };
}
