import { connect, createServer, Socket as TcpSocket } from 'node:net';
import type { Socket, SocketEvents } from './net.ts';
import { type ConnectOptions, type Listener, type ListenOptions, type Net, NetError } from './net.ts';

/** TCP of the operating system: no delay, no keep-alive, no half-open connections. */
export const nodeNet: Net = { listen, connect: connectTo };

/** Java: NettyRemotingServer, SO_BACKLOG. */
const BACKLOG = 1024;

function listen(options: ListenOptions, onConnection: (socket: Socket) => void): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const server = createServer({ noDelay: true, keepAlive: false, allowHalfOpen: false, pauseOnConnect: true });
    server.maxConnections = options.maxConnections;
    server.on('connection', (socket) => {
      // A peer that is gone already has no address any more.
      if (socket.remoteAddress === undefined) socket.destroy();
      else onConnection(acceptedSocket(socket));
    });
    const refused = (error: Error): void => reject(netError(error));
    server.once('error', refused);
    const where = options.host === undefined ? {} : { host: options.host };
    server.listen({ ...where, port: options.port, backlog: BACKLOG }, () => {
      server.off('error', refused);
      server.on('error', (error) => options.onError?.(netError(error)));
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : options.port;
      resolve({ port, close: () => closeListener(server) });
    });
  });
}

/** The descriptor is closed within the call; the callback of node:net waits for all connections, which live on. */
function closeListener(server: ReturnType<typeof createServer>): Promise<void> {
  return new Promise((resolve) => {
    server.close();
    setImmediate(resolve);
  });
}

function connectTo({ host, port, timeoutMs }: ConnectOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true, keepAlive: false, allowHalfOpen: false });
    const failed = (error: Error): void => {
      socket.destroy();
      reject(netError(error));
    };
    socket.on('error', failed);
    socket.setTimeout(timeoutMs, () => {
      failed(new NetError(`connect ${host}:${port} took more than ${timeoutMs} ms`, 'ETIMEDOUT'));
    });
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.removeAllListeners('timeout');
      // Reset already: the peer's address is gone with the connection.
      if (socket.remoteAddress === undefined)
        return failed(new NetError(`connect ${host}:${port}: reset`, 'ECONNRESET'));
      socket.off('error', failed);
      return resolve(new NodeSocket(socket));
    });
  });
}

function netError(error: Error): NetError {
  const { code } = error as NodeJS.ErrnoException;
  return error instanceof NetError ? error : new NetError(error.message, code ?? 'EUNKNOWN', error);
}

/** Reads into the shared buffer where this Node offers it; the events of the socket are set within the call. */
function acceptedSocket(accepted: TcpSocket): Socket {
  let socket: NodeSocket | undefined;
  const shared = withSharedReadBuffer(accepted, (bytes) => socket?.onBytes(bytes));
  socket = new NodeSocket(shared ?? accepted, shared !== undefined);
  return socket;
}

class NodeSocket implements Socket {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly #socket: TcpSocket;
  readonly #readsShared: boolean;
  #events: SocketEvents | undefined;
  #closeReason = 'closed';

  /** `readsShared`: bytes come through {@link onBytes} and not as 'data'. */
  constructor(socket: TcpSocket, readsShared = false) {
    this.#socket = socket;
    this.#readsShared = readsShared;
    this.remoteAddress = socket.remoteAddress ?? '';
    this.remotePort = socket.remotePort ?? 0;
    this.localAddress = socket.localAddress ?? '';
    this.localPort = socket.localPort ?? 0;
    socket.on('error', (error) => {
      this.#closeReason = netError(error).code;
    });
  }

  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  setEvents(events: SocketEvents): void {
    const socket = this.#socket;
    this.#events = events;
    if (!this.#readsShared) socket.on('data', (bytes: Buffer) => events.onData(bytes));
    socket.on('drain', () => events.onDrain());
    socket.on('end', () => {
      this.#closeReason = 'closed by peer';
      socket.destroy();
    });
    if (socket.destroyed) setImmediate(() => events.onClose(this.#closeReason));
    else socket.on('close', () => events.onClose(this.#closeReason));
    // Accepted sockets start paused, so that nothing arrives before somebody listens.
    socket.resume();
  }

  /** Bytes in the shared read buffer. */
  onBytes(bytes: Buffer): void {
    this.#events?.onData(bytes);
  }

  write(bytes: Uint8Array): boolean {
    return this.#socket.write(bytes);
  }

  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** One for all connections of the process: its bytes are taken before the next read. Holds a burst of 16 KiB bodies. */
const READ_BUFFER_BYTES = 262_144;
let readBuffer: Buffer | undefined;

/** What node:net keeps on an accepted socket. Looked at, never assumed: without it the socket is used as it is. */
interface Accepted {
  _handle?: { readonly getpeername?: unknown; reading?: boolean } | null;
  server?: unknown;
  _server?: unknown;
}

/**
 * Gives an accepted, paused socket whose reads land in one shared buffer instead of a new 64 KiB each: those cost a
 * garbage collection every few thousand messages. `createServer` has no option for it, only the constructor of a
 * socket has, so the connection moves to a new one (docs/adr/0015-shared-read-buffer.md).
 * @returns the socket to use, reading when `resume` is called, or undefined when this Node does not offer it.
 */
function withSharedReadBuffer(accepted: TcpSocket, onRead: (bytes: Buffer) => void): TcpSocket | undefined {
  const inside = accepted as unknown as Accepted;
  const handle = inside._handle;
  if (handle === undefined || handle === null || typeof handle.getpeername !== 'function') return undefined;
  readBuffer ??= Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  const buffer = readBuffer;
  const options = {
    handle,
    allowHalfOpen: false,
    onread: {
      buffer,
      callback: (count: number): boolean => {
        onRead(buffer.subarray(0, count));
        return true;
      },
    },
  };
  const socket = new TcpSocket(options as unknown as ConstructorParameters<typeof TcpSocket>[0]);
  const mine = socket as unknown as Accepted;
  // The old shell lets go of the connection; the new one is counted by the server in its place.
  mine.server = inside.server;
  mine._server = inside._server;
  inside._handle = null;
  inside.server = null;
  inside._server = null;
  return socket;
}
