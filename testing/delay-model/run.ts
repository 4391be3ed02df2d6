import type { ScheduledStore } from '../../src/broker/schedule-message-service.ts';
import { decodeRecord, type MessageExt } from '../../src/codec/message.ts';
import { DelayLevels } from '../../src/store/delay-levels.ts';
import type { MessageStore } from '../../src/store/message-store.ts';
import { FakeClock } from '../fake-clock.ts';
import { MemFs } from '../mem-fs.ts';
import { SeededRandom } from '../seeded-random.ts';
import { openTestStore, splitRecords } from '../store-fixture.ts';
import { type Disk, type Ending, type LifeReport, live, QUEUES, type Sent, TOPICS } from './life.ts';

export interface DelayRunOptions {
  /** Messages sent. */
  readonly count: number;
  /** Restarts in between. */
  readonly restarts: number;
  readonly seed: number;
  readonly plant?: (store: ScheduledStore) => ScheduledStore;
}

export interface DelayRunReport {
  readonly problems: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  /** Upper bound in ms → messages delivered so late, of those that became due while the broker ran. */
  readonly lateness: ReadonlyMap<number, number>;
  /** The same after the start, of those that became due while it was down. */
  readonly catchUp: ReadonlyMap<number, number>;
}

/** Found in the log at the end. */
interface Delivery {
  readonly id: number;
  readonly atMs: number;
  readonly phyOffset: number;
}

/** A healthy broker is not later than this. */
const MOST_LATE_MS = 100;
/** And after a start it needs no longer for what became due before. */
const MOST_CATCH_UP_MS = 2000;
/** Saves come every 10 s; what is delivered before the last one is not repeated, the disk being well. */
const SAVED_WITHIN_MS = 10_100;
const LONGEST_DELAY_MS = 7_200_000;
const BUCKETS_MS = [0, 1, 10, 25, 50, 100, 250, 500, 1000, 2000, 10_000, 60_000, Number.POSITIVE_INFINITY];
const levels = DelayLevels.parse('1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h') as DelayLevels;

/** Sends delayed messages through starts and ends of all kinds, and checks what the log holds at last. */
export async function runDelays(options: DelayRunOptions): Promise<DelayRunReport> {
  const { count, restarts, seed } = options;
  const random = new SeededRandom(seed);
  let nowMs = 1_800_000_000_000;
  const fs = new MemFs({ now: () => nowMs });
  const lives: LifeReport[] = [];
  let firstId = 0;
  for (let life = 0; life <= restarts; life++) {
    const ending: Ending = life === restarts ? 'clean' : random.pick(['clean', 'kill', 'power', 'power']);
    const messages = Math.ceil((count - firstId) / (restarts - life + 1));
    const disk = random.pick<Disk>(['well', 'well', 'well', 'failing', 'slow']);
    const plan = { fs, random, startMs: nowMs, messages, ending, disk, firstId, plant: options.plant };
    const report = await live(plan);
    lives.push(report);
    firstId += messages;
    nowMs = report.endMs + 1 + (random.below(3) === 0 ? random.below(900_000) : random.below(3000));
  }
  nowMs += LONGEST_DELAY_MS;
  const last = { fs, random, startMs: nowMs, messages: 0, ending: 'clean', disk: 'well', firstId } as const;
  let rest = await live({ ...last, plant: options.plant });
  // An empty life may be short: whatever is due is delivered by the second one.
  lives.push(rest);
  rest = await live({ ...last, startMs: rest.endMs + 1, plant: options.plant });
  lives.push(rest);
  return check(lives, await deliveries(fs, rest.endMs + 1));
}

/** Every message of the topics that is in the log, in the order of the log. */
async function deliveries(fs: MemFs, nowMs: number): Promise<Delivery[]> {
  const { store } = openTestStore(fs, '/store', {
    clock: new FakeClock(nowMs),
    changes: { mappedFileSizeCommitLog: 1 << 18, mappedFileSizeConsumeQueue: 4000 },
  });
  const found: Delivery[] = [];
  for (const topic of TOPICS) {
    for (let queueId = 0; queueId < QUEUES; queueId++) found.push(...(await ofQueue(store, topic, queueId)));
  }
  await store.shutdown();
  return found.sort((a, b) => a.phyOffset - b.phyOffset);
}

async function ofQueue(store: MessageStore, topic: string, queueId: number): Promise<Delivery[]> {
  const found: Delivery[] = [];
  for (let offset = 0; ; ) {
    const result = await store.getMessage({ topic, queueId, offset, maxMsgNums: 500 });
    if (result?.status !== 'FOUND') return found;
    for (const bytes of splitRecords(result.body)) {
      const record = decodeRecord(bytes, 0) as MessageExt;
      found.push({ id: Number(record.body), atMs: record.storeTimestamp, phyOffset: record.phyOffset });
    }
    offset = result.nextBeginOffset;
  }
}

function check(lives: readonly LifeReport[], found: readonly Delivery[]): DelayRunReport {
  const problems: string[] = [];
  const sent = new Map<number, Sent>();
  for (const life of lives) for (const each of [...life.certain, ...life.uncertain]) sent.set(each.id, each);
  const lateness = new Map<number, number>();
  const catchUp = new Map<number, number>();
  const earlier = new Map<number, LifeReport[]>();
  const lastOfLevel = new Map<string, number>();
  let repeated = 0;
  for (const { id, atMs } of found) {
    const message = sent.get(id);
    const life = lives.find(({ startMs, endMs }) => startMs <= atMs && atMs <= endMs);
    if (message === undefined || life === undefined) {
      problems.push(`message ${id} at ${atMs} is not known`);
      continue;
    }
    const { level, ticket } = message;
    const dueMs = levels.deliverTimestamp(level, ticket.storeTimestamp);
    const what = `message ${id} of level ${level}, due ${dueMs}, delivered ${atMs}`;
    if (atMs < dueMs) problems.push(`${what}: early`);
    const place = `${lives.indexOf(life)} ${level}`;
    if ((lastOfLevel.get(place) ?? -1) >= id) problems.push(`${what}: after message ${lastOfLevel.get(place)}`);
    lastOfLevel.set(place, id);
    const before = earlier.get(id) ?? [];
    if (before.length > 0) {
      repeated++;
      const problem = repetition(before.at(-1) as LifeReport, id, found);
      if (problem !== undefined) problems.push(`${what}: ${problem}`);
    }
    earlier.set(id, [...before, life]);
    const isLate = dueMs >= life.startMs;
    const lateMs = atMs - Math.max(dueMs, life.startMs);
    if (life.disk === 'failing') continue;
    count(isLate ? lateness : catchUp, lateMs);
    if (lateMs > (isLate ? MOST_LATE_MS : MOST_CATCH_UP_MS)) problems.push(`${what}: ${lateMs} ms late`);
  }
  const certain = lives.flatMap((life) => life.certain);
  for (const { id, level } of certain) if (!earlier.has(id)) problems.push(`message ${id} of level ${level}: lost`);
  const counts: Record<string, number> = { 'messages that could not be lost': certain.length };
  counts['messages a power loss could take'] = sent.size - certain.length;
  counts['deliveries in the log'] = found.length;
  counts['repeated deliveries'] = repeated;
  counts['levels'] = new Set(certain.map(({ level }) => level)).size;
  for (const { ending, disk } of lives) {
    counts[`lives: ${ending}`] = (counts[`lives: ${ending}`] ?? 0) + 1;
    counts[`lives: disk ${disk}`] = (counts[`lives: disk ${disk}`] ?? 0) + 1;
  }
  return { problems, counts, lateness, catchUp };
}

/** Why a message may not come again after a life in which it was delivered; undefined when it may. */
function repetition(life: LifeReport, id: number, found: readonly Delivery[]): string | undefined {
  if (life.disk === 'failing') return undefined;
  if (life.ending === 'clean') return 'delivered again after a clean stop';
  if (life.disk === 'slow') return undefined;
  const atMs = found.find((each) => each.id === id && each.atMs >= life.startMs && each.atMs <= life.endMs)?.atMs ?? 0;
  return atMs < life.endMs - SAVED_WITHIN_MS ? 'delivered again, although it was saved' : undefined;
}

function count(histogram: Map<number, number>, lateMs: number): void {
  const bucket = BUCKETS_MS.find((bound) => lateMs <= bound) as number;
  histogram.set(bucket, (histogram.get(bucket) ?? 0) + 1);
}
