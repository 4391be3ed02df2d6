import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { cpuSeconds } from '../process-usage.ts';
import { FrameCutter } from './frame-cutter.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import { newResponseHead, readResponse } from './response.ts';
import { firstOpaque, lastOpaque, SendFrames } from './send-frames.ts';

export interface SendLoadOptions {
  /** host:port; a loopback address. */
  readonly address: string;
  readonly topic: string;
  readonly queues: number;
  readonly bodyBytes: number;
  readonly connections: number;
  /** Unanswered requests per connection, kept at this number all the time. */
  readonly inFlight: number;
  /** Load before anything is counted. */
  readonly warmupMs: number;
  /** How long is measured; with `messages` the most it may take. */
  readonly measuredMs: number;
  /** Stop as soon as so many were acknowledged; 0 is without such an end. */
  readonly messages: number;
  /** Requests a second over all connections, as evenly as a timer allows; as many as are answered unless told. */
  readonly perSecond?: number;
  /** The broker, whose processor time is taken at the same instants. */
  readonly pid: number;
}

/** What was counted between the end of the warm-up and the end of the measurement. */
export interface SendLoadResult {
  readonly sent: number;
  readonly ok: number;
  /** Answers that were not SEND_OK, by response code. */
  readonly failed: Readonly<Record<string, number>>;
  /** Requests without an answer five seconds after the last was sent. */
  readonly unanswered: number;
  readonly seconds: number;
  readonly tps: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly clientCpuSeconds: number;
  readonly brokerCpuSeconds: number;
  /** Answers whose header was not in the usual form, which costs this client time. */
  readonly parsedWhole: number;
  /** Bytes of one request. */
  readonly frameBytes: number;
}

const chunkBytes = 262_144;
const maxResponseBytes = 65_536;
const drainMs = 5_000;

/**
 * Closed loop: every answer is followed at once by the next request in its place; with `perSecond` it waits there until
 * it is due.
 */
class SendLoad {
  readonly #options: SendLoadOptions;
  readonly #lanes: SendLane[] = [];
  readonly #histogram = new LatencyHistogram();
  readonly #failed = new Map<number, number>();
  /** One for all connections: what is read is used up before the next read. */
  readonly #chunk = Buffer.allocUnsafe(chunkBytes);
  readonly head = newResponseHead();
  #sent = 0;
  /** Requests that are due by now, when they are spread over time. */
  #due = Number.POSITIVE_INFINITY;
  #pace: NodeJS.Timeout | undefined;
  #ok = 0;
  #acknowledged = 0;
  #outstanding = 0;
  #isStopping = false;
  #onEnd: () => void = () => {};
  #onFailure: (error: Error) => void = () => {};

  constructor(options: SendLoadOptions) {
    this.#options = options;
  }

  async run(): Promise<SendLoadResult> {
    const { connections, warmupMs, measuredMs, pid } = this.#options;
    const failure = new Promise<never>((_, reject) => {
      this.#onFailure = reject;
    });
    for (let index = 0; index < connections; index++) this.#lanes.push(new SendLane(this, this.#options, index));
    await Promise.race([Promise.all(this.#lanes.map((lane) => lane.open(this.#chunk))), failure]);
    this.#begin();
    await Promise.race([pause(warmupMs), failure]);
    this.#startCounting();
    const begun = { ms: performance.now(), cpu: process.cpuUsage(), brokerCpu: cpuSeconds(pid) };
    await Promise.race([this.#measured(measuredMs), failure]);
    const seconds = (performance.now() - begun.ms) / 1_000;
    const used = process.cpuUsage(begun.cpu);
    const brokerCpuSeconds = cpuSeconds(pid) - begun.brokerCpu;
    const counted = { ...this.#counts(), seconds, tps: this.#ok / seconds };
    await Promise.race([this.#drained(), failure]);
    clearInterval(this.#pace);
    for (const lane of this.#lanes) lane.close();
    return {
      ...counted,
      unanswered: this.#outstanding,
      clientCpuSeconds: (used.user + used.system) / 1e6,
      brokerCpuSeconds,
      parsedWhole: this.head.parsedWhole,
      frameBytes: this.#lanes[0]?.frameBytes ?? 0,
    };
  }

  /** All at once, or with a rate what is due at each tick, from the first lane on with a free place. */
  #begin(): void {
    const { perSecond } = this.#options;
    if (perSecond === undefined) {
      for (const lane of this.#lanes) lane.send();
      return;
    }
    this.#due = 0;
    let lastMs = performance.now();
    let first = 0;
    this.#pace = setInterval(() => {
      const nowMs = performance.now();
      // What places are missing for is not made up for later: the broker shall have this rate, not bursts.
      this.#due = Math.min(this.#due, perSecond / 100) + ((nowMs - lastMs) * perSecond) / 1_000;
      lastMs = nowMs;
      for (let lane = 0; lane < this.#lanes.length; lane++) this.#lanes[(first + lane) % this.#lanes.length]?.send();
      first++;
    }, 1);
  }

  fail(error: Error): void {
    if (!this.#isStopping) this.#onFailure(error);
  }

  /** True when another message may go out; it counts as sent then. */
  take(): boolean {
    const { messages } = this.#options;
    if (this.#isStopping || (messages > 0 && this.#acknowledged + this.#outstanding >= messages)) return false;
    if (this.#due < 1) return false;
    this.#due--;
    this.#sent++;
    this.#outstanding++;
    return true;
  }

  answered(code: number, micros: number): void {
    this.#outstanding--;
    this.#histogram.record(micros);
    if (code === 0) {
      this.#ok++;
      this.#acknowledged++;
    } else {
      this.#failed.set(code, (this.#failed.get(code) ?? 0) + 1);
    }
    if (this.#outstanding === 0 && this.#isComplete()) this.#onEnd();
  }

  /** Nothing will be sent any more, so that nothing unanswered is the end. */
  #isComplete(): boolean {
    const { messages } = this.#options;
    return this.#isStopping || (messages > 0 && this.#acknowledged >= messages);
  }

  /** What is under way is answered later, so it counts as sent now. */
  #startCounting(): void {
    this.#sent = this.#outstanding;
    this.#ok = 0;
    this.#failed.clear();
    this.#histogram.clear();
  }

  #counts(): Pick<SendLoadResult, 'sent' | 'ok' | 'failed' | 'p50' | 'p90' | 'p99' | 'p999'> {
    return {
      sent: this.#sent,
      ok: this.#ok,
      failed: Object.fromEntries(this.#failed),
      p50: this.#histogram.percentile(0.5),
      p90: this.#histogram.percentile(0.9),
      p99: this.#histogram.percentile(0.99),
      p999: this.#histogram.percentile(0.999),
    };
  }

  /** Time is up, or with a number of messages: all of them are acknowledged. */
  #measured(measuredMs: number): Promise<void> {
    if (this.#options.messages === 0) return pause(measuredMs);
    return this.#whenAllAnswered(measuredMs);
  }

  #drained(): Promise<void> {
    this.#isStopping = true;
    return this.#whenAllAnswered(drainMs);
  }

  #whenAllAnswered(limitMs: number): Promise<void> {
    if (this.#outstanding === 0 && this.#isComplete()) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.#onEnd = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** One connection with its places for unanswered requests. The opaque of a request tells its place. */
class SendLane {
  readonly #load: SendLoad;
  readonly #options: SendLoadOptions;
  readonly #frames: SendFrames;
  readonly #cutter = new FrameCutter(maxResponseBytes);
  readonly #sentAtMicros: Float64Array;
  readonly #opaques: Int32Array;
  readonly #free: Int32Array;
  #freeCount: number;
  #nowMicros = 0;
  #socket: Socket | undefined;

  constructor(load: SendLoad, options: SendLoadOptions, index: number) {
    this.#load = load;
    this.#options = options;
    const { topic, queues, bodyBytes, inFlight } = options;
    const keySeed = (process.pid << 10) + index;
    this.#frames = new SendFrames({ topic, queues, bodyBytes, capacity: inFlight, keySeed });
    this.#sentAtMicros = new Float64Array(inFlight);
    this.#opaques = new Int32Array(inFlight).map((_, place) => firstOpaque + place);
    this.#free = new Int32Array(inFlight).map((_, place) => place);
    this.#freeCount = inFlight;
  }

  get frameBytes(): number {
    return this.#frames.frameBytes;
  }

  open(chunk: Buffer): Promise<void> {
    const [host = '', port = ''] = this.#options.address.split(':');
    const callback = (sizeBytes: number): boolean => {
      this.#onChunk(chunk, sizeBytes);
      return true;
    };
    const socket = connect({ host, port: Number(port), noDelay: true, onread: { buffer: chunk, callback } });
    this.#socket = socket;
    socket.on('error', (error) => this.#load.fail(error));
    socket.on('close', () => this.#load.fail(new Error('the broker closed a connection')));
    return new Promise((resolve) => socket.once('connect', () => resolve()));
  }

  close(): void {
    this.#socket?.destroy();
  }

  #onChunk(chunk: Buffer, sizeBytes: number): void {
    this.#nowMicros = performance.now() * 1_000;
    try {
      this.#cutter.feed(chunk, sizeBytes, this.#onFrame);
    } catch (error) {
      this.#load.fail(error as Error);
    }
    this.send();
  }

  readonly #onFrame = (bytes: Buffer, start: number, end: number): void => {
    const { head } = this.#load;
    readResponse(bytes, start, end, head);
    const place = (head.opaque - firstOpaque) % this.#options.inFlight;
    if (this.#opaques[place] !== head.opaque) throw new Error(`nobody waits for an answer to ${head.opaque}`);
    const next = head.opaque + this.#options.inFlight;
    this.#opaques[place] = next > lastOpaque ? firstOpaque + place : next;
    this.#load.answered(head.code, this.#nowMicros - (this.#sentAtMicros[place] ?? 0));
    this.#free[this.#freeCount++] = place;
  };

  /** Fills every free place, as far as the load allows, with one write. */
  send(): void {
    const nowMs = Date.now();
    const nowMicros = performance.now() * 1_000;
    let count = 0;
    while (this.#freeCount > 0 && this.#load.take()) {
      const place = this.#free[--this.#freeCount] ?? 0;
      this.#sentAtMicros[place] = nowMicros;
      this.#frames.prepare(count++, this.#opaques[place] ?? 0, nowMs);
    }
    if (count === 0 || this.#socket === undefined) return;
    this.#socket.write(this.#frames.first(count));
    // What the kernel did not take at once is still read from this buffer later.
    if (this.#socket.writableLength > 0) this.#frames.renew();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const options = JSON.parse(process.argv[2] ?? '{}') as SendLoadOptions;
  process.stdout.write(`${JSON.stringify(await new SendLoad(options).run())}\n`);
}
