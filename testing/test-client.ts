import { encodeCommand, type RemotingCommand } from '../src/codec/remoting-command.ts';
import type { FakeClock } from './fake-clock.ts';
import { FrameClient } from './remoting-fixture.ts';
import type { SimNetwork, SimSocket } from './sim-network.ts';

/** A reply in the shape that tests compare. */
export interface TestReply {
  readonly code: number;
  readonly remark: string | undefined;
  /** undefined: the reply carries no extFields at all. */
  readonly ext: Readonly<Record<string, string>> | undefined;
  readonly body: Buffer;
}

export interface Asked {
  readonly body?: Buffer | string;
  /** 333 unless told. */
  readonly version?: number;
  readonly language?: RemotingCommand['language'];
}

const MOST_ROUNDS = 200;

/** A client of a server on a simulated network, which asks and waits until the answer is there. */
export class TestClient {
  readonly frames: FrameClient<SimSocket>;
  readonly #clock: FakeClock;

  private constructor(frames: FrameClient<SimSocket>, clock: FakeClock) {
    this.frames = frames;
    this.#clock = clock;
  }

  static async connect(net: SimNetwork, clock: FakeClock, port: number): Promise<TestClient> {
    const socket = await net.connect({ host: '127.0.0.1', port, timeoutMs: 1000 });
    return new TestClient(new FrameClient(socket), clock);
  }

  /** Address of this client as the server sees it. */
  get address(): string {
    const { localAddress, localPort } = this.frames.socket;
    return `${localAddress}:${localPort}`;
  }

  /** Sends a request without waiting; gives its opaque. */
  send(code: number, ext: Fields = {}, asked: Asked = {}): number {
    const { body, ...more } = asked;
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    return this.frames.request(code, texts(ext), bytes === undefined ? more : { ...more, body: bytes });
  }

  /** Sends a request and gives its reply; rejects when none comes without the clock being moved. */
  async ask(code: number, ext: Fields = {}, asked: Asked = {}): Promise<TestReply> {
    const opaque = this.send(code, ext, asked);
    for (let round = 0; round < MOST_ROUNDS; round++) {
      await settle(this.#clock, 1);
      const reply = this.replyTo(opaque);
      if (reply !== undefined) return reply;
    }
    throw new Error(`no reply to ${code}`);
  }

  /** Sends a request to which no reply may come now; gives its opaque. */
  async askInVain(code: number, ext: Fields = {}, asked: Asked = {}): Promise<number> {
    const opaque = this.send(code, ext, asked);
    await settle(this.#clock);
    const reply = this.replyTo(opaque);
    if (reply !== undefined) throw new Error(`${code} was answered ${reply.code} ${reply.remark}`);
    return opaque;
  }

  /** Sends a oneway request and lets it arrive. */
  async tell(code: number, ext: Fields = {}, asked: Asked = {}): Promise<void> {
    const { body, ...more } = asked;
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    this.frames.request(code, texts(ext), { ...more, ...(bytes === undefined ? {} : { body: bytes }), flag: 2 });
    await settle(this.#clock);
  }

  /** The reply to a request, or undefined. */
  replyTo(opaque: number): TestReply | undefined {
    const found = this.frames.received.find((command) => command.opaque === opaque && (command.flag & 1) === 1);
    if (found === undefined) return undefined;
    const { code, remark, extFields, body } = found;
    const ext = extFields === undefined ? undefined : Object.fromEntries(extFields);
    return { code, remark, ext, body: body ?? Buffer.alloc(0) };
  }

  /** Requests that the server sent, oldest first, each as `code field=value …`. */
  get pushed(): string[] {
    return this.frames.received
      .filter((command) => (command.flag & 1) === 0)
      .map(({ code, extFields }) => [code, ...[...(extFields ?? [])].map(([k, v]) => `${k}=${v}`)].join(' '));
  }

  /** The newest request with this code that the server sent. */
  requested(code: number): RemotingCommand {
    const found = this.frames.received.findLast((command) => command.code === code && (command.flag & 1) === 0);
    if (found === undefined) throw new Error(`the server sent no ${code}`);
    return found;
  }

  /** Answers {@link requested} and lets the answer arrive. */
  async answer(code: number, answer: Partial<RemotingCommand> = {}): Promise<void> {
    const { opaque } = this.requested(code);
    this.frames.socket.write(encodeCommand({ code: 0, version: 333, opaque, flag: 1, ...answer }));
    await settle(this.#clock);
  }

  /** Closes the connection and lets the server notice. */
  async close(): Promise<void> {
    this.frames.socket.destroy();
    await settle(this.#clock);
  }
}

/** Values of extFields; undefined ones are left out. */
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

function texts(fields: Fields): Record<string, string> {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
}

/** Lets everything under way happen, promises included, while the clock stands. */
export async function settle(clock: FakeClock, rounds = 6): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    clock.endTurn();
    await new Promise((resolve) => setImmediate(resolve));
  }
  clock.endTurn();
}
