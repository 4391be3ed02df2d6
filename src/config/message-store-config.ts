import { join } from 'node:path';
import { bool, type ConfigOf, int, long, type Mistake, oneOf, optionalText, text } from './key.ts';
import {
  NO_DLEDGER,
  NO_FALL_RECORD,
  NO_HOLDERS,
  NO_LOCK,
  NO_MAPPING,
  NO_SLAVE_YET,
  NO_STORE_POOL,
  NO_TIMER_ONLY,
  OVERWRITTEN,
  UNUSED,
} from './reasons.ts';

/** The settings of the store, as Java names them. Java: MessageStoreConfig. */
export type MessageStoreConfig = ConfigOf<typeof messageStoreConfigTable>;

/** Bytes of a consume queue entry; file sizes are multiples of it. Java: ConsumeQueue.CQ_STORE_UNIT_SIZE. */
const ENTRY_BYTES = 20;

/** One row per key, in the order in which Java declares and prints them. Java: MessageStoreConfig. */
export const messageStoreConfigTable = {
  storePathRootDir: text((e) => join(e.homeDir, 'store'), 'restart', 'Directory of the store.', {
    important: true,
    role: 'path',
    defaultText: '~/store',
  }),
  storePathCommitLog: text(
    (e) => join(e.homeDir, 'store', 'commitlog'),
    'restart',
    'Directory of the CommitLog; does not follow storePathRootDir, so set both.',
    { important: true, role: 'path', defaultText: '~/store/commitlog' },
  ),
  mappedFileSizeCommitLog: int(1_073_741_824, 'restart', 'Size of a CommitLog file.', {
    unit: 'B',
    min: 1,
    lookalikes: ['mapedFileSizeCommitLog'],
  }),
  mappedFileSizeConsumeQueue: int(
    6_000_000,
    'restart',
    'Size of a ConsumeQueue file in bytes, 20 per message; rounded up to a multiple of 20.',
    {
      unit: 'B',
      min: 1,
      lookalikes: ['mapedFileSizeConsumeQueue'],
      lookalikeNote: 'its unit is bytes, 20 for each entry',
      read: (stored) => Math.ceil(stored / ENTRY_BYTES) * ENTRY_BYTES,
    },
  ),
  enableConsumeQueueExt: bool(false, 'restart', 'Keeps tags codes, and what filters need, in extension files.'),
  mappedFileSizeConsumeQueueExt: int(50_331_648, 'restart', 'Size of an extension file.', {
    unit: 'B',
    min: 1,
    lookalikes: ['mapedFileSizeConsumeQueueExt'],
  }),
  bitMapLengthConsumeQueueExt: int(64, OVERWRITTEN, 'Length of a filter bit map.', { unit: 'bit' }),
  flushIntervalCommitLog: int(500, 'live', 'How often ASYNC_FLUSH flushes the CommitLog.', {
    unit: 'ms',
    important: true,
  }),
  commitIntervalCommitLog: int(200, NO_STORE_POOL, 'How often the store pool is written out.', {
    unit: 'ms',
    important: true,
  }),
  useReentrantLockWhenPutMessage: bool(false, NO_LOCK, 'Kind of lock around an append.'),
  flushCommitLogTimed: bool(false, NO_TIMER_ONLY, 'Flushes by the clock alone, not also when pages have gathered.', {
    important: true,
  }),
  flushIntervalConsumeQueue: int(1000, 'live', 'How often the ConsumeQueues are flushed.', { unit: 'ms' }),
  cleanResourceInterval: int(10_000, 'live', 'How often expired files are looked for.', { unit: 'ms', min: 1 }),
  deleteCommitLogFilesInterval: int(100, 'live', 'Pause between two deleted CommitLog files.', { unit: 'ms' }),
  deleteConsumeQueueFilesInterval: int(100, 'live', 'Pause between two cleaned queues.', { unit: 'ms' }),
  destroyMapedFileIntervalForcibly: int(120_000, NO_HOLDERS, 'How long a file to be deleted waits for readers.', {
    unit: 'ms',
    lookalikes: ['destroyMappedFileIntervalForcibly'],
  }),
  redeleteHangedFileInterval: int(120_000, 'live', 'How often the deletion of a held file is tried again.', {
    unit: 'ms',
  }),
  deleteWhen: text('04', 'live', 'Hours of the day in which expired files are deleted, in local time.', {
    check: checkHours,
    unit: 'hours, separated by ;',
    important: true,
  }),
  diskMaxUsedSpaceRatio: int(75, 'live', 'Use of the disk that starts a deletion; used within 10 to 95.', {
    unit: '%',
    read: (stored) => Math.max(10, Math.min(stored, 95)),
  }),
  fileReservedTime: int(72, 'live', 'Age at which a CommitLog file expires.', { unit: 'h', important: true }),
  putMsgIndexHightWater: int(600_000, UNUSED, 'Once meant as a bound of the index queue.', {
    lookalikes: ['putMsgIndexHighWater'],
  }),
  maxMessageSize: int(4_194_304, 'restart', 'Largest stored record, properties and header included.', {
    unit: 'B',
    min: 1,
  }),
  checkCRCOnRecover: bool(true, 'restart', 'Checks the checksum of each body while recovering from a crash.'),
  flushCommitLogLeastPages: int(4, 'live', 'Pages that must have gathered for a flush.', { unit: '4 KiB pages' }),
  commitCommitLogLeastPages: int(4, NO_STORE_POOL, 'Pages that must have gathered in the store pool.', {
    unit: '4 KiB pages',
  }),
  flushLeastPagesWhenWarmMapedFile: int(4096, NO_MAPPING, 'Pages between two flushes while a file is warmed up.', {
    unit: '4 KiB pages',
    lookalikes: ['flushLeastPagesWhenWarmMappedFile'],
  }),
  flushConsumeQueueLeastPages: int(2, 'live', 'Pages that must have gathered for a flush of a ConsumeQueue.', {
    unit: '4 KiB pages',
  }),
  flushCommitLogThoroughInterval: int(10_000, 'live', 'How often the CommitLog is flushed whatever has gathered.', {
    unit: 'ms',
  }),
  commitCommitLogThoroughInterval: int(200, NO_STORE_POOL, 'How often the store pool is emptied whatever gathered.', {
    unit: 'ms',
  }),
  flushConsumeQueueThoroughInterval: int(
    60_000,
    'live',
    'How often ConsumeQueues and the checkpoint are flushed whatever has gathered.',
    { unit: 'ms' },
  ),
  maxTransferBytesOnMessageInMemory: int(262_144, 'live', 'Bytes of one pull from recent messages.', {
    unit: 'B',
    important: true,
  }),
  maxTransferCountOnMessageInMemory: int(32, 'live', 'Messages of one pull from recent messages.', { important: true }),
  maxTransferBytesOnMessageInDisk: int(65_536, 'live', 'Bytes of one pull from older messages.', {
    unit: 'B',
    important: true,
  }),
  maxTransferCountOnMessageInDisk: int(8, 'live', 'Messages of one pull from older messages.', { important: true }),
  accessMessageInMemoryMaxRatio: int(40, 'live', 'Share of the memory of the host within which messages are recent.', {
    unit: '%',
    important: true,
  }),
  messageIndexEnable: bool(true, 'live', 'Builds the index for queries by key.', { important: true }),
  maxHashSlotNum: int(5_000_000, 'restart', 'Hash slots of an index file, 4 bytes each.', { min: 1, max: 536_870_901 }),
  maxIndexNum: int(20_000_000, 'restart', 'Entries of an index file, 20 bytes each.', { min: 1, max: 107_374_180 }),
  maxMsgsNumBatch: int(64, 'live', 'Messages a query by key returns at most.'),
  messageIndexSafe: bool(false, 'restart', 'Starts recovery early enough for the index as well.', { important: true }),
  haListenPort: int(10_912, OVERWRITTEN, 'Port for slaves: always listenPort + 1.'),
  haSendHeartbeatInterval: int(5000, 'live', 'Silence after which a heartbeat goes to the other side.', {
    unit: 'ms',
  }),
  haHousekeepingInterval: int(20_000, 'live', 'Silence after which a replication connection is closed.', {
    unit: 'ms',
  }),
  haTransferBatchSize: int(32_768, 'live', 'Bytes sent to a slave at once.', { unit: 'B' }),
  haMasterAddress: optionalText(undefined, NO_SLAVE_YET, 'Fixed replication address of the master, on a slave.', {
    important: true,
    role: 'address',
  }),
  haSlaveFallbehindMax: int(268_435_456, 'live', 'How far behind a slave may be and still count.', {
    unit: 'B',
  }),
  brokerRole: oneOf(
    ['ASYNC_MASTER', 'SYNC_MASTER', 'SLAVE'],
    'ASYNC_MASTER',
    'restart',
    'Part in replication: SYNC_MASTER waits for a slave before it answers; SLAVE is not available yet.',
    { important: true },
  ),
  flushDiskType: oneOf(
    ['SYNC_FLUSH', 'ASYNC_FLUSH'],
    'ASYNC_FLUSH',
    'restart',
    'SYNC_FLUSH answers a send when it is on disk, ASYNC_FLUSH when it is written.',
    { important: true },
  ),
  syncFlushTimeout: int(5000, 'live', 'Longest wait for a flush or a slave.', { unit: 'ms' }),
  messageDelayLevel: text(
    '1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h',
    'restart',
    'Delays of the delay levels: numbers with s, m, h or d, one blank between them.',
    { check: checkDelayLevels },
  ),
  flushDelayOffsetInterval: long(10_000, 'restart', 'How often the positions of delayed delivery are saved.', {
    unit: 'ms',
    min: 1,
  }),
  cleanFileForciblyEnable: bool(true, 'live', 'Deletes files before their time when the disk is nearly full.', {
    important: true,
  }),
  warmMapedFileEnable: bool(false, NO_MAPPING, 'Touches all pages of a new file.', {
    lookalikes: ['warmMappedFileEnable'],
  }),
  offsetCheckInSlave: bool(false, 'live', 'Corrects wrong pull offsets on a slave too.'),
  debugLockEnable: bool(false, NO_LOCK, 'Logs all stacks when the append lock is held long.'),
  duplicationEnable: bool(false, 'restart', 'Dispatches confirmed messages only; must be false here.'),
  diskFallRecorded: bool(true, NO_FALL_RECORD, 'Records how far behind each group reads.'),
  osPageCacheBusyTimeOutMills: long(
    1000,
    'live',
    'How long messages may wait for their write before sends are refused.',
    {
      unit: 'ms',
      lookalikes: ['osPageCacheBusyTimeOutMillis'],
    },
  ),
  defaultQueryMaxNum: int(32, 'live', 'Messages a query by unique key looks at.'),
  transientStorePoolEnable: bool(false, NO_STORE_POOL, 'Appends to pooled memory first.', {
    important: true,
    read: (stored, config) => stored && config['flushDiskType'] === 'ASYNC_FLUSH' && config['brokerRole'] !== 'SLAVE',
  }),
  transientStorePoolSize: int(5, NO_STORE_POOL, 'Buffers of the store pool.'),
  fastFailIfNoBufferInStorePool: bool(false, NO_STORE_POOL, 'Refuses sends when the store pool is empty.'),
  enableDLegerCommitLog: bool(false, 'restart', 'Uses a DLedger log in place of the CommitLog; must be false here.', {
    lookalikes: ['enableDLedgerCommitLog'],
  }),
  dLegerGroup: optionalText(undefined, NO_DLEDGER, 'Name of the DLedger group.', { lookalikes: ['dLedgerGroup'] }),
  dLegerPeers: optionalText(undefined, NO_DLEDGER, 'Members of the DLedger group.', { lookalikes: ['dLedgerPeers'] }),
  dLegerSelfId: optionalText(undefined, NO_DLEDGER, 'This member of the DLedger group.', {
    lookalikes: ['dLedgerSelfId'],
  }),
};

/** Java: ScheduleMessageService#parseDelayLevel, which fails the load of the store. */
function checkDelayLevels(given: string): Mistake | undefined {
  if (/^\d{1,15}[smhd]( \d{1,15}[smhd])*$/.test(given)) return undefined;
  return { kind: 'unusable', why: 'is no list of delays such as "1s 5m 2h", with one blank between them' };
}

/** Java: UtilAll#isItTimeToDo; there a part that is no number ends each run of the deletion. */
function checkHours(given: string): Mistake | undefined {
  if (given.split(';').every((hour) => /^\s*\d+\s*$/.test(hour) && Number(hour) < 24)) return undefined;
  return { kind: 'odd', why: 'is not hours from 0 to 23 separated by semicolons; the others never come' };
}
