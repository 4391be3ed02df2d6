import type { FakeClock } from '../../testing/fake-clock.ts';
import type { SimNetwork, SimSocket } from '../../testing/sim-network.ts';
import { settle } from '../../testing/test-client.ts';
import { frameOf } from '../peer/raw-client.ts';
import type { CapturedHeader } from './capture.ts';

/** A frame as it travelled: the header's JSON parsed, the rest bytes. */
export interface Frame {
  readonly header: CapturedHeader;
  readonly body: Buffer;
}

/** What a client answers to what the server asks; undefined for nothing. */
export type Answering = (asked: Frame) => { readonly header: object; readonly body: Buffer } | undefined;

const mostRounds = 300;

/** A connection on the simulated network that shows headers as they are, with the keys they really have. */
export class FrameConnection {
  readonly received: Frame[] = [];
  readonly #socket: SimSocket;
  readonly #clock: FakeClock;
  /** Answers to what the server asks. */
  readonly #answer: Answering;
  #bytes = Buffer.alloc(0);

  private constructor(socket: SimSocket, clock: FakeClock, answer: Answering) {
    this.#socket = socket;
    this.#clock = clock;
    this.#answer = answer;
    socket.setEvents({ onData: (bytes) => this.#take(bytes), onDrain: () => {}, onClose: () => {} });
  }

  static async open(
    net: SimNetwork,
    clock: FakeClock,
    port: number,
    answer: Answering = () => undefined,
  ): Promise<FrameConnection> {
    return new FrameConnection(await net.connect({ host: '127.0.0.1', port, timeoutMs: 1000 }), clock, answer);
  }

  send(header: object, body: Buffer = Buffer.alloc(0)): void {
    this.#socket.write(frameOf(header, body));
  }

  /** Sends a request and gives its answer; throws when none comes while the clock stands. */
  async ask(header: CapturedHeader, body?: Buffer): Promise<Frame> {
    this.send(header, body);
    for (let round = 0; round < mostRounds; round++) {
      await settle(this.#clock, 1);
      const answer = this.received.find((each) => each.header.opaque === header.opaque && (each.header.flag & 1) === 1);
      if (answer !== undefined) return answer;
    }
    throw new Error(`no answer to ${JSON.stringify(header)}`);
  }

  async close(): Promise<void> {
    this.#socket.destroy();
    await settle(this.#clock);
  }

  #take(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    while (this.#bytes.length >= 4 && this.#bytes.length >= 4 + this.#bytes.readInt32BE(0)) {
      const end = 4 + this.#bytes.readInt32BE(0);
      const headerEnd = 8 + (this.#bytes.readInt32BE(4) & 0xffffff);
      const header = JSON.parse(this.#bytes.toString('utf8', 8, headerEnd)) as CapturedHeader;
      const frame = { header, body: Buffer.from(this.#bytes.subarray(headerEnd, end)) };
      this.#bytes = this.#bytes.subarray(end);
      this.received.push(frame);
      const answer = (header.flag & 1) === 0 ? this.#answer(frame) : undefined;
      if (answer !== undefined) this.send(answer.header, answer.body);
    }
  }
}
