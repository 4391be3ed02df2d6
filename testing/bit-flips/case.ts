import { FakeClock } from '../fake-clock.ts';
import type { MemFs } from '../mem-fs.ts';
import { openTestStore, put, readAll, type TestStore } from '../store-fixture.ts';
import { Asked, type Read } from './ask.ts';
import { type Flip, flipped, LOG_FILE_BYTES, topicOf } from './flips.ts';
import { entryNumberOf, isSeenByStart } from './queue-entries.ts';
import { fsOf, type KnownRecord, optionsOf, QUEUES, ROOT, type SampleStore, type Stop } from './sample-store.ts';
import { loadStateFile } from './state-files.ts';

/** What one changed bit did. */
export interface CaseOutcome {
  readonly problems: readonly string[];
  /** Whether recovery cut the log at the damaged record. */
  readonly cut: boolean;
  readonly servedChanged: ReadonlySet<Read>;
  /** Messages whose records are whole and that no pull, or no query, found any more. */
  readonly notPulled: number;
  readonly notQueried: number;
  /** The queue that is concerned takes no new message, or shows more than the new one after the next start. */
  readonly queueHurt: boolean;
  /** Of a state file. */
  readonly stateFile: string | undefined;
}

/** Offsets by time of an unharmed store, to compare with. */
export type Times = ReadonlyMap<string, number>;

/** Opens the store with one bit changed, asks it everything, gives it new messages, and opens it once more. */
export async function runCase(sample: SampleStore, stop: Stop, flip: Flip, times: Times): Promise<CaseOutcome> {
  const fs = fsOf(flipped(sample.images[stop], flip), sample.nowMs);
  const stateFile = flip.part === 'state file' ? loadStateFile(fs, flip.path) : undefined;
  const test = openSample(fs, sample);
  const asked = new Asked(test.store, sample, stop, flip);
  const { problems } = asked;
  const end = test.store.getMaxPhyOffset();
  const cut = end !== sample.logEnd;
  if (cut && end !== flip.record?.phyOffset) problems.push(`the log ends at ${end} and not at ${sample.logEnd}`);
  if (cut !== mustCut(sample, stop, flip) && !isFirstOfFile(flip.record)) {
    problems.push(cut ? 'the log was cut where Java does not cut it' : 'the log was not cut where Java cuts it');
  }
  await asked.everything();
  const whole = sample.records.filter((record) => record.phyOffset < end && record !== flip.record);
  for (const record of whole) {
    if (!asked.served.view.has(record.phyOffset)) problems.push(`view lost the record at ${record.phyOffset}`);
  }
  const pulledNot = whole.filter((record) => record.isQueued && !asked.served.pull.has(record.phyOffset));
  const lost = pulledNot.find((record) => !mayBeLost(sample, stop, flip, record));
  if (lost !== undefined) problems.push(`pull lost the message at ${lost.topic} ${lost.queueId} ${lost.queueOffset}`);
  const queriedNot = whole.filter((record) => !asked.served.query.has(record.phyOffset));
  if (queriedNot.length > 0 && flip.part !== 'IndexFile') problems.push(`query lost ${queriedNot.length} messages`);
  for (const [question, answer] of askTimes(test)) {
    if (!cut && !isTouched(flip, question.slice(0, question.indexOf(' '))) && times.get(question) !== answer) {
      problems.push(`the offset by time of ${question} is ${answer} and was ${times.get(question)}`);
    }
  }
  const queueHurt = await goOn(test, fs, sample, flip, problems);
  const { servedChanged } = asked;
  const lostCounts = { notPulled: pulledNot.length, notQueried: queriedNot.length };
  return { problems, cut, servedChanged, queueHurt, stateFile, ...lostCounts };
}

/** The answers of the unharmed store. */
export async function timesOf(sample: SampleStore, stop: Stop): Promise<Times> {
  const test = openSample(fsOf(sample.images[stop], sample.nowMs), sample);
  const times = askTimes(test);
  await test.store.shutdown();
  return times;
}

function openSample(fs: MemFs, sample: SampleStore): TestStore {
  const clock = new FakeClock(sample.nowMs);
  return openTestStore(fs, ROOT, { clock, ...optionsOf(sample.ext) });
}

function askTimes({ store }: TestStore): Map<string, number> {
  const times = new Map<string, number>();
  for (const [topic, queueId] of QUEUES) {
    const first = store.getEarliestMessageTime(topic, queueId);
    for (const afterMs of [0, 900, 5_100, 1_000_000]) {
      const offset = store.getOffsetInQueueByTime(topic, queueId, first + afterMs);
      times.set(`${topic}/${queueId} +${afterMs}`, offset);
    }
  }
  return times;
}

/**
 * Every queue takes a message and serves it, the store stops, and the next start finds it again. True when the queue
 * of the changed record does not: all others must.
 */
async function goOn(test: TestStore, fs: MemFs, sample: SampleStore, flip: Flip, problems: string[]): Promise<boolean> {
  const starts = QUEUES.map(([topic, queueId]) => test.store.getMaxOffsetInQueue(topic, queueId));
  for (const [topic, queueId] of QUEUES) put(test.store, { topic, queueId, body: 'new' });
  test.clock.endTurn();
  const wrong = await withoutNew(test, starts);
  await test.store.shutdown();
  const end = test.store.getMaxPhyOffset();
  const again = openSample(fs, sample);
  if (!isCutNow(again.store.getMaxPhyOffset(), end, flip)) wrong.push(...(await withoutNew(again, starts)));
  await again.store.shutdown();
  const others = wrong.filter((queue) => flip.record === undefined || !isTouched(flip, queue));
  problems.push(...others.map((queue) => `${queue} does not serve a new message`));
  return wrong.length > others.length;
}

/** A start after a clean stop may look at a file that the one after the crash did not look at; Java cuts there. */
function isCutNow(endNow: number, endBefore: number, { record, field, bit }: Flip): boolean {
  if (record === undefined || endNow !== record.phyOffset || !isSeenByRecovery(field, bit, record, 'clean'))
    return false;
  return endNow >= (Math.floor((endBefore - 1) / LOG_FILE_BYTES) - 2) * LOG_FILE_BYTES;
}

async function withoutNew({ store }: TestStore, starts: readonly number[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const [index, [topic, queueId]] of QUEUES.entries()) {
    const bodies = await readAll(store, topic, queueId, starts[index]);
    if (bodies.join() !== 'new') wrong.push(`${topic}/${queueId}`);
  }
  return wrong;
}

/** Java's recovery: which records are looked at, and which fields; but no body after a clean stop. */
function mustCut(sample: SampleStore, stop: Stop, { record, field, bit }: Flip): boolean {
  if (record === undefined || !isSeenByRecovery(field, bit, record, stop)) return false;
  return record.phyOffset >= checkedFrom(sample, stop);
}

function isSeenByRecovery(field: string, bit: number, record: KnownRecord, stop: Stop): boolean {
  if (['TOTALSIZE', 'MAGICCODE', 'BODYLEN', 'TOPICLEN', 'PROPERTIESLEN'].includes(field)) return true;
  if (field === 'body') return stop === 'crashed';
  if (field === 'BODYCRC') return stop === 'crashed' && record.bytes.readInt32BE(8) !== 0;
  // The bits that tell the length of the hosts lie in the last byte.
  const byte = (bit >> 3) - (record.phyOffset % LOG_FILE_BYTES);
  return field === 'SYSFLAG' && byte === 39 && ((1 << (bit & 7)) & 0x30) !== 0;
}

/** Where Java begins to check: three files before the end, or at the file that the checkpoint allows. */
function checkedFrom({ images, records, logEnd }: SampleStore, stop: Stop): number {
  const lastFile = Math.floor((logEnd - 1) / LOG_FILE_BYTES) * LOG_FILE_BYTES;
  if (stop === 'clean') return Math.max(0, lastFile - 2 * LOG_FILE_BYTES);
  const checkpoint = images.crashed.get(`${ROOT}/checkpoint`) as Buffer;
  const limit = Math.min(Number(checkpoint.readBigInt64BE(0)), Number(checkpoint.readBigInt64BE(8))) - 3_000;
  for (let from = lastFile; from > 0; from -= LOG_FILE_BYTES) {
    const first = records.find(({ phyOffset }) => phyOffset === from);
    if (first !== undefined && storeTimeOf(first.bytes) <= limit) return from;
  }
  return 0;
}

function storeTimeOf(record: Buffer): number {
  return Number(record.readBigInt64BE((record.readInt32BE(36) & 0x10) === 0 ? 56 : 68));
}

/** After a crash the first record of a file also decides whether the check begins there. */
function isFirstOfFile(record: KnownRecord | undefined): boolean {
  return record !== undefined && record.phyOffset % LOG_FILE_BYTES === 0;
}

/** Behind a damaged record of its queue; or the message of a damaged entry, unless a start must see that. */
function mayBeLost(sample: SampleStore, stop: Stop, flip: Flip, { topic, queueId, queueOffset }: KnownRecord): boolean {
  const { record } = flip;
  if (!isTouched(flip, `${topic}/${queueId}`)) return false;
  if (record?.topic === topic && record.queueId === queueId) return queueOffset > record.queueOffset;
  if (record !== undefined) return true;
  if (queueOffset !== entryNumberOf(flip)) return false;
  const checked = stop === 'clean' ? undefined : checkedFrom(sample, stop);
  return !isSeenByStart(flip, flipped(sample.images[stop], flip), sample.logEnd, checked);
}

/** The queue of the entry; or that of the record, and the one that the record now names. */
function isTouched(flip: Flip, queue: string): boolean {
  const { record, path } = flip;
  if (record === undefined) return path.includes(`/consumequeue/${queue}/`);
  if (queue === `${record.topic}/${record.queueId}`) return true;
  if (flip.field !== 'QUEUEID' && flip.field !== 'topic') return false;
  const bytes = Buffer.from(record.bytes);
  const byte = (flip.bit >> 3) - (record.phyOffset % LOG_FILE_BYTES);
  bytes[byte] = (bytes[byte] as number) ^ (1 << (flip.bit & 7));
  return queue === `${topicOf(bytes)}/${bytes.readInt32BE(12)}`;
}
