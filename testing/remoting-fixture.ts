import { MqClient } from '../src/client/mq-client.ts';
import { AssemblyBudget, FrameDecoder } from '../src/codec/frame.ts';
import { decodeCommand, encodeCommand, FLAG_ONEWAY, type RemotingCommand } from '../src/codec/remoting-command.ts';
import { Admission, type AdmissionLimits, plainLimits, type RejectSend } from '../src/remoting/admission.ts';
import { RemotingClient } from '../src/remoting/client.ts';
import type { Connection } from '../src/remoting/connection.ts';
import { type ConnectionLimits, connectionLimits } from '../src/remoting/connection-limits.ts';
import { Dispatcher } from '../src/remoting/dispatcher.ts';
import type { Handlers } from '../src/remoting/handler.ts';
import { LoopTurn } from '../src/remoting/loop-turn.ts';
import { ParkedReplies } from '../src/remoting/parked-replies.ts';
import { RemotingServer } from '../src/remoting/server.ts';
import type { Net, Socket } from '../src/util/net.ts';
import { collectingLogger } from './collecting-logger.ts';
import { FakeClock } from './fake-clock.ts';
import { SimNetwork, type SimNetworkOptions, type SimSocket } from './sim-network.ts';

export interface RemotingFixtureOptions {
  readonly handlers?: Partial<Handlers<'broker'>>;
  readonly network?: Omit<SimNetworkOptions, 'clock'>;
  readonly limits?: Partial<ConnectionLimits>;
  readonly admission?: Partial<AdmissionLimits>;
  readonly rejectSend?: RejectSend;
  readonly idleMs?: number;
  readonly poison?: boolean;
  readonly partialFrameBytes?: number;
}

export const MAIN_PORT = 10911;
export const VIP_PORT = 10909;
const MOST_ROUNDS = 200;

/** A broker-like server on a simulated network, with clients that speak frames. */
export class RemotingFixture {
  readonly clock = new FakeClock();
  readonly log = collectingLogger();
  readonly net: SimNetwork;
  readonly turn: LoopTurn;
  readonly parked: ParkedReplies;
  readonly admission: Admission;
  readonly server: RemotingServer;

  private constructor(options: RemotingFixtureOptions) {
    const { clock, log } = this;
    this.net = new SimNetwork({ clock, ...options.network });
    this.turn = new LoopTurn(clock);
    this.parked = new ParkedReplies({ clock, turn: this.turn });
    this.admission = new Admission({ ...plainLimits(), ...options.admission }, options.rejectSend);
    this.server = new RemotingServer({
      net: this.net,
      clock,
      log,
      turn: this.turn,
      ports: [
        { port: MAIN_PORT, receiver: this.dispatcher('main', options) },
        { port: VIP_PORT, receiver: this.dispatcher('vip', options) },
      ],
      idleMs: options.idleMs ?? 120_000,
      limits: { ...connectionLimits, ...options.limits },
      ...(options.partialFrameBytes === undefined ? {} : { partialFrameBytes: options.partialFrameBytes }),
    });
  }

  /** Listening. */
  static async start(options: RemotingFixtureOptions = {}): Promise<RemotingFixture> {
    const fixture = new RemotingFixture(options);
    await fixture.server.start();
    return fixture;
  }

  /** The server's side of the only connection. */
  get connection(): Connection {
    const [connection] = this.server.connections;
    if (connection === undefined) throw new Error('nobody is connected');
    return connection;
  }

  /** A new client of the main port, or of `port`. */
  async client(port = MAIN_PORT): Promise<FrameClient<SimSocket>> {
    const socket = await this.net.connect({ host: '127.0.0.1', port, timeoutMs: 1000 });
    return new FrameClient(socket);
  }

  /** The client of tools, which asks whom it is told. */
  mqClient(namesrvAddr: string): MqClient {
    const { net, clock, log, turn } = this;
    return new MqClient({ remoting: new RemotingClient({ net, clock, log, turn }), namesrvAddr });
  }

  /** Lets everything that was sent arrive, promises included. */
  async settle(): Promise<void> {
    for (let i = 0; i < 4; i++) {
      this.clock.endTurn();
      await Promise.resolve();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.clock.endTurn();
  }

  /** Lets everything arrive until the promise is settled, and gives what it settled to. */
  async done<T>(promise: Promise<T>): Promise<T> {
    const settled = promise.then(
      () => true,
      () => true,
    );
    for (let round = 0; round < MOST_ROUNDS; round++) {
      if ((await Promise.race([settled, this.settle()])) === true) break;
    }
    return promise;
  }

  private dispatcher(port: 'main' | 'vip', options: RemotingFixtureOptions): Dispatcher<'broker'> {
    return new Dispatcher({
      server: 'broker',
      port,
      handlers: (options.handlers ?? {}) as Handlers<'broker'>,
      admission: this.admission,
      parked: this.parked,
      clock: this.clock,
      log: this.log,
      poison: options.poison ?? false,
    });
  }
}

/** A peer that sends what it is told and keeps what comes back. */
export class FrameClient<S extends Socket = Socket> {
  readonly socket: S;
  readonly received: RemotingCommand[] = [];
  /** Sizes of the chunks that came. */
  readonly chunks: number[] = [];
  closed: string | undefined;
  #lastOpaque = 0;
  readonly #decoder = new FrameDecoder(new AssemblyBudget(64 * 1024 * 1024));

  constructor(socket: S) {
    this.socket = socket;
    socket.setEvents({
      onData: (bytes) => this.#take(bytes),
      onDrain: () => {},
      onClose: (reason) => {
        this.closed = reason;
      },
    });
  }

  static async connect(net: Net, port: number): Promise<FrameClient> {
    return new FrameClient(await net.connect({ host: '127.0.0.1', port, timeoutMs: 3000 }));
  }

  /** The one command that came. */
  get only(): RemotingCommand {
    if (this.received.length !== 1) throw new Error(`${this.received.length} commands came`);
    return this.received[0] as RemotingCommand;
  }

  /** Sends a request; returns its opaque. */
  request(code: number, extFields: Readonly<Record<string, string>> = {}, more: Partial<RemotingCommand> = {}): number {
    const command = requestCommand(code, extFields, { opaque: ++this.#lastOpaque, ...more });
    this.socket.write(encodeCommand(command));
    return command.opaque;
  }

  oneway(code: number, extFields: Readonly<Record<string, string>> = {}): void {
    this.request(code, extFields, { flag: FLAG_ONEWAY });
  }

  #take(bytes: Buffer): void {
    this.chunks.push(bytes.length);
    this.#decoder.feed(bytes, (frame, start, end) => {
      const command = decodeCommand(frame, start, end);
      if (command === undefined) throw new Error('a frame that is no command');
      this.received.push(command);
      return true;
    });
  }
}

/** A request as a client sends it. */
export function requestCommand(
  code: number,
  extFields: Readonly<Record<string, string>>,
  more: Partial<RemotingCommand> = {},
): RemotingCommand {
  return { code, version: 333, opaque: 1, flag: 0, extFields: new Map(Object.entries(extFields)), ...more };
}
