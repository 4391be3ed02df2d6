import { encodeBatch } from '../../src/codec/message-batch.ts';
import type { MessageStoreConfig } from '../../src/config/message-store-config.ts';
import { StoreLockedError } from '../../src/store/store-lock.ts';
import { type Fs, FsError } from '../../src/util/fs.ts';
import { silentLogger } from '../../src/util/logger.ts';
import { StateFile } from '../../src/util/state-file.ts';
import { FakeClock } from '../fake-clock.ts';
import { MemFs } from '../mem-fs.ts';
import { SeededRandom } from '../seeded-random.ts';
import { draftOf, openTestStore, type TestMessage, type TestStore } from '../store-fixture.ts';
import { INDEX_LAYOUT, QUEUE_FILE_BYTES } from './disk-check.ts';
import { LOG_FILE_BYTES, type LogImage, parseLog, ROOT, readFiles } from './log-image.ts';

/** State files of a recorded run: the first is saved at once, both in the background. */
export const STATE_FILES = ['topics.json', 'consumerOffset.json'] as const;
export type StateFileName = (typeof STATE_FILES)[number];

/** The life of one process, from the moment its start is done to the moment the next one's is. */
export interface Generation {
  /** Everything that was ever written in it; filled when the process ends. */
  log: LogImage;
  readonly torn: ReadonlySet<number>;
}

/** The disk right before a sync takes effect, with what was promised to anybody by then. */
export interface CrashPoint {
  readonly fs: MemFs;
  readonly nowMs: number;
  readonly generation: Generation;
  /** The log's flushed mark. */
  readonly safe: number;
  /** Versions of the state files whose save was told to be done. */
  readonly saved: Readonly<Record<StateFileName, number>>;
}

/** The machine is not up again sooner; an owner record that the loss left empty is not believed so long. */
export const BOOT_MS = 11_000;

/** A run and every place in it at which the power can go. */
export interface Recording {
  readonly points: readonly CrashPoint[];
  readonly changes: Partial<MessageStoreConfig>;
  /** What went wrong while it was recorded: a loss over a kill, or over a power loss that is part of the run. */
  readonly problems: readonly string[];
  readonly done: Readonly<Record<string, number>>;
}

export interface RecordOptions {
  readonly seed: number;
  readonly flushDiskType: 'ASYNC_FLUSH' | 'SYNC_FLUSH';
  readonly steps: number;
  /** Breaks a promise of the disk; see plants.ts. */
  readonly plant?: (fs: Fs) => Fs;
}

/** Settings of all stores of this harness. */
export function settingsFor(flushDiskType: 'ASYNC_FLUSH' | 'SYNC_FLUSH'): Partial<MessageStoreConfig> {
  return {
    flushDiskType,
    mappedFileSizeCommitLog: LOG_FILE_BYTES,
    mappedFileSizeConsumeQueue: QUEUE_FILE_BYTES,
    ...INDEX_LAYOUT,
    flushCommitLogThoroughInterval: 2000,
    flushConsumeQueueThoroughInterval: 5000,
  };
}

/** Runs a store through a seeded life of appends, rolls, saves, stops, kills and power losses. */
export async function record(options: RecordOptions): Promise<Recording> {
  const run = new RecordedRun(options);
  await run.run();
  return { points: run.points, changes: run.changes, problems: run.problems, done: run.done };
}

/** Text of a state file, long enough to be torn, and whole only if every part of it is of one version. */
export function stateText(version: number): string {
  return JSON.stringify({ version, padding: `${version},`.repeat(20 + (version % 7) * 60) });
}

/** The version of a whole text, undefined for any other. */
export function decodeState(text: string): number | undefined {
  const version = Number(/^\{"version":(\d+),/.exec(text)?.[1]);
  return Number.isSafeInteger(version) && stateText(version) === text ? version : undefined;
}

const EMPTY: LogImage = { bytes: Buffer.alloc(0), messages: [], end: 0, recordsEnd: 0 };

class RecordedRun {
  readonly points: CrashPoint[] = [];
  readonly problems: string[] = [];
  readonly done: Record<string, number> = {};
  readonly changes: Partial<MessageStoreConfig>;
  readonly #fs = new MemFs({ now: () => this.#clock.now() });
  readonly #seen: Fs;
  readonly #random: SeededRandom;
  readonly #steps: number;
  #clock = new FakeClock();
  #test: TestStore | undefined;
  #generation: Generation = { log: EMPTY, torn: new Set() };
  #safe = 0;
  #saved: Record<StateFileName, number> = { 'topics.json': 0, 'consumerOffset.json': 0 };
  #files = new Map<StateFileName, StateFile>();
  /** Operations until the process is killed in the middle of something. */
  #killIn = Number.POSITIVE_INFINITY;
  #killed = false;
  #serial = 0;
  #version = 0;

  constructor(options: RecordOptions) {
    this.changes = settingsFor(options.flushDiskType);
    this.#random = new SeededRandom(options.seed);
    this.#steps = options.steps;
    this.#seen = options.plant?.(this.#fs) ?? this.#fs;
    this.#fs.syncTakes = breathe;
    this.#fs.onOperation = (kind) => this.#onOperation(kind);
  }

  async run(): Promise<void> {
    await this.#start();
    for (let step = 0; step < this.#steps; step += 1) {
      const kind = this.#random.pick(STEPS);
      this.done[kind] = (this.done[kind] ?? 0) + 1;
      try {
        await this.#do(kind);
      } catch (error) {
        if (!this.#killed) throw error;
      }
      if (this.#killed) await this.#restart('kill');
    }
    this.#killIn = Number.POSITIVE_INFINITY;
    this.#addPoint();
    this.#endGeneration();
    this.#fs.kill();
  }

  async #do(kind: Step): Promise<void> {
    const { store, clock } = this.#test as TestStore;
    const random = this.#random;
    if (kind === 'put') this.#put(store.putMessage.bind(store), this.#message());
    else if (kind === 'batch') this.#put(store.putMessages.bind(store), this.#batch());
    else if (kind === 'endTurn') clock.endTurn();
    else if (kind === 'tick') clock.advance(random.pick([1, 40, 500, 2000]));
    else if (kind === 'breathe') await breathe();
    else if (kind === 'wait') await clock.advanceAsync(random.pick([1500, 6000, 12_000, 40_000]), 500);
    else if (kind === 'saveNow') this.#saveNow();
    else if (kind === 'save') this.#save(random.pick(STATE_FILES));
    else if (kind === 'stop') await this.#stop();
    else if (kind === 'killSoon') this.#killIn = random.below(12);
    else await this.#restart(kind);
  }

  #put(into: (draft: ReturnType<typeof draftOf>) => { readonly accepted: boolean }, message: TestMessage): void {
    into(draftOf(message));
  }

  #message(): TestMessage {
    const random = this.#random;
    const serial = this.#serial++;
    const size = random.below(10) === 0 ? 900 : random.below(80);
    const properties: Record<string, string> = { UNIQ_KEY: `u${serial}` };
    if (random.below(2) === 0) properties['KEYS'] = `k${serial} shared${serial % 3}`;
    if (random.below(3) === 0) properties['TAGS'] = `tag${serial % 5}`;
    const topic = random.below(4) === 0 ? 'TopicB' : 'TopicA';
    const queueId = random.below(3) === 0 ? random.below(3) : 0;
    const sysFlag = random.below(25) === 0 ? 4 : 0;
    return { topic, queueId, sysFlag, body: `${serial}:`.padEnd(size, 'x'), properties };
  }

  #batch(): TestMessage {
    const members = Array.from({ length: 2 + this.#random.below(5) }, () => {
      const serial = this.#serial++;
      const properties = Buffer.from(`UNIQ_KEY\u0001u${serial}\u0002`);
      return { flag: 0, body: Buffer.from(`${serial}:`), properties };
    });
    return { topic: 'TopicA', queueId: 1, body: encodeBatch(members) };
  }

  #saveNow(): void {
    const version = ++this.#version;
    this.#files.get('topics.json')?.saveNow(stateText(version));
    this.#saved = { ...this.#saved, 'topics.json': version };
  }

  #save(name: StateFileName): void {
    const file = this.#files.get(name);
    let version = 0;
    const text = (): string => {
      version = ++this.#version;
      return stateText(version);
    };
    void file?.save(text).then((done) => {
      // A later save may have asked for its own text in place of this one.
      if (done && version > this.#saved[name] && this.#files.get(name) === file) {
        this.#saved = { ...this.#saved, [name]: version };
      }
    });
  }

  async #stop(): Promise<void> {
    this.#test?.clock.endTurn();
    await this.#test?.store.shutdown();
    // What is saved in the background at a stop is waited for by the broker.
    for (let turn = 0; turn < 4; turn += 1) await breathe();
    if (!this.#killed) await this.#restart('stop');
  }

  async #restart(how: 'kill' | 'stop' | 'powerLoss'): Promise<void> {
    const written = this.#test?.store.marks.written ?? 0;
    this.#addPoint();
    this.#endGeneration();
    this.#files.clear();
    this.#killed = false;
    this.#killIn = how === 'kill' && this.#random.below(3) === 0 ? this.#random.below(30) : Number.POSITIVE_INFINITY;
    const safe = how === 'powerLoss' ? this.#safe : written;
    if (how === 'powerLoss') {
      const { random, keep } = { random: () => this.#random.next(), keep: this.#random.pick([0, 0.5, 0.9]) };
      this.#fs.crash({ random, keep });
      this.#clock.setWallClock(this.#clock.now() + BOOT_MS);
    } else this.#fs.kill();
    this.#test = undefined;
    await this.#start();
    const { messages } = this.#generation.log;
    const promised = messages.findLast(({ endOffset }) => endOffset <= safe)?.endOffset ?? 0;
    const end = this.#safe;
    if (end < promised) this.problems.push(`after a ${how} the log ended at ${end}, ${promised} was promised`);
    this.#nextGeneration();
  }

  /** Opens the store; a start that is killed is tried again. */
  async #start(): Promise<void> {
    for (;;) {
      this.#clock = new FakeClock(this.#clock.now() + 1);
      try {
        this.#test = openTestStore(this.#seen, ROOT, { changes: this.changes, clock: this.#clock });
        this.#safe = this.#test.store.marks.flushed;
        break;
      } catch (error) {
        // A kill while the owner record was written leaves one that keeps others out until it is old.
        if (error instanceof StoreLockedError) this.#clock.setWallClock(this.#clock.now() + BOOT_MS);
        else if (!this.#killed) throw error;
        this.#killed = false;
        this.#killIn = Number.POSITIVE_INFINITY;
        this.#fs.kill();
      }
    }
    for (const name of STATE_FILES) {
      const file = new StateFile({ fs: this.#seen, log: silentLogger, path: `${ROOT}/config/${name}` });
      this.#files.set(name, file);
      const version = file.load(decodeState) ?? 0;
      if (version < this.#saved[name]) this.problems.push(`${name} has ${version}, ${this.#saved[name]} was saved`);
    }
    await breathe();
  }

  #endGeneration(): void {
    const bytes = readFiles(this.#fs, `${ROOT}/commitlog`, LOG_FILE_BYTES);
    // A kill between creation and sizing leaves an empty file behind the log.
    if (typeof bytes !== 'string') this.#generation.log = parseLog(bytes, this.#generation.log);
    else this.#generation.log = parseLog(this.#logDespite(), this.#generation.log);
  }

  #logDespite(): Buffer {
    const parts = this.#fs.list(`${ROOT}/commitlog`).sort();
    return Buffer.concat(
      parts.map((name) => this.#fs.readFile(`${ROOT}/commitlog/${name}`, 1 << 20) ?? Buffer.alloc(0)),
    );
  }

  #nextGeneration(): void {
    const before = this.#generation;
    const log = parseLog(this.#logDespite(), before.log);
    const torn = new Set(before.torn);
    for (const [index, message] of log.messages.entries()) {
      const old = before.log.messages[index];
      if (old !== undefined && old !== message) torn.add(message.phyOffset);
    }
    this.#generation = { log, torn };
  }

  #onOperation(kind: 'change' | 'sync'): void {
    if (this.#killIn <= 0) this.#killed = true;
    // A dead process does nothing more; as a failed operation it ends what is under way.
    if (this.#killed) throw new FsError('killed', ROOT, 'EIO');
    this.#killIn -= 1;
    if (kind === 'sync') this.#addPoint();
  }

  #addPoint(): void {
    this.#safe = Math.max(this.#safe, this.#test?.store.marks.flushed ?? 0);
    const { nowMs, fs } = { nowMs: this.#clock.now(), fs: this.#fs.fork() };
    this.points.push({ fs, nowMs, generation: this.#generation, safe: this.#safe, saved: this.#saved });
  }
}

type Step = (typeof STEPS)[number];
const WEIGHTS = {
  ...{ put: 44, batch: 3, endTurn: 12, tick: 12, breathe: 12, wait: 3 },
  ...{ saveNow: 2, save: 4, stop: 1, kill: 1, killSoon: 2, powerLoss: 1 },
} as const;
const STEPS = Object.entries(WEIGHTS).flatMap(([kind, weight]) =>
  Array<keyof typeof WEIGHTS>(weight).fill(kind as keyof typeof WEIGHTS),
);

function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
