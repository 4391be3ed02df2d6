import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plantedRoot } from '../testing/planted-mqbroker.ts';
import { takePorts } from '../testing/ports.ts';
import { answersBeforeFlush, type RecordRange, readTrace, type TraceEvent } from './peer/fs-trace.ts';
import { checkLedger, readTopic, type StoredTopic } from './peer/ledger-check.ts';
import { bodyOf, type LedgerEntry, readLedger } from './peer/ledger-producer.ts';
import {
  isMissing,
  openWorkspace,
  repoDir,
  runProgram,
  type Server,
  startBroker,
  subjectKind,
  type Workspace,
} from './peer/peer.ts';
import { RawClient } from './peer/raw-client.ts';
import { physicalOffsetOf, type RawRecord } from './peer/records.ts';

const kind = subjectKind();
/** Rounds of each flush mode; the full command asks for 20. */
const rounds = Number(process.env['WENCHANG_KILL_ROUNDS'] ?? '2');
const queues = 4;
const acknowledgedBeforeKill = 300;

describe.skipIf(kind === 'java' && isMissing('java'))(`kill -9 of ${kind} under load`, () => {
  describe.each(['ASYNC_FLUSH', 'SYNC_FLUSH'])('%s', (flushDiskType) => {
    const crashes = crashRounds(`kill9-${flushDiskType}`, { flushDiskType });
    const kept: { stored: StoredTopic; ledger: readonly LedgerEntry[] }[] = [];

    it.each(Array.from({ length: rounds }, (_, round) => round + 1))('round %i keeps every promise', async (round) => {
      const outcome = await crashes.round(round);
      expect(checkLedger(outcome.ledger, outcome.stored).slice(0, 20)).toEqual([]);
      kept.push(outcome);
    });

    it('the messages of all rounds are there after the last crash', async () => {
      expect(kept).toHaveLength(rounds);
      for (const { ledger, stored } of kept) {
        expect(checkLedger(ledger, await crashes.read(stored.topic)).slice(0, 20)).toEqual([]);
      }
      const places = kept.flatMap(({ stored }) => stored.records.map((record) => record.physicalOffset));
      expect(new Set(places).size).toBe(places.length);
    });
  });
});

describe.skipIf(kind === 'java')('order of write, fdatasync and answer', () => {
  it('SYNC_FLUSH answers SEND_OK only after an fdatasync that covers the record', async () => {
    const { tooEarly, answered, ledger } = await traceOneCrash('none');
    expect(tooEarly.slice(0, 20)).toEqual([]);
    expect(ledger.length).toBeGreaterThan(acknowledgedBeforeKill / 2);
    expect(ledger.filter(({ msgId }) => !answered.has(msgId))).toEqual([]);
  });

  it('the planted bug reply-before-fdatasync turns this check red', async () => {
    expect((await traceOneCrash('reply-before-fdatasync')).tooEarly).not.toEqual([]);
  });

  describe('with the planted bug reply-before-write', () => {
    const settings = { flushDiskType: 'ASYNC_FLUSH' };
    const crashes = crashRounds('kill9-planted', settings, {
      program: plantedRoot,
      env: { WENCHANG_PLANT: 'reply-before-write' },
    });

    it('the check of the ledger turns red', async () => {
      const problems: string[] = [];
      for (let round = 1; round <= 10 && problems.length === 0; round++) {
        const { ledger, stored } = await crashes.round(round);
        problems.push(...checkLedger(ledger, stored));
      }
      expect(problems).not.toEqual([]);
    });
  });
});

describe('the check of a ledger', () => {
  const entry = (queueOffset: number): LedgerEntry => {
    const place = (queueOffset * 100).toString(16).padStart(16, '0');
    return { queueId: 0, queueOffset, msgId: `7F00000100002A9F${place}`, key: `k-${queueOffset}` };
  };
  const record = ({ queueOffset, key }: LedgerEntry, changed: Partial<RawRecord> = {}): RawRecord => {
    const body = bodyOf(key);
    const known = { queueId: 0, queueOffset, physicalOffset: queueOffset * 100, properties: { UNIQ_KEY: key }, body };
    return { ...known, ...changed } as RawRecord;
  };
  const ledger = [0, 1, 2].map(entry);
  const whole = ledger.map((acknowledged) => record(acknowledged));
  const check = (records: readonly RawRecord[], max: number): number => {
    return checkLedger(ledger, { topic: 'T', records, maxOffsets: new Map([[0, max]]) }).length;
  };

  it.each([
    ['all there', whole, 3, 0],
    ['one more than acknowledged', [...whole, record(entry(3))], 4, 0],
    ['the last one lost', whole.slice(0, 2), 2, 1],
    ['the last one lost and counted', whole.slice(0, 2), 3, 2],
    ['another message in its place', [...whole.slice(0, 2), record(entry(3), { queueOffset: 2 })], 3, 1],
    ['stored elsewhere', [...whole.slice(0, 2), record(entry(2), { physicalOffset: 7 })], 3, 1],
    ['another body', [...whole.slice(0, 2), record(entry(2), { body: Buffer.from('x') })], 3, 1],
    ['one stored twice', [...whole, record(entry(2), { queueOffset: 3 })], 4, 2],
  ] as const)('%s', (_, records, max, problems) => {
    expect(check(records, max)).toBe(problems);
  });
});

describe('the check of a trace', () => {
  const log = '/store/commitlog/00000000000000001000';
  const written: TraceEvent = { op: 'pwrite', path: log, from: 0, to: 300 };
  const start: TraceEvent = { op: 'fdatasync-start', path: log, id: 1 };
  const end: TraceEvent = { op: 'fdatasync-end', path: log, id: 1 };
  const answer: TraceEvent = { op: 'send-ok', msgId: 'A' };
  const check = (...events: TraceEvent[]): number => {
    return answersBeforeFlush(events, () => ({ from: 1000 + 100, to: 1000 + 200 })).length;
  };

  it.each([
    ['write, flush, answer', [written, start, end, answer], 0],
    ['answer before the flush returns', [written, start, answer, end], 1],
    ['answer before the write', [answer, written, start, end], 1],
    ['flush that started before the write', [start, written, end, answer], 1],
    ['flush of another file', [written, { ...start, path: '/store/commitlog/0' }, answer], 1],
    ['second write over a flushed range', [written, start, end, written, answer], 1],
  ] as const)('%s', (_, events, problems) => {
    expect(check(...events)).toBe(problems);
  });
});

interface Crashes {
  /** Starts the broker, loads it, kills it, starts it again and returns what was acknowledged and what is there. */
  round(round: number): Promise<{ ledger: readonly LedgerEntry[]; stored: StoredTopic }>;
  /** What the broker, running since the last round, serves of a topic. */
  read(topic: string): Promise<StoredTopic>;
}

/** Rounds on one growing directory; each round writes to a topic of its own. Registers its hooks. */
function crashRounds(
  name: string,
  settings: Readonly<Record<string, string>>,
  root: { readonly program?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Crashes {
  let workspace: Workspace;
  let port: number;
  let broker: Server | undefined;

  beforeAll(async () => {
    workspace = openWorkspace(name);
    port = (await takePorts()).listenPort;
  });
  afterAll(async () => {
    await broker?.stop();
    workspace.close();
  });

  const start = async (): Promise<Server> => {
    broker = await startBroker({ kind, workspace, port, settings: { ...fileSizes, ...settings }, ...root });
    return broker;
  };
  const read = async (topic: string): Promise<StoredTopic> => {
    const client = await RawClient.connect((broker ?? (await start())).address);
    try {
      return await readTopic(client, topic, queues);
    } finally {
      client.close();
    }
  };
  return {
    read,
    async round(round) {
      const topic = `Killed_${round}`;
      const ledgerFile = join(workspace.dir, `${topic}.ledger`);
      await killUnderLoad(broker ?? (await start()), ledgerFile, topic, workspace);
      await start();
      return { ledger: readLedger(ledgerFile), stored: await read(topic) };
    },
  };
}

/** Small files, so that logs and queues roll and a crash can hit a roll. */
const fileSizes = {
  mappedFileSizeCommitLog: '4194304',
  mappedFileSizeConsumeQueue: '20000',
  waitTimeMillsInSendQueue: '5000',
  osPageCacheBusyTimeOutMills: '5000',
};

/** Kills the broker at a random moment after the first acknowledgements, and waits for the end of its producer. */
async function killUnderLoad(broker: Server, ledgerFile: string, topic: string, workspace: Workspace): Promise<void> {
  const program = join(repoDir, 'compat-tests', 'peer', 'ledger-producer.ts');
  const producer = runProgram([process.execPath, program, broker.address, ledgerFile, topic, topic], {
    timeoutMs: 120_000,
    logFile: join(workspace.logDir, 'producer.out'),
  });
  await untilLedgerHas(ledgerFile, acknowledgedBeforeKill);
  await pause(Math.random() * 700);
  await broker.kill();
  const { code, stderr } = await producer;
  if (code !== 0) throw new Error(`the producer failed: ${stderr}`);
}

async function untilLedgerHas(file: string, entries: number): Promise<void> {
  const deadline = Date.now() + 90_000;
  while (!existsSync(file) || statSync(file).size < entries * 50) {
    if (Date.now() > deadline) throw new Error(`fewer than ${entries} messages were acknowledged in 90 s`);
    await pause(20);
  }
}

interface TracedCrash {
  /** One line per answer that left before its record was on disk. */
  readonly tooEarly: readonly string[];
  /** Ids in the recorded answers. */
  readonly answered: ReadonlySet<string>;
  readonly ledger: readonly LedgerEntry[];
}

/** One crash of the recording broker with SYNC_FLUSH: what its trace says about the answers it gave. */
async function traceOneCrash(plant: string): Promise<TracedCrash> {
  const workspace = openWorkspace(`kill9-trace-${plant}`);
  const traceFile = join(workspace.dir, 'trace.jsonl');
  const ledgerFile = join(workspace.dir, 'ledger');
  const { listenPort: port } = await takePorts();
  const settings = { ...fileSizes, flushDiskType: 'SYNC_FLUSH' };
  try {
    const env = { WENCHANG_PLANT: plant, WENCHANG_FS_TRACE: traceFile };
    const recorded = await startBroker({ kind, workspace, port, settings, program: plantedRoot, env });
    await killUnderLoad(recorded, ledgerFile, 'Traced', workspace);
    const events = readTrace(traceFile);
    const broker = await startBroker({ kind, workspace, port, settings });
    const client = await RawClient.connect(broker.address);
    const { records } = await readTopic(client, 'Traced', queues);
    client.close();
    await broker.stop();
    const ranges = new Map<number, RecordRange>();
    for (const { physicalOffset, size } of records) {
      ranges.set(physicalOffset, { from: physicalOffset, to: physicalOffset + size });
    }
    const tooEarly = answersBeforeFlush(events, (msgId) => ranges.get(physicalOffsetOf(msgId)));
    const answered = new Set(events.flatMap((event) => (event.op === 'send-ok' ? event.msgId.split(',') : [])));
    return { tooEarly, answered, ledger: readLedger(ledgerFile) };
  } finally {
    workspace.close();
  }
}
