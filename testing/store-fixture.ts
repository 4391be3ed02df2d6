import { parseProperties, serialiseProperties } from '../src/codec/message-properties.ts';
import { createConfig } from '../src/config/key.ts';
import { type MessageStoreConfig, messageStoreConfigTable } from '../src/config/message-store-config.ts';
import { MessageDraft } from '../src/store/message-draft.ts';
import { MessageStore } from '../src/store/message-store.ts';
import type { StorePorts } from '../src/store/ports.ts';
import type { PutTicket } from '../src/store/results.ts';
import type { Fs } from '../src/util/fs.ts';
import { type Logger, silentLogger } from '../src/util/logger.ts';
import type { ProcInfo } from '../src/util/proc-info.ts';
import { FakeClock } from './fake-clock.ts';

/** Settings of a small store below `root`: files roll after a few dozen messages. */
export function storeConfig(root: string, changes: Partial<MessageStoreConfig> = {}): MessageStoreConfig {
  const config = createConfig(messageStoreConfigTable, {
    homeDir: '/home/test',
    variables: {},
    systemProperties: {},
    hostName: 'broker-host',
    localAddress: '127.0.0.1',
    cpuCount: 2,
  });
  return Object.assign(config, {
    storePathRootDir: root,
    storePathCommitLog: `${root}/commitlog`,
    mappedFileSizeCommitLog: 4096,
    mappedFileSizeConsumeQueue: 400,
    maxHashSlotNum: 20,
    maxIndexNum: 50,
    ...changes,
  });
}

let lastPid = 1000;

/** A process that sees itself alive and nobody else: the store's user before it is dead. */
export function testProc(): ProcInfo {
  lastPid += 1;
  const pid = lastPid;
  return {
    pid,
    bootId: () => 'boot',
    pidNamespace: () => 1,
    startTimeOf: (other) => (other === pid ? String(pid) : undefined),
    lockHolders: () => [],
  };
}

/** A store on a clock that the test moves. */
export interface TestStore {
  readonly store: MessageStore;
  readonly clock: FakeClock;
  readonly config: MessageStoreConfig;
}

/** Opens and starts a store. `clock` is passed on when a store is opened again. */
export function openTestStore(
  fs: Fs,
  root: string,
  options: {
    changes?: Partial<MessageStoreConfig>;
    clock?: FakeClock;
    ports?: StorePorts;
    log?: Logger;
    started?: boolean;
  } = {},
): TestStore {
  const { changes, clock = new FakeClock(), ports = {}, log = silentLogger, started = true } = options;
  const config = storeConfig(root, changes);
  const store = MessageStore.open({ fs, clock, log, config, ports, proc: testProc() });
  if (started) store.start();
  return { store, clock, config };
}

/** What a test says about a message; the rest is the same for all. */
export interface TestMessage {
  readonly topic?: string;
  readonly queueId?: number;
  readonly body?: string | Buffer;
  readonly properties?: Readonly<Record<string, string>>;
  readonly sysFlag?: number;
  readonly v6?: boolean;
}

const V4 = Buffer.from('7f0000010000 2a9f'.replace(' ', ''), 'hex');
const V6 = Buffer.from('00000000000000000000000000000001 00002a9f'.replace(' ', ''), 'hex');

/** A draft of the message, as a processor would fill it. */
export function draftOf(message: TestMessage, draft: MessageDraft = new MessageDraft()): MessageDraft {
  const { topic = 'TopicA', queueId = 0, body = 'hello', properties = {}, sysFlag = 0, v6 = false } = message;
  draft.reset();
  draft.topic = topic;
  draft.topicBytes = Buffer.from(topic);
  draft.queueId = queueId;
  draft.flag = 7;
  draft.sysFlag = sysFlag;
  draft.bornTimestamp = 1_700_000_000_000;
  draft.bornHost = v6 ? V6 : V4;
  draft.storeHost = v6 ? V6 : V4;
  draft.body = Buffer.from(body);
  draft.bodyEnd = draft.body.length;
  draft.properties = Buffer.from(serialiseProperties(Object.entries(properties)));
  draft.propertiesEnd = draft.properties.length;
  return draft;
}

/** Puts a message that must be accepted; it becomes visible with the end of the turn. */
export function put(store: MessageStore, message: TestMessage = {}): PutTicket {
  const result = store.putMessage(draftOf(message));
  if (!result.accepted) throw new Error(`${result.status}: ${result.remark}`);
  return result;
}

/** Bodies of a queue from an offset on, read as a consumer does until nothing is left. */
export async function readAll(store: MessageStore, topic = 'TopicA', queueId = 0, from = 0): Promise<string[]> {
  const bodies: string[] = [];
  let offset = from;
  for (;;) {
    const result = await store.getMessage({ topic, queueId, offset, maxMsgNums: 32 });
    if (result === undefined || result.status !== 'FOUND') return bodies;
    for (const record of splitRecords(result.body)) bodies.push(bodyOf(record));
    offset = result.nextBeginOffset;
  }
}

/** The records of an answer one by one. */
export function splitRecords(bytes: Buffer = Buffer.alloc(0)): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readInt32BE(at)) {
    records.push(bytes.subarray(at, at + bytes.readInt32BE(at)));
  }
  return records;
}

/** The body of a record with hosts of either family, as text. */
export function bodyOf(record: Buffer): string {
  const sysFlag = record.readInt32BE(36);
  const at = 68 + ((sysFlag & 0x10) === 0 ? 8 : 20) + ((sysFlag & 0x20) === 0 ? 8 : 20);
  return record.toString('utf8', at + 4, at + 4 + record.readInt32BE(at));
}

/** The properties of a record. */
export function propertiesOf(record: Buffer): Map<string, string> {
  const sysFlag = record.readInt32BE(36);
  let at = 68 + ((sysFlag & 0x10) === 0 ? 8 : 20) + ((sysFlag & 0x20) === 0 ? 8 : 20);
  at += 4 + record.readInt32BE(at);
  at += 1 + record.readInt8(at);
  return parseProperties(record.toString('utf8', at + 2));
}
