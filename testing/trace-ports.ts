import { openSync, writeSync } from 'node:fs';
import type { TraceEvent } from '../compat-tests/peer/fs-trace.ts';
import type { FileHandle, Fs } from '../src/util/fs.ts';
import type { Net, Socket } from '../src/util/net.ts';

/** Takes one event; it is in the file when the call returns, so a kill loses none. */
export type Trace = (event: TraceEvent) => void;

/** Opens a trace file, see {@link TraceEvent}. */
export function traceTo(file: string): Trace {
  const fd = openSync(file, 'w');
  return (event) => writeSync(fd, `${JSON.stringify(event)}\n`);
}

/** Records every positional write and every fdatasync. */
export function tracedFs(fs: Fs, trace: Trace): Fs {
  let flushes = 0;
  const traced = (handle: FileHandle): FileHandle => {
    const { path } = handle;
    const written = (from: number, count: number): number => {
      trace({ op: 'pwrite', path, from, to: from + count });
      return count;
    };
    const startFlush = (): number => {
      trace({ op: 'fdatasync-start', path, id: ++flushes });
      return flushes;
    };
    return overridden(handle, {
      pwrite: (source, start, length, position) => written(position, handle.pwrite(source, start, length, position)),
      pwriteAsync: async (source, start, length, position) => {
        return written(position, await handle.pwriteAsync(source, start, length, position));
      },
      fdatasync: () => {
        const id = startFlush();
        handle.fdatasync();
        trace({ op: 'fdatasync-end', path, id });
      },
      fdatasyncAsync: async () => {
        const id = startFlush();
        await handle.fdatasyncAsync();
        trace({ op: 'fdatasync-end', path, id });
      },
    });
  };
  return overridden(fs, { open: (path, mode) => traced(fs.open(path, mode)) });
}

/** Records the answers to sends that leave through accepted connections. */
export function tracedNet(net: Net, trace: Trace): Net {
  return overridden(net, {
    listen: (options, onConnection) => net.listen(options, (socket) => onConnection(tracedSocket(socket, trace))),
  });
}

function tracedSocket(socket: Socket, trace: Trace): Socket {
  let pending: Buffer = Buffer.alloc(0);
  return overridden(socket, {
    write(bytes) {
      pending = Buffer.concat([pending, bytes]);
      let at = 0;
      while (pending.length - at >= 4 && pending.length - at - 4 >= pending.readInt32BE(at)) {
        const end = at + 4 + pending.readInt32BE(at);
        traceAnswer(pending.subarray(at + 4, end), trace);
        at = end;
      }
      pending = pending.subarray(at);
      return socket.write(bytes);
    },
  });
}

/** Only the answer to a send carries ids together with a queue offset. */
function traceAnswer(frame: Buffer, trace: Trace): void {
  const headerLength = frame.readInt32BE(0) & 0xffffff;
  const header = JSON.parse(frame.toString('utf8', 4, 4 + headerLength)) as {
    readonly code: number;
    readonly flag: number;
    readonly extFields?: Readonly<Record<string, string>>;
  };
  const { msgId, queueOffset } = header.extFields ?? {};
  if ((header.flag & 1) === 0 || header.code !== 0 || msgId === undefined || queueOffset === undefined) return;
  trace({ op: 'send-ok', msgId });
}

/** The same object with some methods replaced; works for objects with private fields as well. */
export function overridden<Port extends object>(port: Port, methods: Partial<Port>): Port {
  return new Proxy(port, {
    get(target, name) {
      if (Object.hasOwn(methods, name)) return Reflect.get(methods, name);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
