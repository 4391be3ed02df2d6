import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { LedgerEntry } from '../peer/ledger-producer.ts';
import { type ProgramResult, runJava, type Workspace } from '../peer/peer.ts';

/** A message that was acknowledged, and by which broker. */
export interface Sent extends LedgerEntry {
  readonly broker: string;
}

/** One delivery to the consumer, in the order in which they happened. */
export interface Consumed {
  readonly broker: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly key: string;
}

export interface TrafficOptions {
  readonly workspace: Workspace;
  readonly namesrv: string;
  readonly topic: string;
  readonly group: string;
  readonly threads: number;
  readonly pauseMs: number;
}

const runTimeoutMs = 6 * 3_600_000;
const waitLimitMs = 90_000;

/** Producers and a push consumer of the official client (java/Rolling.java), which go on while brokers are replaced. */
export class Traffic {
  readonly #dir: string;
  readonly #ended: Promise<ProgramResult>;
  #result: ProgramResult | undefined;

  constructor({ workspace, namesrv, topic, group, threads, pauseMs }: TrafficOptions) {
    this.#dir = join(workspace.dir, 'traffic');
    mkdirSync(this.#dir, { recursive: true });
    const args = [namesrv, topic, group, this.#dir, String(threads), String(pauseMs)];
    this.#ended = runJava(workspace, 'Rolling.java', args, runTimeoutMs);
    void this.#ended.then((result) => {
      this.#result = result;
    });
  }

  /** Every acknowledged message so far. */
  get sent(): Sent[] {
    return this.#lines('sent.log').map(([broker = '', queueId, queueOffset, msgId = '', key = '']) => {
      return { broker, queueId: Number(queueId), queueOffset: Number(queueOffset), msgId, key };
    });
  }

  /** Every delivery so far. */
  get consumed(): Consumed[] {
    return this.#lines('consumed.log').map(([broker = '', queueId, queueOffset, key = '']) => {
      return { broker, queueId: Number(queueId), queueOffset: Number(queueOffset), key };
    });
  }

  /** Waits for something of the traffic; rejects after 90 s, or when the program has ended. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    const deadline = Date.now() + waitLimitMs;
    while (!isSo()) {
      if (this.#result !== undefined) throw new Error(`the traffic ended: ${JSON.stringify(this.#result)}`);
      if (Date.now() > deadline) throw new Error(`not in ${waitLimitMs} ms: ${what}`);
      await pause(100);
    }
  }

  /** No more sends; the consumer goes on until it has all that was acknowledged, or for `limitMs`. */
  async stopSending(limitMs: number): Promise<void> {
    writeFileSync(join(this.#dir, 'stop-sending'), '');
    const deadline = Date.now() + limitMs;
    for (;;) {
      // The threads of the producer may still write down their last answers.
      await pause(500);
      const consumed = new Set(this.consumed.map(({ key }) => key));
      if (this.sent.every(({ key }) => consumed.has(key)) || Date.now() > deadline) return;
    }
  }

  /** Ends the clients in order, which commits all offsets; the number of sends that were not acknowledged. */
  async stop(): Promise<number> {
    writeFileSync(join(this.#dir, 'stop-sending'), '');
    writeFileSync(join(this.#dir, 'stop'), '');
    const { code, stdout, stderr } = await this.#ended;
    const refused = /^refused (\d+)$/m.exec(stdout)?.[1];
    if (code !== 0 || refused === undefined) throw new Error(`the traffic ended with ${code}: ${stdout}${stderr}`);
    return Number(refused);
  }

  #lines(name: string): string[][] {
    const file = join(this.#dir, name);
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => line.split(' '));
  }
}
