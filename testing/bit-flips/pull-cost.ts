import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isBodyWhole, isOfQueue, isRecord } from '../../src/codec/record-check.ts';
import type { MessageStore } from '../../src/store/message-store.ts';
import { nodeFs } from '../../src/util/node-fs.ts';
import { openTestStore, put, splitRecords, type TestStore } from '../store-fixture.ts';

const MESSAGES = 32_000;
const PER_PULL = 32;
const BODY_BYTES = 128;
const ROUNDS = 12;
const TOPIC = 'BenchmarkTest';

/** Time on the processor for a pull of 32 messages of 128 bytes, in microseconds. */
interface PullCost {
  readonly pullUs: number;
  /** What of it the checks take: of what led to each record, and of the body's CRC. */
  readonly agreementUs: number;
  readonly crcUs: number;
}

/** Measures pulls from memory and from the page cache, on a real disk; lines for a report. */
export async function pullCostLines(): Promise<string[]> {
  const root = mkdtempSync(join(tmpdir(), 'wenchang-pulls-'));
  try {
    const changes = { mappedFileSizeCommitLog: 1 << 26, mappedFileSizeConsumeQueue: 6_000_000 };
    const test = openTestStore(nodeFs, root, { changes });
    const body = Buffer.alloc(BODY_BYTES, 'x');
    for (let index = 0; index < MESSAGES; index++) {
      put(test.store, { topic: TOPIC, body, properties: { UNIQ_KEY: `7F00000100002A9F${index}`, TAGS: 'TagA' } });
      if (index % PER_PULL === 0) test.clock.endTurn();
    }
    test.clock.endTurn();
    const memory = await costOf(test.store);
    await forget(test);
    const disk = await costOf(test.store);
    await test.store.shutdown();
    return [line('memory', memory, memory.agreementUs), line('disk', disk, disk.agreementUs + disk.crcUs)];
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function line(from: string, { pullUs, agreementUs, crcUs }: PullCost, checksUs: number): string {
  const us = (value: number): string => `${value.toFixed(1)} µs`;
  const crc = checksUs > agreementUs ? ` and ${us(crcUs)} for CRCs` : '';
  return (
    `CPU per pull of ${PER_PULL} × ${BODY_BYTES} B from ${from}: ${us(pullUs)}, without the checks ` +
    `${us(pullUs - checksUs)} (${us(agreementUs)} for agreement${crc})`
  );
}

/** The best of some rounds, because others may be using the machine. */
async function costOf(store: MessageStore): Promise<PullCost> {
  const into = Buffer.allocUnsafeSlow(65_536);
  const pull = (offset: number) => store.getMessage({ topic: TOPIC, queueId: 0, offset, maxMsgNums: PER_PULL, into });
  const pulls = MESSAGES / PER_PULL;
  let pullUs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const startUs = cpuUs();
    for (let at = 0; at < pulls; at++) {
      const found = pull(at * PER_PULL);
      if (found instanceof Promise) await found;
    }
    pullUs = Math.min(pullUs, (cpuUs() - startUs) / pulls);
  }
  const records = splitRecords((await pull(0))?.body);
  const check = (test: (record: Buffer, index: number) => boolean): number => {
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < ROUNDS; round++) {
      const startUs = cpuUs();
      for (let at = 0; at < pulls; at++) if (!records.every(test)) throw new Error('a good record fails its check');
      best = Math.min(best, (cpuUs() - startUs) / pulls);
    }
    return best;
  };
  const places = records.map((record) => Number(record.readBigInt64BE(28)));
  const agreementUs = check(
    (record, index) =>
      isRecord(record, 0, record.length, places[index] as number) && isOfQueue(record, 0, TOPIC, 0, index),
  );
  return { pullUs, agreementUs, crcUs: check((record) => isBodyWhole(record, 0)) };
}

function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** An idle store lets go of its memory once all is on disk; the flush takes real time. */
async function forget({ clock }: TestStore): Promise<void> {
  for (let times = 0; times < 20; times++) {
    await clock.advanceAsync(10_000, 500);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
