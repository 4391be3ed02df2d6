import { Socket as TcpSocket } from 'node:net';

/** One for all connections of the process: its bytes are taken before the next read. Large enough for a 16 KiB burst. */
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
export function withSharedReadBuffer(accepted: TcpSocket, onRead: (bytes: Buffer) => void): TcpSocket | undefined {
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
