import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { systemEnvironment } from '../src/config/environment.ts';
import { createConfig } from '../src/config/key.ts';
import { messageStoreConfigTable } from '../src/config/message-store-config.ts';
import { MessageDraft } from '../src/store/message-draft.ts';
import { MessageStore } from '../src/store/message-store.ts';
import { systemClock } from '../src/util/clock.ts';
import { silentLogger } from '../src/util/logger.ts';
import { nodeFs } from '../src/util/node-fs.ts';

/** One load: bodies of so many bytes, so many of them in each turn. */
export interface AppendLoad {
  readonly bodyBytes: number;
  readonly perTurn: number;
}

export interface AppendResult extends AppendLoad {
  readonly messages: number;
  /** CPU per message: checks, record, write, ConsumeQueue and IndexFile entries. */
  readonly cpuNs: number;
  readonly wallNs: number;
}

export interface ReadResult {
  readonly bodyBytes: number;
  readonly messages: number;
  /** CPU per answer of 32 messages. */
  readonly cpuNsPerPull: number;
}

const QUEUES = 4;
const HOST = Buffer.from('7f00000100002a9f', 'hex');
const TOPIC = 'BenchTopic';
const TOPIC_BYTES = Buffer.from(TOPIC);
const CLUSTER = Buffer.from('CLUSTER\u0001DefaultCluster\u0002');

/** Puts for `forMs`, then reads everything back queue by queue, on real files below the temporary directory. */
export async function measureStore(load: AppendLoad, forMs: number): Promise<{ put: AppendResult; read: ReadResult }> {
  const root = mkdtempSync(join(tmpdir(), 'wenchang-append-bench-'));
  try {
    const store = open(root);
    store.start();
    await putFor(store, load, forMs / 4);
    const put = await putFor(store, load, forMs);
    const read = await readBack(store, load.bodyBytes);
    await store.shutdown();
    return { put, read };
  } finally {
    rmSync(root, { recursive: true });
  }
}

function open(root: string): MessageStore {
  const config = createConfig(messageStoreConfigTable, systemEnvironment({}));
  config.storePathRootDir = root;
  config.storePathCommitLog = `${root}/commitlog`;
  const totalMemoryBytes = totalmem();
  return MessageStore.open({ fs: nodeFs, clock: systemClock, log: silentLogger, config, totalMemoryBytes });
}

/** Fills the draft as the send handler does: properties still escaped as JSON. */
function fill(draft: MessageDraft, body: Buffer, properties: Buffer, queueId: number): void {
  draft.reset();
  draft.topic = TOPIC;
  draft.topicBytes = TOPIC_BYTES;
  draft.queueId = queueId;
  draft.bornTimestamp = 1_700_000_000_000;
  draft.bornHost = HOST;
  draft.storeHost = HOST;
  draft.body = body;
  draft.bodyEnd = body.length;
  draft.properties = properties;
  draft.propertiesEnd = properties.length;
  draft.propertiesEscaped = true;
  draft.appendProperty = CLUSTER;
}

async function putFor(store: MessageStore, { bodyBytes, perTurn }: AppendLoad, forMs: number): Promise<AppendResult> {
  const body = Buffer.alloc(bodyBytes, 0x61);
  const draft = new MessageDraft();
  const properties = Buffer.from('UNIQ_KEY\\u00010000000000000000\\u0002WAIT\\u0001true\\u0002TAGS\\u0001TagA\\u0002');
  const until = performance.now() + forMs;
  const started = performance.now();
  const cpu = process.cpuUsage();
  let messages = 0;
  while (performance.now() < until) {
    for (let index = 0; index < perTurn; index++) {
      properties.write(messages.toString(16).padStart(16, '0'), 14, 'latin1');
      fill(draft, body, properties, messages % QUEUES);
      if (store.putMessage(draft).accepted) messages++;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  const used = process.cpuUsage(cpu);
  const wallMs = performance.now() - started;
  const cpuNs = ((used.user + used.system) * 1000) / messages;
  return { bodyBytes, perTurn, messages, cpuNs, wallNs: (wallMs * 1e6) / messages };
}

async function readBack(store: MessageStore, bodyBytes: number): Promise<ReadResult> {
  const cpu = process.cpuUsage();
  let messages = 0;
  let pulls = 0;
  for (let queueId = 0; queueId < QUEUES; queueId++) {
    for (let offset = 0; ; ) {
      const pending = store.getMessage({ topic: TOPIC, queueId, offset, maxMsgNums: 32 });
      const result = pending instanceof Promise ? await pending : pending;
      if (result === undefined || result.status !== 'FOUND') break;
      messages += result.messageCount;
      offset = result.nextBeginOffset;
      pulls++;
    }
  }
  const used = process.cpuUsage(cpu);
  return { bodyBytes, messages, cpuNsPerPull: ((used.user + used.system) * 1000) / pulls };
}

if (import.meta.main) {
  for (const load of [
    { bodyBytes: 128, perTurn: 64 },
    { bodyBytes: 128, perTurn: 1 },
    { bodyBytes: 1024, perTurn: 64 },
    { bodyBytes: 16_384, perTurn: 16 },
  ]) {
    const { put, read } = await measureStore(load, 1500);
    const cost = `${Math.round(put.cpuNs)} ns CPU, ${Math.round(put.wallNs)} ns wall per put`;
    console.log(
      `${load.bodyBytes} B × ${load.perTurn} a turn: ${cost}; ${Math.round(read.cpuNsPerPull)} ns CPU per pull`,
    );
  }
}
