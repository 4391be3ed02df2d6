import { type ScheduledStore, ScheduleMessageService } from '../../src/broker/schedule-message-service.ts';
import type { MessageStore } from '../../src/store/message-store.ts';
import type { PutTicket } from '../../src/store/results.ts';
import { FsError } from '../../src/util/fs.ts';
import { silentLogger } from '../../src/util/logger.ts';
import { StateFile } from '../../src/util/state-file.ts';
import { FakeClock } from '../fake-clock.ts';
import { FaultFs } from '../fault-fs.ts';
import type { MemFs } from '../mem-fs.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { draftOf, openTestStore } from '../store-fixture.ts';

/**
 * `failing`: some writes do, and nothing is said about lateness. `slow`: no flush of the log ends before the life does,
 * and nothing is said about repetitions.
 */
export type Disk = 'well' | 'failing' | 'slow';
export type Ending = 'clean' | 'kill' | 'power';

/** A delayed message that the store took. */
export interface Sent {
  /** Numbered in the order of sending; the body of the message. */
  readonly id: number;
  readonly level: number;
  readonly ticket: PutTicket;
}

/** One run of the broker, from a start to its end. */
export interface LifeReport {
  readonly startMs: number;
  readonly endMs: number;
  readonly ending: Ending;
  readonly disk: Disk;
  /** What the end cannot take. */
  readonly certain: readonly Sent[];
  /** What the end may have taken. */
  readonly uncertain: readonly Sent[];
}

export interface LifePlan {
  readonly fs: MemFs;
  readonly random: SeededRandom;
  readonly startMs: number;
  readonly messages: number;
  readonly ending: Ending;
  readonly disk: Disk;
  readonly firstId: number;
  readonly plant: ((store: ScheduledStore) => ScheduledStore) | undefined;
}

/** Where messages go. */
export const TOPICS = ['T0', 'T1', 'T2'] as const;
export const QUEUES = 2;
/** The clock goes on in such steps; promises settle between two. */
const STEP_MS = 25;
/** Of `flushDelayOffsetInterval`, and of the first save. */
const SAVE_EVERY_MS = 10_000;
const CHANGES = {
  mappedFileSizeCommitLog: 1 << 18,
  mappedFileSizeConsumeQueue: 4000,
  maxHashSlotNum: 100,
  maxIndexNum: 400,
  fileReservedTime: 100_000,
};

/** Starts a broker's store and its delayed messages on a disk as it was left, sends and waits, and ends it. */
export async function live(plan: LifePlan): Promise<LifeReport> {
  const { fs, random, startMs, ending } = plan;
  const clock = new FakeClock(startMs);
  const faults = new FaultFs(fs);
  let letFlush = (): void => {};
  const until = new Promise<void>((resolve) => {
    letFlush = resolve;
  });
  const { store, config } = openTestStore(faults, '/store', { clock, changes: CHANGES });
  const file = new StateFile({ fs: faults, log: silentLogger, path: '/store/config/delayOffset.json' });
  const seen = plan.plant?.(through(store)) ?? store;
  const topics = { select: () => undefined };
  const service = new ScheduleMessageService({ store: seen, clock, log: silentLogger, config, file, topics });
  service.load();
  service.start();
  if (plan.disk === 'slow') faults.delay({ operation: 'fdatasync', path: /commitlog/, until, times: 1_000_000 });
  const sent: Sent[] = [];
  const bursts = 1 + random.below(12);
  for (let burst = 0; burst < bursts; burst++) {
    const share = Math.ceil(plan.messages / bursts);
    for (let at = 0; at < share && sent.length < plan.messages; at++)
      send(store, plan.firstId + sent.length, random, sent);
    clock.endTurn();
    if (plan.disk === 'failing' && burst === 0) breakDisk(faults, random);
    for (let left = random.below(5000); left > 0; left -= STEP_MS) await clock.advanceAsync(STEP_MS);
  }
  // Where a save and what it speaks of could fall apart: just after it.
  if (random.below(2) === 0) await untilAfterSave(clock, startMs);
  if (ending === 'clean') letFlush();
  const reached = await end(plan, { store, service });
  const written = sent.filter(({ ticket }) => !ticket.failed);
  return {
    ...{ startMs, endMs: clock.now(), ending, disk: plan.disk },
    certain: written.filter(({ ticket }) => ticket.endOffset <= reached),
    uncertain: written.filter(({ ticket }) => ticket.endOffset > reached),
  };
}

async function untilAfterSave(clock: FakeClock, startMs: number): Promise<void> {
  for (;;) {
    await clock.advanceAsync(STEP_MS);
    if ((clock.now() - startMs) % SAVE_EVERY_MS < 2 * STEP_MS) return;
  }
}

/** The store as the service sees it, so that a plant can change a part. */
export function through(store: MessageStore): ScheduledStore {
  return {
    scheduled: store.scheduled,
    putMessage: (draft) => store.putMessage(draft),
    get marks() {
      return store.marks;
    },
    onMarks: (listener) => store.onMarks(listener),
    flushSoon: () => store.flushSoon(),
    remainHowManyDataToFlush: () => store.remainHowManyDataToFlush(),
  };
}

/** A message of any level, the short ones more often. One that a broken disk refuses is not sent. */
function send(store: MessageStore, id: number, random: SeededRandom, sent: Sent[]): void {
  const level = random.below(2) === 0 ? 1 + random.below(3) : 1 + random.below(18);
  const topic = random.pick(TOPICS);
  const draft = draftOf({ topic, queueId: random.below(QUEUES), body: `${id}`, properties: { DELAY: `${level}` } });
  const result = store.putMessage(draft);
  if (result.accepted) sent.push({ id, level, ticket: result });
}

function breakDisk(faults: FaultFs, random: SeededRandom): void {
  const times = 1 + random.below(3);
  faults.fail({ operation: 'pwrite', path: /commitlog/, code: random.pick(['EIO', 'ENOSPC']), times });
  if (random.below(2) === 0) faults.fail({ operation: 'open', path: /delayOffset/, code: 'ENOSPC', times });
}

/** Ends the life; gives the position in the log below which nothing can be lost. */
async function end(
  { ending, disk, fs, random }: LifePlan,
  { store, service }: { store: MessageStore; service: ScheduleMessageService },
): Promise<number> {
  if (ending === 'clean') {
    service.stop();
    await store.shutdown();
    try {
      service.persistNow();
    } catch (error) {
      if (!(error instanceof FsError && disk === 'failing')) throw error;
    }
    return store.marks.flushed;
  }
  const { written, flushed } = store.marks;
  if (ending === 'kill') fs.kill();
  else if (random.below(2) === 0) fs.crash();
  else fs.crash({ random: () => random.next(), keep: random.next() });
  return ending === 'kill' ? written : flushed;
}
