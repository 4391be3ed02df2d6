import type { SeededRandom } from '../../testing/seeded-random.ts';
import { formatProperties } from '../peer/records.ts';
import type { Outgoing } from '../peer/store-check.ts';

/** What one step of a writer sends. */
export type Step =
  | { readonly kind: 'single' | 'oneway'; readonly message: Outgoing }
  | { readonly kind: 'batch'; readonly messages: readonly Outgoing[] }
  | { readonly kind: 'delayed'; readonly message: Outgoing; readonly level: number }
  | { readonly kind: 'transaction'; readonly message: Outgoing; readonly end: 'commit' | 'rollback' | 'open' };

/** Topics of a series; each has four queues, made when the first message comes. */
export const doorTopics = ['DoorPlain', 'DoorKeys', 'DoorBatch', 'DoorLater'] as const;
/** Queues of each topic. */
export const doorQueues = 4;
/** Cluster of every broker of a series, which brokers write into single messages. */
export const doorCluster = 'DoorCluster';

/** What the choices of one lane depend on. */
export interface StepContext {
  readonly random: SeededRandom;
  /** Begins every unique key; no two lanes share it. */
  readonly prefix: string;
  readonly commitLogFileBytes: number;
  /** Whether delayed messages are among them. */
  readonly delayed: boolean;
  /** Whether transactional messages are among them. */
  readonly transactional: boolean;
}

/** The next step of a lane: mostly singles of all shapes, some batches, oneway, later kinds and very large ones. */
export function nextStep(context: StepContext, number: number): Step {
  const { random } = context;
  const choice = random.below(100);
  const name = `${context.prefix}-${number}`;
  if (choice < 10) return { kind: 'batch', messages: batchOf(context, name) };
  if (choice < 15) return { kind: 'oneway', message: messageOf(context, name, 'DoorPlain') };
  if (choice < 17) return { kind: 'single', message: nearFileSize(context, name) };
  if (context.delayed && choice < 25) {
    const message = messageOf(context, name, 'DoorLater');
    // Levels whose time does not come while the test runs, and sometimes one that is delivered at once.
    return { kind: 'delayed', message, level: random.below(10) === 0 ? 1 : 15 + random.below(4) };
  }
  if (context.transactional && choice < 33) {
    const end = random.pick(['commit', 'commit', 'rollback', 'open'] as const);
    return { kind: 'transaction', message: messageOf(context, name, 'DoorLater'), end };
  }
  return { kind: 'single', message: messageOf(context, name, random.pick(doorTopics)) };
}

function batchOf(context: StepContext, name: string): Outgoing[] {
  const { random } = context;
  const queueId = random.below(doorQueues);
  return Array.from({ length: 1 + random.below(12) }, (_, index) => {
    return { ...messageOf(context, `${name}.${index}`, 'DoorBatch'), queueId };
  });
}

function messageOf({ random, prefix }: StepContext, name: string, topic: string): Outgoing {
  const properties: Record<string, string> = { UNIQ_KEY: name, WAIT: random.below(5) === 0 ? 'false' : 'true' };
  const keys = [name.replace('-', '_'), `${prefix}-shared${random.below(20)}`, `键${name}`, `${name}é`];
  if (random.below(3) > 0) properties['TAGS'] = random.pick(['TagA', 'TagB', '标签', 'Å ø', 'a'.repeat(200)]);
  if (random.below(3) > 0)
    properties['KEYS'] = random
      .shuffled(keys)
      .slice(0, 1 + random.below(4))
      .join(' ');
  if (random.below(12) === 0) properties['KEYS'] = ` ${name}.twice  ${name}.twice `;
  if (random.below(8) === 0) properties['empty'] = '';
  if (random.below(12) === 0) properties['DELAY'] = '0';
  if (random.below(4) === 0) properties['colour'] = random.pick(['rot', 'grün', '赤', 'x'.repeat(1_000)]);
  const flag = random.below(5) === 0 ? random.below(0x7fffffff) - 0x40000000 : 0;
  return { topic, queueId: random.below(doorQueues), flag, properties, body: bodyOf(random, name) };
}

function bodyOf(random: SeededRandom, name: string): Buffer {
  const shape = random.below(10);
  if (shape === 0) return Buffer.alloc(0);
  if (shape === 1) return Buffer.from([random.below(256)]);
  if (shape === 2) return Buffer.from(`${name} ✓ 消息 ${'🐉ß'.repeat(random.below(120))}`);
  if (shape === 3) return Buffer.alloc(random.below(3_000), random.below(256));
  return Buffer.from(`${name} ${'abcdefghij'.repeat(random.below(60))}`);
}

const fixedRecordBytes = 91;
const blankBytes = 8;

/** A record that fills a CommitLog file of its own up to the last possible byte, or nearly. */
function nearFileSize(context: StepContext, name: string): Outgoing {
  const message = messageOf(context, name, 'DoorPlain');
  const stored = formatProperties({ ...message.properties, CLUSTER: doorCluster });
  const overhead = fixedRecordBytes + message.topic.length + Buffer.byteLength(stored);
  const spare = context.random.pick([0, 0, 1, 7, 8, 300]);
  const length = context.commitLogFileBytes - blankBytes - overhead - spare;
  return { ...message, body: Buffer.alloc(length, `${name} `) };
}
