import { closeSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { encodeRecord, RecordDraft, recordSizeBytes, writeBlank } from '../../src/codec/message.ts';
import { encodeHost } from '../../src/codec/message-id.ts';
import { defaultBrokerConfigs } from '../../src/config/configs.ts';
import { systemEnvironment } from '../../src/config/environment.ts';
import { MessageDraft } from '../../src/store/message-draft.ts';
import { MessageStore } from '../../src/store/message-store.ts';
import { systemClock } from '../../src/util/clock.ts';
import { silentLogger } from '../../src/util/logger.ts';
import { nodeFs } from '../../src/util/node-fs.ts';

const fileBytes = 1 << 30;
const blankBytes = 8;
const bigBodyBytes = 4 << 20;
const bigTopic = Buffer.from('BigTopic');
const smallBodyBytes = 100;
const smallPerTurn = 256;

/** What lies in a store made by {@link buildBigStore}. */
export interface BigStore {
  /** Bytes of CommitLog up to its end; most of it is holes. */
  readonly logBytes: number;
  readonly topics: readonly string[];
  readonly queuesPerTopic: number;
  readonly messagesPerQueue: number;
}

export interface BigStoreOptions {
  readonly storeDir: string;
  /** Apparent bytes of messages with bodies of 4 MiB of zeros. */
  readonly bigBytes: number;
  readonly queues: number;
  readonly messagesPerQueue: number;
}

/** Settings beyond the paths that both brokers need to open the store: records of 4 MiB do not fit the default. */
export const bigStoreSettings = { maxMessageSize: String(5 << 20) } as const;

/**
 * Makes a store that looks like one of a busy host: a long log, many queues, small messages at its end. The long part
 * costs no disk: its bodies are holes.
 */
export async function buildBigStore(options: BigStoreOptions): Promise<BigStore> {
  const { storeDir, queues, messagesPerQueue } = options;
  const bigCount = Math.ceil(options.bigBytes / bigBodyBytes);
  writeBigRecords(join(storeDir, 'commitlog'), bigCount);
  const topicCount = Math.max(1, Math.round(queues / 1000));
  const queuesPerTopic = Math.ceil(queues / topicCount);
  const topics = Array.from({ length: topicCount }, (_, index) => `Many${index}`);
  const store = openStore(storeDir);
  store.start();
  const draft = smallDraft();
  let serial = 0;
  for (let round = 0; round < messagesPerQueue; round++) {
    for (const topic of topics) {
      for (let queueId = 0; queueId < queuesPerTopic; queueId++) {
        putSmall(store, draft, topic, queueId, serial++);
        if (serial % smallPerTurn === 0) await endTurn();
      }
    }
  }
  await endTurn();
  const logBytes = store.getMaxPhyOffset();
  await store.shutdown();
  return { logBytes, topics, queuesPerTopic, messagesPerQueue };
}

function openStore(storeDir: string): MessageStore {
  const { messageStoreConfig: config } = defaultBrokerConfigs(systemEnvironment(process.env));
  config.storePathRootDir = storeDir;
  config.storePathCommitLog = join(storeDir, 'commitlog');
  config.maxMessageSize = Number(bigStoreSettings.maxMessageSize);
  return MessageStore.open({ fs: nodeFs, clock: systemClock, log: silentLogger, config });
}

function smallDraft(): MessageDraft {
  const draft = new MessageDraft();
  draft.reset();
  draft.bornHost = host();
  draft.storeHost = host();
  draft.body = Buffer.alloc(smallBodyBytes, 'x');
  draft.bodyEnd = smallBodyBytes;
  return draft;
}

function putSmall(store: MessageStore, draft: MessageDraft, topic: string, queueId: number, serial: number): void {
  draft.topic = topic;
  draft.topicBytes = Buffer.from(topic);
  draft.queueId = queueId;
  draft.bornTimestamp = Date.now();
  draft.properties = Buffer.from(`UNIQ_KEY\u0001${serial.toString(16).padStart(32, '0').toUpperCase()}\u0002`);
  draft.propertiesStart = 0;
  draft.propertiesEnd = draft.properties.length;
  const result = store.putMessage(draft);
  if (!result.accepted) throw new Error(`${result.status}: ${result.remark}`);
}

/** Files of 1 GiB of which only the heads and tails of records are written. */
function writeBigRecords(dir: string, count: number): void {
  mkdirSync(dir, { recursive: true });
  const draft = new RecordDraft();
  draft.bornHost = host();
  draft.storeHost = host();
  draft.body = Buffer.alloc(bigBodyBytes);
  draft.bodyEnd = bigBodyBytes;
  draft.topic = bigTopic;
  draft.topicEnd = bigTopic.length;
  draft.bornTimestamp = Date.now();
  draft.storeTimestamp = draft.bornTimestamp;
  const size = recordSizeBytes(draft.bornHost.length, draft.storeHost.length, bigBodyBytes, bigTopic.length, 0);
  const record = Buffer.alloc(size);
  const headBytes = size - bigBodyBytes - bigTopic.length - 3;
  let file = -1;
  for (let index = 0, offset = 0; index < count; index++, offset += size) {
    const room = fileBytes - (offset % fileBytes);
    if (file >= 0 && size + blankBytes > room) {
      const blank = Buffer.alloc(blankBytes);
      writeBlank(blank, 0, room);
      writeSync(file, blank, 0, blankBytes, offset % fileBytes);
      offset += room;
      closeSync(file);
      file = -1;
    }
    if (file < 0) {
      file = openSync(join(dir, String(offset).padStart(20, '0')), 'w+');
      ftruncateSync(file, fileBytes);
    }
    draft.queueOffset = index;
    draft.phyOffset = offset;
    encodeRecord(record, 0, draft);
    const at = offset % fileBytes;
    writeSync(file, record, 0, headBytes, at);
    writeSync(file, record, headBytes + bigBodyBytes, size - headBytes - bigBodyBytes, at + headBytes + bigBodyBytes);
  }
  if (file >= 0) closeSync(file);
}

function host(): Buffer {
  return encodeHost('127.0.0.1', 10_911) ?? Buffer.alloc(0);
}

function endTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
