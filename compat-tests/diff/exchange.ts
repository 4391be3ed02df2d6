import { setTimeout as pause } from 'node:timers/promises';
import { physicalOffsetOf } from '../peer/records.ts';
import { compareOutcomes, type Difference } from './compare.ts';
import type { DiffRequest, FieldValue, Outcome } from './request.ts';
import type { Side } from './sides.ts';
import type { WireRequest } from './wire-client.ts';

export type Sides = readonly [java: Side, ours: Side];
/** A request and what came of it. */
export type ToldExchange = [request: DiffRequest, place: string, outcomes: readonly [java: Outcome, ours: Outcome]];
type Tell = (...told: ToldExchange) => void;

const timeoutMs = 12_000;
/** Java is silent where ours answers that nobody serves the code. */
const silenceMs = 400;
/** Until a pull is held. */
const heldMs = 40;
const syncMs = 3_000;
const retries = 5;
const retryPauseMs = 60;
/** Java answers from tables that its threads have not brought up to date yet; reading again changes nothing. */
const mayBeAskedAgain = /^(QUERY_MESSAGE|GET_(?!BROKER_RUNTIME)|SEARCH_|VIEW_)/;

/** One stream's requests to both sides, one after another. */
export class StreamRun {
  readonly #sides: Sides;
  readonly #stream: number;
  /** Queues with messages that Java may not have dispatched yet, and their ends. */
  readonly #behind = new Map<string, { topic: string; queueId: number; end: number }>();

  constructor(sides: Sides, stream: number) {
    this.#sides = sides;
    this.#stream = stream;
  }

  /** Asks both sides, tells what they said, and compares. */
  async ask(request: DiffRequest, place: string, tell?: Tell): Promise<Difference[]> {
    if (request.afterQueue !== undefined || request.name.startsWith('GET_')) await this.#sync();
    let ends: readonly number[] = [];
    if (request.meanwhile !== undefined && request.afterQueue !== undefined) {
      ends = await this.#ends(...request.afterQueue);
      if (ends[0] !== ends[1]) return [this.#queueDifference(request, place, ends)];
    }
    const asked = this.#outcomes(request, ends[0] ?? 0);
    const nested: Difference[] = [];
    if (request.meanwhile !== undefined) {
      await pause(heldMs);
      nested.push(...(await this.ask(request.meanwhile, `${place} meanwhile`, tell)));
    }
    let outcomes = await asked;
    let found = this.#compare(request, place, outcomes);
    for (let tries = 0; found.length > 0 && tries < retries && mayBeAskedAgain.test(request.name); tries++) {
      await pause(retryPauseMs);
      outcomes = await this.#outcomes(request, 0);
      found = this.#compare(request, place, outcomes);
    }
    this.#remember(request, outcomes);
    tell?.(request, place, outcomes);
    return [...found, ...nested];
  }

  #compare(request: DiffRequest, place: string, outcomes: readonly [Outcome, Outcome]): Difference[] {
    return compareOutcomes(request, place, outcomes, [this.#sides[0].mask, this.#sides[1].mask]);
  }

  async #outcomes(request: DiffRequest, end: number): Promise<[Outcome, Outcome]> {
    const [java, ours] = this.#sides.map(async (side) => {
      const client = await side.client(this.#stream, request.port, request.connection);
      const answered = request.name === 'END_TRANSACTION' ? silenceMs : timeoutMs;
      return client.ask(this.#wire(side, request, end), answered);
    }) as [Promise<Outcome>, Promise<Outcome>];
    const outcome = await ours;
    const unserved = outcome.kind === 'answer' && outcome.code === 3;
    if (!unserved) return [await java, outcome];
    return [await Promise.race([java, pause(silenceMs, { kind: 'silence' } as const)]), outcome];
  }

  #wire(side: Side, request: DiffRequest, end: number): WireRequest {
    const { fields } = request;
    if (fields === undefined) return { ...request, fields };
    const texts = Object.entries(fields).map(([name, value]) => [name, this.#value(side, value, end)]);
    return { ...request, fields: Object.fromEntries(texts) };
  }

  #value(side: Side, value: FieldValue, end: number): string {
    if (typeof value === 'string') return value;
    if (value.take === 'endOfQueue') return String(end);
    const fields = side.sent.get(`${this.#stream} ${value.send}`)?.fields ?? {};
    const msgId = (fields['msgId'] ?? '').split(',')[0] ?? '';
    if (value.take === 'queueOffset') return fields['queueOffset'] ?? '0';
    if (!/^[0-9A-F]{32}$/.test(msgId)) return value.take === 'msgId' ? 'none' : '-7';
    return value.take === 'msgId' ? msgId : String(physicalOffsetOf(msgId));
  }

  /** What a send was answered on each side, for values and for waiting. */
  #remember({ send, fields, code }: DiffRequest, outcomes: readonly [Outcome, Outcome]): void {
    if (send === undefined || outcomes.some((outcome) => outcome.kind !== 'answer' || outcome.code !== 0)) return;
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.kind !== 'answer' || outcome.code !== 0) continue;
      this.#sides[index]?.sent.set(`${this.#stream} ${send}`, outcome);
      if (index > 0) continue;
      const { queueId, queueOffset, msgId = '' } = outcome.fields ?? {};
      const topic = fields?.[code === 10 ? 'topic' : 'b'];
      const isOwn = reachesItsQueue(fields ?? {}, code);
      const end = Number(queueOffset) + msgId.split(',').length;
      if (typeof topic === 'string' && isOwn)
        this.#behind.set(`${topic} ${queueId}`, { topic, queueId: Number(queueId), end });
    }
  }

  /** Waits until both sides have dispatched what this stream has sent. */
  async #sync(): Promise<void> {
    for (const { topic, queueId, end } of this.#behind.values()) {
      const startedMs = Date.now();
      while ((await this.#ends(topic, queueId)).some((found) => found < end)) {
        if (Date.now() - startedMs > syncMs) break;
        await pause(2);
      }
    }
    this.#behind.clear();
  }

  #ends(topic: string, queueId: number): Promise<number[]> {
    const request = { code: 30, fields: { topic, queueId: String(queueId) }, body: Buffer.alloc(0) };
    const form = { oneway: false, binary: false, version: 333, language: 'JAVA' };
    return Promise.all(
      this.#sides.map(async (side) => {
        const client = await side.client(this.#stream, 'main', 0);
        const outcome = await client.ask({ ...request, ...form }, timeoutMs);
        return outcome.kind === 'answer' ? Number(outcome.fields?.['offset'] ?? -1) : -1;
      }),
    );
  }

  #queueDifference(request: DiffRequest, place: string, ends: readonly number[]): Difference {
    return {
      part: 'stored',
      request,
      place: `${place}: end of ${request.afterQueue?.join(' ')}`,
      java: `${ends[0]}`,
      ours: `${ends[1]}`,
    };
  }
}

/** A message that waits elsewhere first, or for ever, is not waited for. */
function reachesItsQueue(fields: Readonly<Record<string, FieldValue>>, code: number): boolean {
  const [topic, properties, sysFlag] =
    code === 10 ? (['topic', 'properties', 'sysFlag'] as const) : (['b', 'i', 'f'] as const);
  const isPlain = !/DELAY|TRAN_MSG/.test(String(fields[properties] ?? ''));
  return isPlain && Number(fields[sysFlag]) === 0 && !String(fields[topic]).startsWith('%RETRY%');
}
