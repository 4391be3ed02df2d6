import { connect, type Socket } from 'node:net';

/**
 * A remoting client of its own: JSON headers, frames cut by hand. It shares no line with src/codec on purpose, so that
 * a mistake made there on both sides cannot cancel itself out, and so that the same requests go to Java and to ours.
 */
export class RawClient {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, { resolve(reply: RawReply): void; reject(error: Error): void }>();
  #received: Buffer = Buffer.alloc(0);
  #nextOpaque = 1;
  #closed: Error | undefined;
  /** What the server asked, oldest first; only {@link serve} keeps it. */
  readonly asked: AskedByServer[] = [];
  #serve: ((asked: AskedByServer) => ServedAnswer | undefined) | undefined;
  #identity: Identity = { language: 'JAVA', version: 333 };

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes) => this.#onData(bytes));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('connection closed by the server')));
  }

  /** Connects to `host:port`; rejects when that takes longer than five seconds. */
  static connect(address: string): Promise<RawClient> {
    const [host = '', port = ''] = address.split(':');
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port: Number(port), noDelay: true });
      const timer = setTimeout(() => socket.destroy(new Error(`no connection to ${address} in 5 s`)), 5_000);
      socket.once('error', reject);
      socket.once('connect', () => {
        clearTimeout(timer);
        socket.off('error', reject);
        resolve(new RawClient(socket));
      });
      socket.once('close', () => clearTimeout(timer));
    });
  }

  /** Requests sent and not answered yet. */
  get inFlight(): number {
    return this.#waiting.size;
  }

  /** Who the requests from now on come from. */
  as(identity: Partial<Identity>): this {
    this.#identity = { ...this.#identity, ...identity };
    return this;
  }

  /** Answers what the server asks from now on; without an answer it is kept waiting. */
  serve(answer: (asked: AskedByServer) => ServedAnswer | undefined): void {
    this.#serve = answer;
  }

  /** Sends a request and waits for its answer; rejects after `timeoutMs` (default 15 s) or when the connection ends. */
  request(code: number, fields: Fields, body: Uint8Array = noBody, timeoutMs = 15_000): Promise<RawReply> {
    const opaque = this.#nextOpaque++;
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) {
        reject(this.#closed);
        return;
      }
      const timer = setTimeout(() => {
        this.#waiting.delete(opaque);
        reject(new NoAnswer(`no answer to request ${code} in ${timeoutMs} ms`));
      }, timeoutMs);
      this.#waiting.set(opaque, {
        resolve: (reply) => {
          clearTimeout(timer);
          resolve(reply);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.#socket.write(requestFrame(code, opaque, fields, body, 0, this.#identity));
    });
  }

  /** Sends a request that is never answered. Throws when the connection has ended. */
  oneway(code: number, fields: Fields, body: Uint8Array = noBody): void {
    if (this.#closed !== undefined) throw this.#closed;
    this.#socket.write(requestFrame(code, this.#nextOpaque++, fields, body, onewayFlag));
  }

  close(): void {
    this.#socket.destroy();
  }

  #onData(bytes: Buffer): void {
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    let at = 0;
    while (this.#received.length - at >= 4) {
      const length = this.#received.readInt32BE(at);
      if (this.#received.length - at - 4 < length) break;
      this.#onFrame(this.#received.subarray(at + 4, at + 4 + length));
      at += 4 + length;
    }
    this.#received = this.#received.subarray(at);
  }

  #onFrame(frame: Buffer): void {
    const word = frame.readInt32BE(0);
    if (word >>> 24 !== 0) {
      this.#socket.destroy(new Error(`answer in serialization ${word >>> 24}, only JSON is expected`));
      return;
    }
    const headerLength = word & 0xffffff;
    const header = JSON.parse(frame.toString('utf8', 4, 4 + headerLength)) as Header;
    const body = Buffer.from(frame.subarray(4 + headerLength));
    if ((header.flag & 1) === 0) {
      this.#onRequest(header, body);
      return;
    }
    const waiting = this.#waiting.get(header.opaque);
    this.#waiting.delete(header.opaque);
    const { code, remark = '', extFields } = header;
    waiting?.resolve({ code, remark, fields: extFields ?? {}, hasFields: extFields !== undefined, body });
  }

  #onRequest(header: Header, body: Buffer): void {
    if (this.#serve === undefined) return;
    const { code, flag, opaque, extFields: fields = {} } = header;
    const asked = { code, flag, fields, body };
    this.asked.push(asked);
    const answer = this.#serve(asked);
    if (answer === undefined) return;
    const { body: answerBody = noBody, ...more } = answer;
    const text = { code: 0, ...more, flag: 1, language: 'JAVA', opaque, serializeTypeCurrentRPC: 'JSON', version: 333 };
    this.#socket.write(frameOf(text, answerBody));
  }

  #fail(error: Error): void {
    this.#closed ??= error;
    for (const waiting of this.#waiting.values()) waiting.reject(this.#closed);
    this.#waiting.clear();
  }
}

/** The server kept silent for the whole time-out. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** A request of the server to its client. */
export interface AskedByServer {
  readonly code: number;
  readonly flag: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What a client answers; code 0 unless told. */
export interface ServedAnswer {
  readonly code?: number;
  readonly remark?: string;
  readonly extFields?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** What a client says it is. */
interface Identity {
  readonly language: string;
  readonly version: number;
}

export type Fields = Readonly<Record<string, string | number | boolean>>;

export interface RawReply {
  readonly code: number;
  readonly remark: string;
  readonly fields: Readonly<Record<string, string>>;
  /** False when the answer had no extFields, not even empty ones. */
  readonly hasFields: boolean;
  readonly body: Buffer;
}

interface Header {
  readonly code: number;
  readonly flag: number;
  readonly opaque: number;
  readonly remark?: string;
  readonly extFields?: Record<string, string>;
}

const noBody = new Uint8Array(0);
const onewayFlag = 2;

/** One request as it travels. Exported for the producer of the kill test, which sends without waiting. */
export function requestFrame(
  code: number,
  opaque: number,
  fields: Fields,
  body: Uint8Array,
  flag = 0,
  { language, version }: Identity = { language: 'JAVA', version: 333 },
): Buffer {
  const extFields: Record<string, string> = {};
  for (const [key, value] of Object.entries(fields)) extFields[key] = String(value);
  return frameOf({ code, extFields, flag, language, opaque, serializeTypeCurrentRPC: 'JSON', version }, body);
}

/** A frame with any header in JSON. */
export function frameOf(command: object, body: Uint8Array): Buffer {
  const header = Buffer.from(JSON.stringify(command));
  const frame = Buffer.alloc(8 + header.length + body.length);
  frame.writeInt32BE(4 + header.length + body.length, 0);
  frame.writeInt32BE(header.length, 4);
  header.copy(frame, 8);
  frame.set(body, 8 + header.length);
  return frame;
}

/** Runs `work` over all items with at most `width` at once; results in the order of the items. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = new Array(items.length);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index] as Item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
  return results;
}
