import { type Fields, inParallel, type RawClient, type RawReply } from './raw-client.ts';
import { decodeRecords, formatProperties, physicalOffsetOf, type RawRecord, sha256 } from './records.ts';

/** What is known about a stored record; a field that is absent is not compared. */
export type ExpectedRecord = Pick<RawRecord, 'topic' | 'queueId' | 'queueOffset' | 'physicalOffset' | 'bodySha256'> &
  Partial<Omit<RawRecord, 'body'>>;

/** Min and max offset of one queue. */
export interface ExpectedQueue {
  readonly topic: string;
  readonly queueId: number;
  readonly minOffset: number;
  readonly maxOffset: number;
}

/** What a check found: how many things it looked at, how many mismatched, and a line for each of the first 20. */
export interface Findings {
  checked: number;
  wrong: number;
  readonly lines: string[];
}

const width = 32;
const farFutureMs = 4_102_444_800_000;
const maxPullCount = 32;
/** Java answers at most `maxMsgsNumBatch` records to one query, the newest first. */
export const maxQueryCount = 64;

/** Asks for every record by its physical offset (33) and compares all that is known about it. */
export async function checkByPhysicalOffset(client: RawClient, expected: readonly ExpectedRecord[]): Promise<Findings> {
  const findings = noFindings();
  await inParallel(expected, width, async (want) => {
    const reply = await client.request(33, { offset: want.physicalOffset });
    const where = `33 at ${want.physicalOffset}`;
    if (reply.code !== 0) return note(findings, `${where}: code ${reply.code} ${reply.remark}`);
    const records = decodeRecords(reply.body);
    if (records.length !== 1) return note(findings, `${where}: ${records.length} records`);
    return compare(findings, where, want, records[0] as RawRecord);
  });
  return findings;
}

/**
 * Pulls every queue that has expected records from its first expected offset to its last (11) and compares what comes,
 * in order and without gaps. `topics` limits it to the readable ones.
 */
export async function checkByPull(
  client: RawClient,
  expected: readonly ExpectedRecord[],
  topics: ReadonlySet<string>,
): Promise<Findings> {
  const findings = noFindings();
  const queues = new Map<string, ExpectedRecord[]>();
  for (const record of expected) {
    if (!topics.has(record.topic)) continue;
    const key = `${record.topic} ${record.queueId}`;
    const queue = queues.get(key) ?? [];
    queue.push(record);
    queues.set(key, queue);
  }
  for (const [key, queue] of queues) {
    queue.sort((a, b) => a.queueOffset - b.queueOffset);
    const [{ topic, queueId, queueOffset: first } = missingQueue(key)] = queue;
    const wanted = new Map(queue.map((record) => [record.queueOffset, record]));
    const { records: got, stopped } = await pullUntil(client, topic, queueId, first);
    if (stopped !== undefined) note(findings, stopped);
    for (const [index, record] of got.entries()) {
      if (record.queueOffset !== first + index)
        note(findings, `${key}: offset ${record.queueOffset} at place ${index}`);
      const want = wanted.get(record.queueOffset);
      if (want !== undefined) compare(findings, `11 of ${key} at ${record.queueOffset}`, want, record);
      wanted.delete(record.queueOffset);
    }
    for (const offset of wanted.keys()) note(findings, `${key}: offset ${offset} was not delivered`);
  }
  return findings;
}

/** All records of a queue from `from` to its end, by pulls without suspension. Throws when an answer is neither. */
export async function pullQueue(client: RawClient, topic: string, queueId: number, from: number): Promise<RawRecord[]> {
  const { records, stopped } = await pullUntil(client, topic, queueId, from);
  if (stopped !== undefined) throw new Error(stopped);
  return records;
}

/** As {@link pullQueue}; `stopped` tells of the answer that was neither messages nor the end of the queue. */
async function pullUntil(
  client: RawClient,
  topic: string,
  queueId: number,
  from: number,
): Promise<{ records: RawRecord[]; stopped?: string }> {
  const records: RawRecord[] = [];
  for (let offset = from; ; ) {
    const reply = await pull(client, topic, queueId, offset);
    const where = `pull of ${topic} ${queueId} at ${offset}`;
    if (reply.code === 19) return { records };
    if (reply.code !== 0) return { records, stopped: `${where}: ${reply.code} ${reply.remark}` };
    records.push(...decodeRecords(reply.body));
    const next = Number(reply.fields['nextBeginOffset']);
    if (next <= offset) return { records, stopped: `${where} goes on at ${next}` };
    offset = next;
  }
}

/** One pull that answers at once, with an inline subscription to everything. */
export function pull(client: RawClient, topic: string, queueId: number, queueOffset: number): Promise<RawReply> {
  return client.request(11, pullFields(topic, queueId, queueOffset));
}

/** The header of such a pull. */
export function pullFields(topic: string, queueId: number, queueOffset: number): Fields {
  return {
    consumerGroup: 'compat_check_group',
    topic,
    queueId,
    queueOffset,
    maxMsgNums: maxPullCount,
    sysFlag: 4,
    commitOffset: 0,
    suspendTimeoutMillis: 0,
    subscription: '*',
    subVersion: 0,
    expressionType: 'TAG',
  };
}

/**
 * Looks every record up by its unique key and by each of its keys (12). Of a key on more than 64 records, the 64 newest
 * are asked for. Records are told apart by physical offset and compared.
 */
export async function checkByKeys(client: RawClient, expected: readonly ExpectedRecord[]): Promise<Findings> {
  const findings = noFindings();
  const lookups = new Map<string, { topic: string; key: string; unique: boolean; records: ExpectedRecord[] }>();
  const add = (record: ExpectedRecord, key: string, unique: boolean): void => {
    const id = `${record.topic}\n${key}\n${unique}`;
    const lookup = lookups.get(id) ?? { topic: record.topic, key, unique, records: [] };
    lookup.records.push(record);
    lookups.set(id, lookup);
  };
  for (const record of expected) {
    const properties = record.properties ?? {};
    const uniqueKey = properties['UNIQ_KEY'];
    if (uniqueKey !== undefined) add(record, uniqueKey, true);
    for (const key of (properties['KEYS'] ?? '').split(' ')) if (key !== '') add(record, key, false);
  }
  await inParallel([...lookups.values()], width, async ({ topic, key, unique, records }) => {
    const where = `12 of ${topic} ${unique ? 'unique key' : 'key'} ${key}`;
    const reply = await queryByKey(client, topic, key, unique);
    if (reply.code !== 0) return note(findings, `${where}: code ${reply.code} ${reply.remark}`);
    const got = new Map(decodeRecords(reply.body).map((record) => [record.physicalOffset, record]));
    const newest = records.sort((a, b) => b.physicalOffset - a.physicalOffset).slice(0, unique ? 32 : maxQueryCount);
    for (const want of newest) {
      const record = got.get(want.physicalOffset);
      if (record === undefined) note(findings, `${where}: ${want.physicalOffset} is not among ${got.size}`);
      else compare(findings, where, want, record);
    }
    return undefined;
  });
  return findings;
}

/** Asks for records by one key (12), at any time. */
export function queryByKey(client: RawClient, topic: string, key: string, unique: boolean): Promise<RawReply> {
  const fields = { topic, key, maxNum: maxQueryCount, beginTimestamp: 0, endTimestamp: farFutureMs };
  return client.request(12, { ...fields, _UNIQUE_KEY_QUERY: unique });
}

/** Compares min (31) and max (30) offset of every queue. */
export async function checkOffsets(client: RawClient, expected: readonly ExpectedQueue[]): Promise<Findings> {
  const findings = noFindings();
  await inParallel(expected, width, async ({ topic, queueId, minOffset, maxOffset }) => {
    const { min, max } = await queueOffsets(client, topic, queueId);
    findings.checked++;
    if (min === minOffset && max === maxOffset) return;
    note(findings, `${topic} ${queueId}: offsets ${min}..${max}, not ${minOffset}..${maxOffset}`);
  });
  return findings;
}

/** Min and max offset of a queue as the broker tells them. */
export async function queueOffsets(
  client: RawClient,
  topic: string,
  queueId: number,
): Promise<{ min: number; max: number }> {
  const [min, max] = await Promise.all([31, 30].map((code) => client.request(code, { topic, queueId })));
  return { min: Number(min?.fields['offset']), max: Number(max?.fields['offset']) };
}

/** One message to send and where. */
export interface Outgoing {
  readonly topic: string;
  readonly queueId: number;
  readonly body: Buffer;
  readonly flag: number;
  readonly properties: Readonly<Record<string, string>>;
}

/**
 * The fields of a send by code 310 (one-letter names) or 10 (long names). Both carry the same header; `batch` goes with
 * a batch body.
 */
export function sendFields(code: 10 | 310 | 320, message: Omit<Outgoing, 'body'>, batch = false): Fields {
  const values = {
    producerGroup: 'compat_producer',
    topic: message.topic,
    defaultTopic: 'TBW102',
    defaultTopicQueueNums: 4,
    queueId: message.queueId,
    sysFlag: 0,
    bornTimestamp: Date.now(),
    flag: message.flag,
    properties: formatProperties(message.properties),
    reconsumeTimes: 0,
    unitMode: false,
    batch,
  };
  if (code === 10) return values;
  const letters = {
    a: 'producerGroup',
    b: 'topic',
    c: 'defaultTopic',
    d: 'defaultTopicQueueNums',
    e: 'queueId',
  } as const;
  const more = {
    f: 'sysFlag',
    g: 'bornTimestamp',
    h: 'flag',
    i: 'properties',
    j: 'reconsumeTimes',
    k: 'unitMode',
  } as const;
  const fields: Record<string, string | number | boolean> = { m: batch };
  for (const [letter, name] of Object.entries({ ...letters, ...more })) fields[letter] = values[name];
  return fields;
}

/**
 * Sends one message and returns what must be found in the store, the name of the cluster included, which a broker adds
 * to single sends. Throws unless the answer says SEND_OK.
 */
export async function sendOne(
  client: RawClient,
  code: 10 | 310,
  message: Outgoing,
  cluster: string,
): Promise<ExpectedRecord> {
  const reply = await client.request(code, sendFields(code, message), message.body);
  if (reply.code !== 0) throw new Error(`send to ${message.topic}: ${reply.code} ${reply.remark}`);
  const { queueId, queueOffset, msgId } = reply.fields;
  const stored = { ...message, properties: { ...message.properties, CLUSTER: cluster } };
  return expectedOf(stored, Number(queueId), Number(queueOffset), msgId ?? '');
}

/** Sends messages of one queue as one batch (320); otherwise as {@link sendOne}. */
export async function sendBatch(client: RawClient, messages: readonly Outgoing[]): Promise<ExpectedRecord[]> {
  const [first] = messages;
  if (first === undefined) return [];
  const header = { ...first, flag: 0, properties: { WAIT: 'true' } };
  const reply = await client.request(320, sendFields(320, header, true), batchBody(messages));
  if (reply.code !== 0) throw new Error(`batch to ${first.topic}: ${reply.code} ${reply.remark}`);
  const ids = (reply.fields['msgId'] ?? '').split(',');
  if (ids.length !== messages.length) throw new Error(`${ids.length} ids for ${messages.length} messages`);
  const offset = Number(reply.fields['queueOffset']);
  const queueId = Number(reply.fields['queueId']);
  return messages.map((message, index) => expectedOf(message, queueId, offset + index, ids[index] ?? ''));
}

/** Body of a batch: per message total size, three words of which only the flag is used, body and properties. */
export function batchBody(messages: readonly Pick<Outgoing, 'body' | 'flag' | 'properties'>[]): Buffer {
  return Buffer.concat(
    messages.map(({ body, flag, properties }) => {
      const text = Buffer.from(formatProperties(properties));
      const item = Buffer.alloc(22 + body.length + text.length);
      item.writeInt32BE(item.length, 0);
      item.writeInt32BE(flag, 12);
      item.writeInt32BE(body.length, 16);
      body.copy(item, 20);
      item.writeInt16BE(text.length, 20 + body.length);
      text.copy(item, 22 + body.length);
      return item;
    }),
  );
}

function expectedOf(message: Outgoing, queueId: number, queueOffset: number, msgId: string): ExpectedRecord {
  return {
    topic: message.topic,
    queueId,
    queueOffset,
    physicalOffset: physicalOffsetOf(msgId),
    offsetMsgId: msgId,
    flag: message.flag,
    sysFlag: 0,
    reconsumeTimes: 0,
    bodyLength: message.body.length,
    bodySha256: sha256(message.body),
    properties: message.properties,
  };
}

function compare(findings: Findings, where: string, want: ExpectedRecord, got: RawRecord): void {
  findings.checked++;
  for (const [name, value] of Object.entries(want)) {
    const found = got[name as keyof RawRecord];
    const same = name === 'properties' ? sameProperties(want.properties ?? {}, got.properties) : found === value;
    if (!same) note(findings, `${where}: ${name} is ${JSON.stringify(found)}, not ${JSON.stringify(value)}`);
  }
}

function sameProperties(want: Readonly<Record<string, string>>, got: Readonly<Record<string, string>>): boolean {
  return [...Object.keys(want), ...Object.keys(got)].every((name) => want[name] === got[name]);
}

function noFindings(): Findings {
  return { checked: 0, wrong: 0, lines: [] };
}

function note(findings: Findings, line: string): void {
  findings.wrong++;
  if (findings.lines.length < 20) findings.lines.push(line);
}

function missingQueue(key: string): never {
  throw new Error(`no record in queue ${key}`);
}
