/** TCP as a port. Production passes util/node-net.ts, tests may pass a simulated network. */
export interface Net {
  /** Listens; resolves when bound (with the real port when 0 was asked), rejects with the POSIX code in `NetError`. */
  listen(options: ListenOptions, onConnection: (socket: Socket) => void): Promise<Listener>;
  /** Connects; resolves when connected, rejects with NetError (ETIMEDOUT after `timeoutMs`). */
  connect(options: ConnectOptions): Promise<Socket>;
}

export interface ListenOptions {
  /** Undefined binds every interface. */
  readonly host?: string;
  readonly port: number;
  /** Accepted connections beyond this are closed at once. */
  readonly maxConnections: number;
  /** Told when a connection could not be accepted (descriptors used up); listening goes on. */
  readonly onError?: (error: NetError) => void;
}

export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
}

export interface Listener {
  readonly port: number;
  /** Stops accepting; existing sockets live on. Resolves when the port is free. */
  close(): Promise<void>;
}

/** What the owner of a socket is told. Set once, in the same turn in which the socket was handed over. */
export interface SocketEvents {
  /** Bytes arrived. The view is valid only during the call: who keeps bytes copies them. */
  onData(bytes: Buffer): void;
  /** Everything written has been handed to the kernel after `write` had returned false. */
  onDrain(): void;
  /** The connection is gone (for whatever reason, called exactly once). */
  onClose(reason: string): void;
}

export interface Socket {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** Bytes accepted by `write` and not yet taken by the kernel. */
  readonly unsentBytes: number;
  setEvents(events: SocketEvents): void;
  /** Queues bytes; false asks to wait for onDrain. The buffer belongs to the socket until it is sent. */
  write(bytes: Uint8Array): boolean;
  /** Several writes leave as one. Nestable pairs are not supported. */
  cork(): void;
  uncork(): void;
  /** Stops and resumes onData (back-pressure to the peer). */
  pause(): void;
  resume(): void;
  /** Closes after everything written has been sent. */
  end(): void;
  /** Closes now. */
  destroy(): void;
}

/** A socket that could not be opened or bound, with the POSIX code (`ECONNREFUSED`, `EADDRINUSE`, …). */
export class NetError extends Error {
  override readonly name = 'NetError';
  readonly code: string;
  constructor(message: string, code: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
