const opaqueDigits = 7;
const bornDigits = 13;
const counterDigits = 12;
/** Address, process and class loader of a client, as the official one writes them on a machine with IPv6 only. */
const keyPrefixDigits = 44;

/** The lowest opaque a frame may have; from here on all have the same number of digits. */
export const firstOpaque = 1_000_000;
export const lastOpaque = 9_999_999;

export interface SendFramesOptions {
  readonly topic: string;
  /** Queue ids 0 to queues − 1 are used; at most 10, so that each is one digit. */
  readonly queues: number;
  readonly bodyBytes: number;
  /** How many frames the buffer holds. */
  readonly capacity: number;
  /** Tells the unique keys of this connection from those of all others: 24 bits. */
  readonly keySeed: number;
}

/**
 * A buffer full of SEND_MESSAGE_V2 requests in the bytes of the official benchmark producer (476 at a body of 128 and
 * a topic of eleven letters). Only opaque, queue id, birth time and the end of the unique key are written per message.
 */
export class SendFrames {
  readonly frameBytes: number;
  readonly #capacity: number;
  readonly #template: Buffer;
  readonly #queues: number;
  readonly #at: Record<'opaque' | 'queueId' | 'born' | 'counter', number>;
  #bytes: Buffer;
  #sent = 0;

  constructor(options: SendFramesOptions) {
    if (options.queues < 1 || options.queues > 10) throw new Error(`${options.queues} queues: 1 to 10 are possible`);
    this.#template = templateOf(options);
    this.frameBytes = this.#template.length;
    this.#capacity = options.capacity;
    this.#queues = options.queues;
    this.#at = {
      opaque: this.#template.indexOf('"opaque":') + '"opaque":'.length,
      queueId: this.#template.indexOf('"e":"') + '"e":"'.length,
      born: this.#template.indexOf('"g":"') + '"g":"'.length,
      counter: this.#template.indexOf('\\u0002"') - counterDigits,
    };
    this.#bytes = this.#filled();
  }

  /** Writes the changing fields of frame `index` of the buffer. */
  prepare(index: number, opaque: number, nowMs: number): void {
    const frame = index * this.frameBytes;
    const number = this.#sent++;
    writeDigits(this.#bytes, frame + this.#at.opaque, opaqueDigits, opaque);
    writeDigits(this.#bytes, frame + this.#at.born, bornDigits, nowMs);
    writeDigits(this.#bytes, frame + this.#at.counter, counterDigits, number);
    this.#bytes[frame + this.#at.queueId] = 0x30 + (number % this.#queues);
  }

  /** The first `count` frames. They stay as they are until the next call of `prepare`. */
  first(count: number): Buffer {
    return this.#bytes.subarray(0, count * this.frameBytes);
  }

  /** Leaves the bytes handed out to whoever still needs them and goes on with a buffer of its own. */
  renew(): void {
    this.#bytes = this.#filled();
  }

  #filled(): Buffer {
    return Buffer.allocUnsafe(this.#capacity * this.frameBytes).fill(this.#template);
  }
}

function templateOf({ topic, bodyBytes, keySeed }: SendFramesOptions): Buffer {
  const prefix = `FD${(keySeed & 0xffffff)
    .toString(16)
    .toUpperCase()
    .padStart(keyPrefixDigits - 2, '0')}`;
  const header = Buffer.from(
    `{"code":310,"extFields":{"a":"benchmark_producer","b":"${topic}","c":"TBW102","d":"4","e":"0","f":"0",` +
      `"g":"${'0'.repeat(bornDigits)}","h":"0","i":"UNIQ_KEY\\u0001${prefix}${'0'.repeat(counterDigits)}\\u0002",` +
      `"j":"0","k":"false","m":"false"},"flag":0,"language":"JAVA","opaque":${'0'.repeat(opaqueDigits)},` +
      `"serializeTypeCurrentRPC":"JSON","version":333}`,
  );
  const frame = Buffer.alloc(8 + header.length + bodyBytes, 'hello baby');
  frame.writeInt32BE(4 + header.length + bodyBytes, 0);
  frame.writeInt32BE(header.length, 4);
  header.copy(frame, 8);
  return frame;
}

function writeDigits(bytes: Buffer, at: number, width: number, value: number): void {
  let high = value;
  for (let index = at + width - 1; index >= at; index--) {
    const rest = Math.floor(high / 10);
    bytes[index] = 0x30 + (high - rest * 10);
    high = rest;
  }
}
