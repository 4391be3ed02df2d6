import type { Clock } from '../src/util/clock.ts';
import {
  type ConnectOptions,
  type Listener,
  type ListenOptions,
  type Net,
  NetError,
  type Socket,
  type SocketEvents,
} from '../src/util/net.ts';

export interface SimNetworkOptions {
  readonly clock: Clock;
  /** Bytes on the way to a peer that does not read; what is written beyond stays unsent. */
  readonly windowBytes?: number;
  /** Size of the next chunk to deliver, of so many bytes on the way; random cuts come from here. */
  readonly cut?: (bytes: number) => number;
}

const WINDOW_BYTES = 65_536;
const FIRST_CLIENT_PORT = 40_000;

/**
 * TCP in memory. Bytes are delivered at the end of the turn, so that nothing runs inside the writer's call; a paused
 * reader fills its window and the writer's bytes stay unsent. What the kernel would have taken is copied at once, what
 * is unsent is not, so that a buffer which is used again too early shows.
 */
export class SimNetwork implements Net {
  readonly clock: Clock;
  readonly windowBytes: number;
  readonly cut: (bytes: number) => number;
  /** Hosts that nothing reaches: connects time out, bytes stay on the way. */
  readonly unreachable = new Set<string>();
  readonly #listeners = new Map<number, { options: ListenOptions; accept: (socket: Socket) => void; count: number }>();
  #nextClientPort = FIRST_CLIENT_PORT;

  constructor(options: SimNetworkOptions) {
    this.clock = options.clock;
    this.windowBytes = options.windowBytes ?? WINDOW_BYTES;
    this.cut = options.cut ?? ((bytes) => bytes);
  }

  listen(options: ListenOptions, onConnection: (socket: Socket) => void): Promise<Listener> {
    const port = options.port === 0 ? this.#nextClientPort++ : options.port;
    if (this.#listeners.has(port)) return Promise.reject(new NetError(`port ${port} is taken`, 'EADDRINUSE'));
    this.#listeners.set(port, { options, accept: onConnection, count: 0 });
    const close = (): Promise<void> => {
      this.#listeners.delete(port);
      return Promise.resolve();
    };
    return Promise.resolve({ port, close });
  }

  connect({ host, port, timeoutMs }: ConnectOptions): Promise<SimSocket> {
    if (this.unreachable.has(host)) {
      return new Promise((_, reject) => {
        this.clock.setTimeout(() => reject(new NetError(`connect ${host}:${port}`, 'ETIMEDOUT')), timeoutMs);
      });
    }
    const listener = this.#listeners.get(port);
    if (listener === undefined) return Promise.reject(new NetError(`connect ${host}:${port}`, 'ECONNREFUSED'));
    const clientPort = this.#nextClientPort++;
    const client = new SimSocket(this, { address: '127.0.0.1', port: clientPort }, { address: host, port });
    const server = new SimSocket(this, { address: host, port }, { address: '127.0.0.1', port: clientPort });
    client.peer = server;
    server.peer = client;
    listener.count += 1;
    server.onGone = () => {
      listener.count -= 1;
    };
    if (listener.count > listener.options.maxConnections) server.destroy();
    else listener.accept(server);
    return Promise.resolve(client);
  }
}

interface SimAddress {
  readonly address: string;
  readonly port: number;
}

/** One end of a simulated connection. */
export class SimSocket implements Socket {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  peer: SimSocket | undefined;
  onGone: () => void = () => {};
  /** How often bytes were handed to the kernel: a corked run counts once. */
  writes = 0;
  readonly #network: SimNetwork;
  #events: SocketEvents | undefined;
  /** Taken by the kernel, not read by the peer yet: copies. */
  #onTheWay: Buffer[] = [];
  #onTheWayBytes = 0;
  /** Not taken by the kernel: the writer's own buffers. */
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #wantsDrain = false;
  #isCorked = false;
  #isPaused = false;
  #isEnding = false;
  #isClosed = false;
  #isScheduled = false;

  constructor(network: SimNetwork, local: SimAddress, remote: SimAddress) {
    this.#network = network;
    this.localAddress = local.address;
    this.localPort = local.port;
    this.remoteAddress = remote.address;
    this.remotePort = remote.port;
  }

  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  setEvents(events: SocketEvents): void {
    this.#events = events;
    if (this.peer !== undefined) this.peer.#schedule();
    if (this.#isClosed) this.#network.clock.atTurnEnd(() => events.onClose('closed by peer'));
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isClosed || this.#isEnding) return false;
    if (bytes.length > 0) this.#unsent.push(bytes);
    this.#unsentBytes += bytes.length;
    if (!this.#isCorked) this.#toKernel();
    this.#wantsDrain = this.#unsentBytes > 0;
    return !this.#wantsDrain;
  }

  cork(): void {
    this.#isCorked = true;
  }

  uncork(): void {
    this.#isCorked = false;
    this.#toKernel();
    this.#wantsDrain = this.#unsentBytes > 0;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    if (this.peer !== undefined) this.peer.#schedule();
  }

  end(): void {
    this.#isEnding = true;
    this.#closeWhenSent();
  }

  destroy(): void {
    this.#close('closed');
  }

  #toKernel(): void {
    let room = this.#network.windowBytes - this.#onTheWayBytes;
    if (this.#unsentBytes === 0 || room <= 0) return;
    this.writes += 1;
    while (this.#unsent.length > 0 && room > 0) {
      const first = this.#unsent[0] as Uint8Array;
      const count = Math.min(first.length, room);
      this.#onTheWay.push(Buffer.from(first.subarray(0, count)));
      if (count === first.length) this.#unsent.shift();
      else this.#unsent[0] = first.subarray(count);
      room -= count;
      this.#onTheWayBytes += count;
      this.#unsentBytes -= count;
    }
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#onTheWayBytes === 0) return;
    this.#isScheduled = true;
    this.#network.clock.atTurnEnd(() => this.#deliver());
  }

  /** Hands the peer one chunk; the rest follows in later tasks of the turn. */
  #deliver(): void {
    this.#isScheduled = false;
    const { peer } = this;
    const network = this.#network;
    if (peer === undefined || peer.#isPaused || peer.#isClosed || peer.#events === undefined) return;
    if (this.#onTheWayBytes === 0 || network.unreachable.has(this.remoteAddress)) return;
    const all = Buffer.concat(this.#onTheWay);
    const count = Math.max(1, Math.min(all.length, network.cut(all.length)));
    this.#onTheWay = count === all.length ? [] : [all.subarray(count)];
    this.#onTheWayBytes -= count;
    const chunk = Buffer.from(all.subarray(0, count));
    peer.#events.onData(chunk);
    chunk.fill(0xee);
    this.#toKernel();
    this.#schedule();
    if (this.#wantsDrain && this.#unsentBytes === 0) {
      this.#wantsDrain = false;
      this.#events?.onDrain();
    }
    if (this.#isEnding) this.#closeWhenSent();
  }

  #closeWhenSent(): void {
    if (this.#unsentBytes === 0 && this.#onTheWayBytes === 0) this.#close('closed');
  }

  #close(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.onGone();
    this.#unsent = [];
    this.#unsentBytes = 0;
    this.#network.clock.atTurnEnd(() => {
      this.#events?.onClose(reason);
      if (this.peer !== undefined) this.peer.#close('closed by peer');
    });
  }
}
