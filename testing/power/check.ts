import type { MessageStoreConfig } from '../../src/config/message-store-config.ts';
import { silentLogger } from '../../src/util/logger.ts';
import { StateFile } from '../../src/util/state-file.ts';
import { FakeClock } from '../fake-clock.ts';
import type { MemFs } from '../mem-fs.ts';
import { bodyOf, draftOf, openTestStore, splitRecords, type TestStore } from '../store-fixture.ts';
import { checkDisk, type DiskState, type Promised } from './disk-check.ts';
import { type LogMessage, ROOT } from './log-image.ts';
import { BOOT_MS, type CrashPoint, decodeState, STATE_FILES } from './recording.ts';

/** Thrown for what must not be found; its text says what. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/**
 * Opens a store on a disk that has lost power, and holds it to what was promised at the crash point: first what it
 * serves, then, stopped in order, what is in its files, then that another start changes nothing and can go on.
 * Gives the number of records that were torn unseen. Throws Violation, or what the store threw.
 */
export async function checkImage(
  fs: MemFs,
  point: CrashPoint,
  changes: Partial<MessageStoreConfig>,
): Promise<{ readonly torn: number }> {
  const promised = { log: point.generation.log, safe: point.safe, torn: point.generation.torn };
  checkStateFiles(fs, point);
  const first = openTestStore(fs, ROOT, { changes, clock: new FakeClock(point.nowMs + 2 * BOOT_MS) });
  await checkServed(first, promised);
  await first.store.shutdown();
  const found = diskState(fs, promised);
  const before = fs.fork();
  const again = openTestStore(fs, ROOT, { changes, clock: new FakeClock(point.nowMs + 3 * BOOT_MS), started: false });
  const changed = fs.differences(before).filter((path) => !path.startsWith(`${ROOT}/lock`) && !isOwner(path));
  if (changed.length > 0) throw new Violation(`a start after a clean stop changed ${changed.join(' ')}`);
  again.store.start();
  await goOn(again, found);
  await again.store.shutdown();
  const end = diskState(fs, { log: found.log, safe: found.log.recordsEnd, torn: found.torn });
  const added = end.log.messages.length - found.log.messages.length;
  if (added !== GO_ON.length) throw new Violation(`${GO_ON.length} messages were put, ${added} are in the log`);
  return { torn: found.torn.size - promised.torn.size };
}

function isOwner(path: string): boolean {
  return path.startsWith(`${ROOT}/wenchang.`);
}

function diskState(fs: MemFs, promised: Promised): DiskState {
  const state = checkDisk(fs, promised);
  if (typeof state === 'string') throw new Violation(state);
  return state;
}

/** The newest version that was told to be saved, or a newer one; never none, never half of one. */
function checkStateFiles(fs: MemFs, point: CrashPoint): void {
  for (const name of STATE_FILES) {
    const file = new StateFile({ fs, log: silentLogger, path: `${ROOT}/config/${name}` });
    const version = file.load(decodeState) ?? 0;
    if (version < point.saved[name]) {
      throw new Violation(`${name} has version ${version}, ${point.saved[name]} was saved`);
    }
  }
}

/** The newest of what was promised, and the newest of what is there, by queue offset and by key. */
async function checkServed({ store, clock }: TestStore, { log, safe, torn }: Promised): Promise<void> {
  const end = store.getMaxPhyOffset();
  const lastSafe = log.messages.findLast(({ endOffset }) => endOffset <= safe);
  const last = log.messages.findLast(({ endOffset }) => endOffset <= end);
  if (lastSafe !== undefined && lastSafe.endOffset > end) throw new Violation(`the log ends at ${end} of ${safe}`);
  for (const message of new Set([lastSafe, last, log.messages[0]])) {
    if (message === undefined || message.endOffset > end || torn.has(message.phyOffset)) continue;
    const isSafe = message.endOffset <= safe;
    const record = await store.selectOneMessageByOffset(message.phyOffset);
    if (!isSafe && Buffer.isBuffer(record) && record.compare(log.bytes, message.phyOffset, message.endOffset) !== 0)
      continue;
    await checkByQueue(store, message);
    const key = message.decoded.properties.get('UNIQ_KEY') ?? '';
    const { buffers } = await store.queryMessage(message.decoded.topic, key, 32, 0, clock.now() + 1000);
    const offsets = buffers.map((found) => Number(found.readBigInt64BE(28)));
    if (!offsets.includes(message.phyOffset)) throw new Violation(`no message with key ${key}`);
  }
}

async function checkByQueue(store: TestStore['store'], message: LogMessage): Promise<void> {
  if (message.queue === undefined) return;
  const { topic, queueId, queueOffset, body } = message.decoded;
  const result = await store.getMessage({ topic, queueId, offset: queueOffset, maxMsgNums: 1 });
  const found = result?.status === 'FOUND' ? bodyOf(result.body) : result?.status;
  if (found !== body.toString()) throw new Violation(`${message.queue} has ${found} at ${queueOffset}`);
}

const GO_ON = [
  { topic: 'TopicA', queueId: 0 },
  { topic: 'TopicB', queueId: 2 },
  { topic: 'TopicNew', queueId: 0 },
] as const;

/** The recovered store takes messages, at the next offset of each queue, and serves them. */
async function goOn({ store, clock }: TestStore, { log }: DiskState): Promise<void> {
  for (const [index, { topic, queueId }] of GO_ON.entries()) {
    const count = log.messages.filter(({ queue }) => queue === `${topic}/${queueId}`).length;
    if (store.getMaxOffsetInQueue(topic, queueId) !== count) throw new Violation(`${topic}/${queueId} ends elsewhere`);
    const body = `behind ${index}`;
    const result = store.putMessage(draftOf({ topic, queueId, body, properties: { UNIQ_KEY: `behind${index}` } }));
    if (!result.accepted) throw new Violation(`a message after recovery: ${result.status}`);
    clock.endTurn();
    const read = await store.getMessage({ topic, queueId, offset: count, maxMsgNums: 8 });
    const bodies = splitRecords(read?.body).map((record) => bodyOf(record));
    if (bodies.length !== 1 || bodies[0] !== body) throw new Violation(`${topic}/${queueId} has ${bodies.join()}`);
  }
}
