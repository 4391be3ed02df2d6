import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { cpuSeconds } from '../process-usage.ts';
import { FrameCutter } from './frame-cutter.ts';
import { LatencyHistogram } from './latency-histogram.ts';

export interface PullLoadOptions {
  /** host:port; a loopback address. */
  readonly address: string;
  readonly topic: string;
  readonly group: string;
  /** Queue ids 0 to queues − 1 are read, one pull of each under way at a time, spread over the connections. */
  readonly queues: number;
  readonly connections: number;
  readonly batch: number;
  /** The whole backlog is read again and again until this time is over, and is not counted. */
  readonly warmupMs: number;
  /** Counted passes follow until this time is over; at least one. */
  readonly measuredMs: number;
  /** The most that the whole run may take. */
  readonly limitMs: number;
  /** The broker, whose processor time is taken at the same instants. */
  readonly pid: number;
}

export interface PullLoadResult {
  /** Messages of the backlog, and those of all counted passes. */
  readonly backlog: number;
  readonly messages: number;
  readonly passes: number;
  readonly pulls: number;
  readonly seconds: number;
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly firstOffsets: readonly number[];
  readonly lastOffsets: readonly number[];
  /** Answers other than FOUND, by response code: each was repeated. */
  readonly notFound: Readonly<Record<string, number>>;
  readonly clientCpuSeconds: number;
  readonly brokerCpuSeconds: number;
}

const chunkBytes = 262_144;
const maxResponseBytes = 4_194_304;
const mostRepeats = 1_000;
const code = { pullMessage: 11, getMaxOffset: 30, getMinOffset: 31, found: 0, retryImmediately: 20 } as const;
const recordAt = { queueId: 12, queueOffset: 20 } as const;

/** Reads a whole backlog pass after pass and checks that every record is the next of its queue. */
class PullLoad {
  readonly #options: PullLoadOptions;
  readonly #histogram = new LatencyHistogram();
  readonly #lanes: PullLane[] = [];
  readonly #queues: QueuePosition[];
  readonly #notFound = new Map<number, number>();
  #messages = 0;
  #bytes = 0;
  #pulls = 0;
  #repeats = 0;
  #reading = 0;
  #onPassEnd: () => void = () => {};
  #onFailure: (error: Error) => void = () => {};

  constructor(options: PullLoadOptions) {
    this.#options = options;
    this.#queues = Array.from({ length: options.queues }, (_, queueId) => ({
      queueId,
      minOffset: 0,
      maxOffset: 0,
      offset: 0,
      askedAtMicros: 0,
    }));
  }

  async run(): Promise<PullLoadResult> {
    const { limitMs } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const failure = new Promise<never>((_, reject) => {
      this.#onFailure = reject;
      timer = setTimeout(() => reject(new Error(`not through after ${limitMs} ms`)), limitMs);
    });
    try {
      return await Promise.race([this.#read(), failure]);
    } finally {
      clearTimeout(timer);
      for (const lane of this.#lanes) lane.close();
    }
  }

  fail(error: Error): void {
    this.#onFailure(error);
  }

  /** Takes the answer to a pull of this queue and asks for the next batch. */
  pulled(lane: PullLane, queue: QueuePosition, response: Response): void {
    this.#histogram.record(performance.now() * 1_000 - queue.askedAtMicros);
    this.#pulls++;
    if (response.code === code.found) {
      this.#bytes += response.end - response.body;
      this.#messages += takeRecords(response, queue);
    } else {
      this.#notFound.set(response.code, (this.#notFound.get(response.code) ?? 0) + 1);
      const isFinal = response.code !== code.retryImmediately && response.code !== 19;
      if (isFinal || ++this.#repeats > mostRepeats) throw new Error(`pull at ${queue.offset}: code ${response.code}`);
    }
    if (queue.offset < queue.maxOffset) lane.pull(queue);
    else if (--this.#reading === 0) this.#onPassEnd();
  }

  async #read(): Promise<PullLoadResult> {
    const { connections, warmupMs, measuredMs, pid } = this.#options;
    for (let index = 0; index < connections; index++) this.#lanes.push(await PullLane.open(this, this.#options));
    await Promise.all(this.#queues.map((queue) => this.#laneOf(queue).findEnds(queue)));
    await this.#passes(warmupMs, 0);
    this.#startCounting();
    const begun = { ms: performance.now(), cpu: process.cpuUsage(), brokerCpu: cpuSeconds(pid) };
    const passes = await this.#passes(measuredMs, 1);
    const seconds = (performance.now() - begun.ms) / 1_000;
    const used = process.cpuUsage(begun.cpu);
    return {
      backlog: this.#queues.reduce((sum, queue) => sum + queue.maxOffset - queue.minOffset, 0),
      messages: this.#messages,
      passes,
      pulls: this.#pulls,
      seconds,
      messagesPerSecond: this.#messages / seconds,
      bytesPerSecond: this.#bytes / seconds,
      p50: this.#histogram.percentile(0.5),
      p99: this.#histogram.percentile(0.99),
      firstOffsets: this.#queues.map((queue) => queue.minOffset),
      lastOffsets: this.#queues.map((queue) => queue.offset - 1),
      notFound: Object.fromEntries(this.#notFound),
      clientCpuSeconds: (used.user + used.system) / 1e6,
      brokerCpuSeconds: cpuSeconds(pid) - begun.brokerCpu,
    };
  }

  #startCounting(): void {
    this.#messages = 0;
    this.#bytes = 0;
    this.#pulls = 0;
    this.#histogram.clear();
    this.#notFound.clear();
  }

  /** Returns how many passes it took until the time was over. */
  async #passes(durationMs: number, least: number): Promise<number> {
    const deadline = performance.now() + durationMs;
    let passes = 0;
    while (passes < least || performance.now() < deadline) {
      await this.#pass();
      passes++;
    }
    return passes;
  }

  #pass(): Promise<void> {
    const waiting = this.#queues.filter((queue) => queue.maxOffset > queue.minOffset);
    if (waiting.length === 0) throw new Error('there is no backlog');
    this.#reading = waiting.length;
    return new Promise((resolve) => {
      this.#onPassEnd = resolve;
      for (const queue of waiting) {
        queue.offset = queue.minOffset;
        this.#laneOf(queue).pull(queue);
      }
    });
  }

  #laneOf(queue: QueuePosition): PullLane {
    const lane = this.#lanes[queue.queueId % this.#lanes.length];
    if (lane === undefined) throw new Error('no connection');
    return lane;
  }
}

interface QueuePosition {
  readonly queueId: number;
  minOffset: number;
  maxOffset: number;
  /** The next to be read. */
  offset: number;
  askedAtMicros: number;
}

/** One answer: `bytes[body, end)` is its body. */
interface Response {
  readonly code: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
  readonly body: number;
  readonly end: number;
}

/** Returns the number of records, which must follow on one another from the offset of the queue, and moves on. */
function takeRecords({ bytes, body, end }: Response, queue: QueuePosition): number {
  const before = queue.offset;
  let at = body;
  while (at < end) {
    const sizeBytes = bytes.readInt32BE(at);
    const offset = bytes.readInt32BE(at + recordAt.queueOffset) * 2 ** 32 + bytes.readUInt32BE(at + 24);
    if (offset !== queue.offset || bytes.readInt32BE(at + recordAt.queueId) !== queue.queueId || sizeBytes <= 0) {
      throw new Error(`queue ${queue.queueId}: record ${offset} where ${queue.offset} should be`);
    }
    queue.offset++;
    at += sizeBytes;
  }
  if (at !== end || queue.offset === before) throw new Error('a body that does not end with a record');
  return queue.offset - before;
}

/** One connection. The opaque of a pull is its queue id, so that an answer finds its queue. */
class PullLane {
  readonly #load: PullLoad;
  readonly #options: PullLoadOptions;
  readonly #cutter = new FrameCutter(maxResponseBytes);
  readonly #waiting = new Map<number, (response: Response) => void>();
  readonly #socket: Socket;

  private constructor(load: PullLoad, options: PullLoadOptions) {
    this.#load = load;
    this.#options = options;
    const [host = '', port = ''] = options.address.split(':');
    const chunk = Buffer.allocUnsafe(chunkBytes);
    const callback = (sizeBytes: number): boolean => {
      try {
        this.#cutter.feed(chunk, sizeBytes, this.#onFrame);
      } catch (error) {
        load.fail(error as Error);
      }
      return true;
    };
    this.#socket = connect({ host, port: Number(port), noDelay: true, onread: { buffer: chunk, callback } });
    this.#socket.on('error', (error) => load.fail(error));
    this.#socket.on('close', () => load.fail(new Error('the broker closed a connection')));
  }

  static open(load: PullLoad, options: PullLoadOptions): Promise<PullLane> {
    const lane = new PullLane(load, options);
    return new Promise((resolve) => lane.#socket.once('connect', () => resolve(lane)));
  }

  /** Asks for the ends of a queue. */
  async findEnds(queue: QueuePosition): Promise<void> {
    queue.minOffset = await this.#offset(code.getMinOffset, queue.queueId);
    queue.maxOffset = await this.#offset(code.getMaxOffset, queue.queueId);
  }

  pull(queue: QueuePosition): void {
    const { group, topic, batch } = this.#options;
    this.#waiting.set(queue.queueId, (response) => this.#load.pulled(this, queue, response));
    queue.askedAtMicros = performance.now() * 1_000;
    this.#send(
      `{"code":${code.pullMessage},"extFields":{"queueId":"${queue.queueId}","maxMsgNums":"${batch}","sysFlag":"4",` +
        `"commitOffset":"0","subscription":"*","subVersion":"0","expressionType":"TAG","suspendTimeoutMillis":"0",` +
        `"topic":"${topic}","queueOffset":"${queue.offset}","consumerGroup":"${group}"},"flag":0,"language":"JAVA",` +
        `"opaque":${queue.queueId},"serializeTypeCurrentRPC":"JSON","version":333}`,
    );
  }

  close(): void {
    this.#socket.removeAllListeners('close').destroy();
  }

  #offset(requestCode: number, queueId: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(queueId, (response) => {
        if (response.code === 0) resolve(Number(response.fields['offset']));
        else reject(new Error(`offset of queue ${queueId}: code ${response.code}`));
      });
      this.#send(
        `{"code":${requestCode},"extFields":{"topic":"${this.#options.topic}","queueId":"${queueId}"},"flag":0,` +
          `"language":"JAVA","opaque":${queueId},"serializeTypeCurrentRPC":"JSON","version":333}`,
      );
    });
  }

  #send(header: string): void {
    const frame = Buffer.allocUnsafe(8 + header.length);
    frame.writeInt32BE(4 + header.length, 0);
    frame.writeInt32BE(header.length, 4);
    frame.write(header, 8, 'latin1');
    this.#socket.write(frame);
  }

  readonly #onFrame = (bytes: Buffer, start: number, end: number): void => {
    const body = start + 8 + (bytes.readInt32BE(start + 4) & 0xffffff);
    const header = JSON.parse(bytes.toString('latin1', start + 8, body)) as ResponseHeader;
    const waiting = this.#waiting.get(header.opaque);
    if (waiting === undefined) throw new Error(`nobody waits for an answer to ${header.opaque}`);
    this.#waiting.delete(header.opaque);
    waiting({ code: header.code, fields: header.extFields ?? {}, bytes, body, end });
  };
}

interface ResponseHeader {
  readonly code: number;
  readonly opaque: number;
  readonly extFields?: Record<string, string>;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const options = JSON.parse(process.argv[2] ?? '{}') as PullLoadOptions;
  process.stdout.write(`${JSON.stringify(await new PullLoad(options).run())}\n`);
}
