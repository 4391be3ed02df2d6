import { connect, type Socket } from 'node:net';
import type { Outcome, Pushed } from './request.ts';

/** What goes over the wire, with all fields filled in. */
export interface WireRequest {
  readonly code: number;
  readonly fields: Readonly<Record<string, string>> | undefined;
  readonly body: Buffer;
  readonly oneway: boolean;
  readonly binary: boolean;
  readonly version: number;
  readonly language: string;
}

interface WireHeader {
  readonly code: number;
  readonly language?: string;
  readonly version?: number;
  readonly opaque: number;
  readonly flag: number;
  readonly remark?: string;
  readonly extFields?: Record<string, string>;
}

const languages = ['JAVA', 'CPP', 'DOTNET', 'PYTHON', 'DELPHI', 'ERLANG', 'RUBY', 'OTHER', 'HTTP', 'GO', 'PHP', 'OMS'];
const connectTimeoutMs = 5_000;
/** How long an answer to a oneway request is waited for: there should be none. */
const onewayMs = 40;

/**
 * A fake client: frames by hand in both header forms, shared with neither side's codec. It keeps every request that the
 * broker sends to it and answers those that want an answer.
 */
export class WireClient {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (outcome: Outcome) => void>();
  #received: Buffer = Buffer.alloc(0);
  #nextOpaque = 1;
  #isClosed = false;
  /** What the broker asked this client, in order. */
  readonly pushed: Pushed[] = [];
  /** `ip:port` of this end. */
  readonly localAddress: string;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.localAddress = `${socket.localAddress}:${socket.localPort}`;
    socket.on('data', (bytes) => this.#onData(bytes));
    socket.on('error', () => this.#onClose());
    socket.on('close', () => this.#onClose());
  }

  static connect(address: string): Promise<WireClient> {
    const [host = '', port = ''] = address.split(':');
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port: Number(port), noDelay: true });
      const timer = setTimeout(() => socket.destroy(new Error(`no connection to ${address}`)), connectTimeoutMs);
      socket.once('error', reject);
      socket.once('connect', () => {
        clearTimeout(timer);
        socket.off('error', reject);
        resolve(new WireClient(socket));
      });
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Sends and waits for the answer, the end of the connection, or `timeoutMs` of silence; not as long after oneway. */
  ask(request: WireRequest, timeoutMs: number): Promise<Outcome> {
    if (this.#isClosed) return Promise.resolve({ kind: 'closed' });
    const opaque = this.#nextOpaque++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => done({ kind: 'silence' }), request.oneway ? onewayMs : timeoutMs);
      const done = (outcome: Outcome): void => {
        clearTimeout(timer);
        this.#waiting.delete(opaque);
        resolve(outcome);
      };
      this.#waiting.set(opaque, done);
      this.#socket.write(frameOf(request, opaque));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #onData(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    while (this.#received.length >= 4) {
      const end = 4 + this.#received.readInt32BE(0);
      if (this.#received.length < end) break;
      this.#onFrame(this.#received.subarray(4, end));
      this.#received = this.#received.subarray(end);
    }
  }

  #onFrame(frame: Buffer): void {
    const headerEnd = 4 + (frame.readUInt32BE(0) & 0xffffff);
    const header = JSON.parse(frame.toString('utf8', 4, headerEnd)) as WireHeader;
    const body = Buffer.from(frame.subarray(headerEnd));
    if ((header.flag & 1) === 0) {
      this.#onRequest(header, body);
      return;
    }
    this.#waiting.get(header.opaque)?.({
      kind: 'answer',
      code: header.code,
      remark: header.remark,
      fields: header.extFields,
      body,
      envelope: `${header.language} ${header.version} ${header.flag}`,
    });
  }

  #onRequest({ code, extFields, flag, opaque }: WireHeader, body: Buffer): void {
    const oneway = (flag & 2) !== 0;
    this.pushed.push({ code, fields: extFields ?? {}, body, oneway });
    if (oneway) return;
    const header = { code: 0, flag: 1, language: 'JAVA', opaque, remark: 'of a fake client', version: 333 };
    const answer = `{"fakeAnswerTo":${code}}`;
    this.#socket.write(frame(0, Buffer.from(JSON.stringify(header)), Buffer.from(answer)));
  }

  #onClose(): void {
    this.#isClosed = true;
    for (const done of [...this.#waiting.values()]) done({ kind: 'closed' });
  }
}

function frameOf(request: WireRequest, opaque: number): Buffer {
  const { code, version, language, fields } = request;
  const flag = request.oneway ? 2 : 0;
  if (request.binary) return frame(1, binaryHeader(request, opaque, flag), request.body);
  const header = { code, extFields: fields, flag, language, opaque, serializeTypeCurrentRPC: 'JSON', version };
  return frame(0, Buffer.from(JSON.stringify(header)), request.body);
}

function binaryHeader({ code, version, language, fields }: WireRequest, opaque: number, flag: number): Buffer {
  const entries = Object.entries(fields ?? {}).map(([key, value]) => {
    const [name, text] = [Buffer.from(key), Buffer.from(value)];
    const entry = Buffer.alloc(6 + name.length + text.length);
    entry.writeInt16BE(name.length, 0);
    name.copy(entry, 2);
    entry.writeInt32BE(text.length, 2 + name.length);
    text.copy(entry, 6 + name.length);
    return entry;
  });
  const fixed = Buffer.alloc(21);
  fixed.writeInt16BE(code, 0);
  fixed.writeInt8(Math.max(0, languages.indexOf(language)), 2);
  fixed.writeInt16BE(version, 3);
  fixed.writeInt32BE(opaque, 5);
  fixed.writeInt32BE(flag, 9);
  fixed.writeInt32BE(Buffer.concat(entries).length, 17);
  return Buffer.concat([fixed, ...entries]);
}

function frame(serialization: number, header: Buffer, body: Buffer): Buffer {
  const start = Buffer.alloc(8);
  start.writeInt32BE(4 + header.length + body.length, 0);
  start.writeInt32BE(((serialization << 24) | header.length) >>> 0, 4);
  return Buffer.concat([start, header, body]);
}
