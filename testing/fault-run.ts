import { encodeBatch } from '../src/codec/message-batch.ts';
import type { MessageStore } from '../src/store/message-store.ts';
import type { PutResult, PutTicket } from '../src/store/results.ts';
import { type Fs, FsError } from '../src/util/fs.ts';
import { StateFile } from '../src/util/state-file.ts';
import { NEEDS_FLUSHED } from '../src/util/ticket.ts';
import { collectingLogger } from './collecting-logger.ts';
import { FakeClock } from './fake-clock.ts';
import { FaultFs } from './fault-fs.ts';
import { MemFs } from './mem-fs.ts';
import { SeededRandom } from './seeded-random.ts';
import { bodyOf, draftOf, openTestStore, splitRecords } from './store-fixture.ts';

/** What goes wrong with the disk in one run. */
export interface FaultCase {
  /** The changing operation of the run that is hit first, from 1 on. */
  readonly at: number;
  /** EIO, ENOSPC: the operation fails; short: a transfer moves 100 bytes; torn: it does, and the rest fails. */
  readonly kind: 'EIO' | 'ENOSPC' | 'short' | 'torn';
  /** How many operations in a row are hit. */
  readonly times: number;
  /** After the run: an orderly stop on a disk that works again, or power loss. */
  readonly end: 'stop' | 'power loss';
}

/** Lets a test break something: the file system as the store sees it. */
export type Wrap = (fs: Fs) => Fs;

const ROOT = '/store';
const OFFSETS = '/store/config/consumerOffset.json';
const TOPICS = '/store/config/topics.json';
const STEPS = 24;
const LASTING = 25;
const CHANGES = { flushDiskType: 'SYNC_FLUSH' as const, mappedFileSizeCommitLog: 4096 };

/** How many changing operations a run without faults has. */
export async function countOperations(): Promise<number> {
  const run = new FaultRun((fs) => fs);
  await run.work();
  await run.stop();
  return run.fs.changes;
}

/** Every case of `operations` operations: each kind, once and for a while, with both ends. */
export function* allCases(operations: number): Generator<FaultCase> {
  for (let at = 1; at <= operations; at += 1) {
    for (const end of ['stop', 'power loss'] as const) {
      for (const kind of ['EIO', 'ENOSPC'] as const) {
        yield { at, kind, times: 1, end };
        yield { at, kind, times: LASTING, end };
      }
      yield { at, kind: 'short', times: 1, end };
      yield { at, kind: 'torn', times: 2, end };
    }
  }
}

/** Runs one case; gives what is wrong, nothing when all is well. */
export async function runCase(test: FaultCase, wrap: Wrap = (fs) => fs): Promise<string[]> {
  const run = new FaultRun(wrap);
  const code = test.kind === 'EIO' ? 'EIO' : 'ENOSPC';
  const effect = { EIO: { code }, ENOSPC: { code }, short: { to: 100 }, torn: { to: 100, code } }[test.kind];
  run.fs.hitNth({ first: test.at, times: test.times, ...effect });
  await run.work();
  if (test.end === 'stop') {
    if (run.fs.struck.length > 0) await run.healAndGoOn();
    await run.stop();
    run.fs.heal();
  } else {
    if (run.fs.struck.length === 0) await run.stop();
    run.losePower(test.at);
  }
  run.checkLog(code);
  for (let start = 1; start <= 3; start += 1) await run.checkAfterStart(start);
  return run.problems;
}

/** A message that was sent, and what its sender was promised. */
interface Sent {
  readonly topic: string;
  readonly queueId: number;
  readonly bodies: readonly string[];
  readonly ticket: PutTicket;
  answered: boolean;
  /** Decided when the run has ended: it has to be there from now on. */
  kept: boolean;
}

class FaultRun {
  readonly memory = new MemFs();
  readonly fs = new FaultFs(this.memory, { dropsUnsynced: true });
  readonly problems: string[] = [];
  readonly #seen: Fs;
  readonly #clock = new FakeClock();
  readonly #log = collectingLogger();
  readonly #errors: unknown[] = [];
  readonly #sent: Sent[] = [];
  readonly #offsets: StateFile;
  readonly #topics: StateFile;
  #store: MessageStore | undefined;
  #number = 0;
  #savedOffset = 0;
  #savedTopics = 0;

  constructor(wrap: Wrap) {
    this.#seen = wrap(this.fs);
    const files = { fs: this.#seen, log: this.#log };
    this.#offsets = new StateFile({ ...files, path: OFFSETS });
    this.#topics = new StateFile({ ...files, path: TOPICS });
  }

  /** Starts a store, sends, rolls files, flushes, saves state; whatever fails is noted. */
  async work(): Promise<void> {
    if (!(await this.#tryOpen())) {
      // A start that fails must not keep the next one from working.
      this.fs.heal();
      this.#clock.advance(11_000);
      if (!(await this.#tryOpen())) {
        this.problems.push(`the start after a failed one failed: ${String(this.#errors.at(-1))}`);
        return;
      }
    }
    for (let step = 0; step < STEPS; step += 1) {
      this.#sendSome(step);
      await this.#turns();
      if (step % 4 === 3) await this.#saveOffsets(step);
      if (step % 8 === 5) this.#saveTopics(step);
      if (step % 6 === 2) await this.#pass(1_500);
      if (step === 10) await this.#pass(62_000);
      if (step === 17) await this.#pass(12_000);
    }
  }

  /** The disk works again: what can end by itself has to, and then messages are taken. */
  async healAndGoOn(): Promise<void> {
    const store = this.#store;
    if (store === undefined) return;
    this.fs.heal();
    await this.#pass(65_000);
    const { trouble } = store;
    if (trouble === undefined) this.#sendSome(1);
    else if (!this.#mayNeedRestart(trouble)) this.problems.push(`does not end by itself: ${trouble}`);
    await this.#turns();
    this.#checkBehindEnd(store);
    await this.#saveOffsets(STEPS);
    this.#saveTopics(STEPS);
    if (this.#savedOffset !== STEPS || this.#savedTopics !== STEPS) this.problems.push('state files cannot be saved');
  }

  async stop(): Promise<void> {
    await this.#attempt(() => this.#store?.shutdown());
    const { struck } = this.fs;
    const failedForAWhile = struck.length > 1 && this.memory.stat(`${ROOT}/abort`) !== undefined;
    this.#decide(!failedForAWhile);
  }

  losePower(seed: number): void {
    this.fs.heal();
    this.#decide(false);
    const random = new SeededRandom(seed);
    if (seed % 2 === 0) this.memory.crash();
    else this.memory.crash({ random: () => random.next(), keep: 0.5 });
  }

  /** Somewhere an operator reads which file it was, and which error. */
  checkLog(code: string): void {
    const { struck } = this.fs;
    const [first] = struck;
    if (first === undefined || !this.fs.hasFailed) return;
    const named = (text: string): boolean => text.includes(code) && struck.some(({ path }) => text.includes(path));
    const lines = this.#log.lines.filter(({ level }) => level === 'error' || level === 'warn');
    if (lines.some(({ fields }) => named(Object.values(fields).map(describe).join(' ')))) return;
    if (this.#errors.some((error) => named(describe(error)))) return;
    this.problems.push(`nobody tells of ${first.operation} of ${first.path}: ${code}`);
  }

  /** Opens what is left, on a disk without faults; everything promised must be there. */
  async checkAfterStart(start: number): Promise<void> {
    this.#clock.advance(11_000);
    let store: MessageStore;
    try {
      ({ store } = openTestStore(this.memory, ROOT, { clock: this.#clock, changes: CHANGES }));
    } catch (error) {
      this.problems.push(`start ${start} failed: ${String(error)}`);
      return;
    }
    for (const sent of this.#sent) {
      if (sent.kept) await this.#checkSent(store, sent, start);
    }
    await this.#checkQueues(store, start);
    this.#checkStateFiles(start);
    const before = this.#sent.length;
    this.#store = store;
    this.#sendSome(1);
    this.#clock.endTurn();
    const added = this.#sent.slice(before);
    for (const sent of added) sent.kept = true;
    if (added.length === 0) this.problems.push(`start ${start} takes no messages`);
    await store.shutdown();
    if (this.memory.stat(`${ROOT}/abort`) !== undefined) this.problems.push(`stop ${start} was not clean`);
  }

  async #tryOpen(): Promise<boolean> {
    try {
      const log = this.#log;
      const { store } = openTestStore(this.#seen, ROOT, { clock: this.#clock, changes: CHANGES, log, started: false });
      this.#store = store;
      this.#listen(store);
      store.start();
      return true;
    } catch (error) {
      this.#errors.push(error);
      // As the root does it when a start fails half way.
      await this.#store?.shutdown();
      this.#store = undefined;
      return false;
    }
  }

  /** Replies leave as remoting lets them: when the marks allow it. */
  #listen(store: MessageStore): void {
    store.onMarks(({ written, flushed }) => {
      for (const sent of this.#sent) {
        const { ticket } = sent;
        const isDurable = (ticket.needs & NEEDS_FLUSHED) === 0 || ticket.endOffset <= flushed;
        if (!ticket.failed && ticket.endOffset <= written && isDurable) sent.answered = true;
      }
    });
  }

  #sendSome(step: number): void {
    for (let count = 0; count < 3; count += 1) {
      this.#number += 1;
      const topic = this.#number % 3 === 0 ? 'TopicB' : 'TopicA';
      const queueId = this.#number % 2;
      const WAIT = this.#number % 5 === 0 ? 'false' : 'true';
      const body = `m${this.#number}`.padEnd(60 + 40 * (this.#number % 7), '.');
      if (count === 2 && step % 3 === 0) this.#sendBatch(topic, queueId, body);
      else {
        const properties = { KEYS: `k${this.#number}`, WAIT };
        const draft = draftOf({ topic, queueId, body, properties });
        this.#note(topic, queueId, [body], this.#store?.putMessage(draft));
      }
    }
  }

  #sendBatch(topic: string, queueId: number, text: string): void {
    const bodies = [`${text}a`, `${text}b`, `${text}c`];
    const members = bodies.map((body) => ({ flag: 0, body: Buffer.from(body), properties: Buffer.alloc(0) }));
    const draft = draftOf({ topic, queueId, body: encodeBatch(members) });
    this.#note(topic, queueId, bodies, this.#store?.putMessages(draft));
  }

  #note(topic: string, queueId: number, bodies: string[], result: PutResult | undefined): void {
    if (result?.accepted === true)
      this.#sent.push({ topic, queueId, bodies, ticket: result, answered: false, kept: false });
  }

  /** The end of this turn, and some more for the thread pool. */
  async #turns(): Promise<void> {
    const before = this.fs.struck.length;
    this.#clock.endTurn();
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    if (this.fs.struck.length > before && this.#store !== undefined) this.#checkBehindEnd(this.#store);
  }

  async #pass(ms: number): Promise<void> {
    await this.#clock.advanceAsync(ms, 1_000);
    await this.#turns();
  }

  async #saveOffsets(value: number): Promise<void> {
    if (await this.#offsets.save(() => JSON.stringify({ value }))) this.#savedOffset = value;
  }

  #saveTopics(value: number): void {
    try {
      this.#topics.saveNow(JSON.stringify({ value }));
      this.#savedTopics = value;
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      this.#errors.push(error);
    }
  }

  /**
   * What has to be there from now on: what was told to be on disk, and, unless the power went or the disk failed for
   * the whole stop, everything that was answered.
   */
  #decide(keepsAnswered: boolean): void {
    const flushed = this.#store?.marks.flushed ?? 0;
    for (const sent of this.#sent) {
      sent.kept = !sent.ticket.failed && (sent.ticket.endOffset <= flushed || (keepsAnswered && sent.answered));
    }
  }

  async #attempt(act: () => Promise<void> | undefined): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.problems.push(`a stop threw: ${String(error)}`);
    }
  }

  #mayNeedRestart(trouble: string): boolean {
    const derived = this.fs.struck.some(
      ({ operation, path }) => operation === 'fdatasync' && /index|consumequeue/.test(path),
    );
    return derived && trouble.endsWith('the broker must be started again');
  }

  /** No half record: behind the end of the log all is zero, unless even zeroing failed and the log says so. */
  #checkBehindEnd(store: MessageStore): void {
    if (this.#log.lines.some(({ text }) => text === 'could not zero what a failed write left')) return;
    const end = store.getMaxPhyOffset();
    const start = end - (end % CHANGES.mappedFileSizeCommitLog);
    const content = this.memory.readFile(`${ROOT}/commitlog/${String(start).padStart(20, '0')}`, 1 << 20);
    const isZero = content?.subarray(end - start).every((byte) => byte === 0) ?? true;
    if (!isZero) this.problems.push(`half a record behind ${end}`);
  }

  async #checkSent(store: MessageStore, sent: Sent, start: number): Promise<void> {
    const { topic, queueId, bodies, ticket } = sent;
    for (const [at, body] of bodies.entries()) {
      const offset = ticket.queueOffset + at;
      const found = await store.getMessage({ topic, queueId, offset, maxMsgNums: 1 });
      const record = found?.status === 'FOUND' ? splitRecords(found.body)[0] : undefined;
      if (record !== undefined && bodyOf(record) === body) continue;
      this.problems.push(
        `start ${start}: ${topic}-${queueId} lacks ${body.slice(0, 5)} at ${offset}: ${found?.status}`,
      );
    }
  }

  /** Every offset of every queue has its message, and no message stands twice. */
  async #checkQueues(store: MessageStore, start: number): Promise<void> {
    for (const topic of ['TopicA', 'TopicB']) {
      for (const queueId of [0, 1]) {
        const seen = new Set<string>();
        const max = store.getMaxOffsetInQueue(topic, queueId);
        for (let offset = store.getMinOffsetInQueue(topic, queueId); offset < max; ) {
          const found = await store.getMessage({ topic, queueId, offset, maxMsgNums: 32 });
          const records = found?.status === 'FOUND' ? splitRecords(found.body) : [];
          for (const record of records) seen.add(bodyOf(record));
          if (found?.nextBeginOffset !== offset + records.length || records.length === 0) {
            this.problems.push(`start ${start}: ${topic}-${queueId} has a gap at ${offset}: ${found?.status}`);
            break;
          }
          offset += records.length;
        }
        if (seen.size !== max) this.problems.push(`start ${start}: ${topic}-${queueId} has a message twice`);
      }
    }
  }

  #checkStateFiles(start: number): void {
    for (const [path, saved] of [
      [OFFSETS, this.#savedOffset],
      [TOPICS, this.#savedTopics],
    ] as const) {
      const file = new StateFile({ fs: this.memory, log: collectingLogger(), path });
      const value = file.load((text) => (JSON.parse(text) as { value: number }).value) ?? 0;
      if (value < saved) this.problems.push(`start ${start}: ${path} has ${value}, ${saved} was saved`);
    }
  }
}

/** An error with its causes, or a value of a log field, as text. */
function describe(value: unknown): string {
  if (value instanceof Error) return `${value.message} ${value.cause === undefined ? '' : describe(value.cause)}`;
  return typeof value === 'string' ? value : '';
}
