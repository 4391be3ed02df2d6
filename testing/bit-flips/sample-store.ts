import type { MessageStoreConfig } from '../../src/config/message-store-config.ts';
import type { StorePorts } from '../../src/store/ports.ts';
import { FakeClock } from '../fake-clock.ts';
import { MemFs } from '../mem-fs.ts';
import { SeededRandom } from '../seeded-random.ts';
import { openTestStore, put, splitRecords, type TestMessage, type TestStore } from '../store-fixture.ts';
import { stateFiles } from './state-files.ts';

/** Where the store lies in its file system. */
export const ROOT = '/store';
/** Small files, so that the log has more than three. */
export const SETTINGS = { maxHashSlotNum: 32, maxIndexNum: 120 };
/** With extension files, of which the first queue has several. */
const EXT_SETTINGS = { ...SETTINGS, enableConsumeQueueExt: true, mappedFileSizeConsumeQueueExt: 1024 };

/** Settings and ports of a store; with `ext` every message has a unit, most with a bit map. */
export function optionsOf(ext: boolean): { changes: Partial<MessageStoreConfig>; ports: StorePorts } {
  if (!ext) return { changes: SETTINGS, ports: {} };
  const bitMapOf = (_topic: string, bytes: Buffer, start: number, end: number): Uint8Array | undefined =>
    (end - start) % 5 === 0 ? undefined : Uint8Array.of(end - start, bytes[start] as number, 0, 7);
  return { changes: EXT_SETTINGS, ports: { filterBitMap: { bitMapOf } } };
}

const MESSAGES = 150;
/** Written after the last flush of the queues: a crash finds them in the log only. */
const LATE_MESSAGES = 12;

/** All files of a directory by path. */
export type Image = ReadonlyMap<string, Buffer>;

/** A record as it was written. */
export interface KnownRecord {
  readonly phyOffset: number;
  readonly bytes: Buffer;
  readonly topic: string;
  readonly queueId: number;
  readonly queueOffset: number;
  /** False for a prepared message, which is in the log only. */
  readonly isQueued: boolean;
  readonly keys: readonly string[];
}

/** A store, once after a clean stop and once as a kill left it, and all that was put into it. */
export interface SampleStore {
  readonly images: { readonly clean: Image; readonly crashed: Image };
  readonly records: readonly KnownRecord[];
  readonly logEnd: number;
  /** With extension files. */
  readonly ext: boolean;
  /** When the last message was put. */
  readonly nowMs: number;
}

/** How the last run ended before the bit changed. */
export type Stop = keyof SampleStore['images'];

/** Builds it; the same for a seed. */
export async function sampleStore(seed: number, ext = false): Promise<SampleStore> {
  const random = new SeededRandom(seed);
  const clock = new FakeClock();
  const fs = new MemFs({ now: () => clock.now() });
  const test = openTestStore(fs, ROOT, { clock, ...optionsOf(ext) });
  const places: Omit<KnownRecord, 'bytes'>[] = [];
  for (let index = 0; index < MESSAGES; index++) {
    if (index === MESSAGES - LATE_MESSAGES) await clock.advanceAsync(70_000, 500);
    const message = messageOf(index, random);
    const ticket = put(test.store, message);
    places.push({
      phyOffset: ticket.phyOffset,
      topic: message.topic,
      queueId: message.queueId,
      queueOffset: ticket.queueOffset,
      isQueued: message.sysFlag !== 4,
      keys: message.keys,
    });
    clock.advance(200);
  }
  await clock.advanceAsync(1000, 500);
  const records: KnownRecord[] = [];
  for (const place of places) records.push({ ...place, bytes: await recordAt(test, place.phyOffset) });
  for (const [path, text] of stateFiles(`${ROOT}/config`)) fs.install(path, Buffer.from(text));
  const crashed = imageOf(fs);
  const logEnd = test.store.getMaxPhyOffset();
  await test.store.shutdown();
  return { images: { clean: imageOf(fs), crashed }, records, logEnd, ext, nowMs: clock.now() };
}

/** A file system with the files of an image. */
export function fsOf(image: Image, nowMs: number): MemFs {
  const fs = new MemFs({ now: () => nowMs });
  for (const [path, content] of image) fs.install(path, content);
  return fs;
}

function messageOf(index: number, random: SeededRandom): TestMessage & KeptOfMessage {
  const [topic, queueId] = QUEUES[index % 3 === 0 ? index % QUEUES.length : 0] as (typeof QUEUES)[number];
  const length = random.next() < 0.1 ? 0 : random.below(300);
  const body = Buffer.from(Array.from({ length }, () => random.below(256)));
  const keys = [`uniq${index}`, ...(index % 2 === 0 ? [`key${index}`, `shared${index % 5}`] : [])];
  const [unique = '', ...others] = keys;
  return {
    ...{ topic, queueId, body, keys },
    sysFlag: index % 17 === 5 ? 4 : index % 17 === 7 ? 8 : 0,
    v6: index % 7 === 3,
    properties: { UNIQ_KEY: unique, ...(others.length > 0 ? { KEYS: others.join(' ') } : {}), TAGS: `Tag${index % 3}` },
  };
}

interface KeptOfMessage {
  readonly topic: string;
  readonly queueId: number;
  readonly sysFlag: number;
  readonly keys: readonly string[];
}

/** Every queue of the sample; the first has most messages, so that it has more than three files. */
export const QUEUES = [
  ['TopicA', 0],
  ['TopicA', 1],
  ['TopicB', 0],
  ['%RETRY%group', 0],
  ['TopicA', 17],
] as const;

async function recordAt({ store }: TestStore, phyOffset: number): Promise<Buffer> {
  const found = await store.selectOneMessageByOffset(phyOffset);
  const [record] = splitRecords(found instanceof Buffer ? found : undefined);
  if (record === undefined) throw new Error(`no record at ${phyOffset}`);
  return Buffer.from(record);
}

function imageOf(fs: MemFs): Image {
  const image = new Map<string, Buffer>();
  for (const path of fs.files()) image.set(path, fs.readFile(path, 1 << 30) as Buffer);
  return image;
}
