import { openSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { queryObjects } from 'node:v8';
import { systemEnvironment } from '../../src/config/environment.ts';
import { Connection } from '../../src/remoting/connection.ts';
import { startAllInOne } from '../../src/roots/all-in-one.ts';
import { world } from '../../src/roots/process.ts';
import type { Clock, Timer } from '../../src/util/clock.ts';
import { silentLogger } from '../../src/util/logger.ts';
import type { Net, Socket } from '../../src/util/net.ts';
import { overridden } from '../trace-ports.ts';

/** What the two servers hold now, after a full garbage collection. */
export interface ServerCounts {
  readonly descriptors: number;
  /** Pending timers of the clock port. */
  readonly timers: number;
  /** Connection objects that anything still refers to: a table, a held pull, a parked reply, a timer. */
  readonly connections: number;
  readonly heapBytes: number;
  readonly rssBytes: number;
}

/** Last argument: every tenth connection leaves a descriptor, a timer, and itself in a table. */
export const leaksPlanted = 'leaks-planted';

/** What the parent asks: counts, or the end. */
export type Asked = 'counts' | 'stop';

/**
 * Program, started with an IPC channel: name server and broker of ours in one process on the real ports of the system,
 * which counts what it holds. usage: counted-servers.ts DATA_DIR LISTEN_PORT NAMESRV_PORT [leaks-planted]
 */
async function main([dataDir = '', port = '', namesrvPort = '', plant]: readonly string[]): Promise<void> {
  const real = world(silentLogger);
  const timers = { pending: 0 };
  const clock = countedClock(real.clock, timers);
  const running = await startAllInOne({
    ...real,
    clock,
    net: plant === leaksPlanted ? leakingNet(real.net, clock) : real.net,
    environment: systemEnvironment({ ...process.env, JAVA_OPT_EXT: `-Duser.home=${dataDir}` }),
    dataDir,
    port: Number(port),
    namesrvPort: Number(namesrvPort),
  });
  process.on('message', (asked: Asked) => {
    if (asked === 'stop') void running.shutdown().then(() => process.disconnect());
    else process.send?.(countsNow(timers.pending));
  });
  process.send?.('ready');
}

function countsNow(timers: number): ServerCounts {
  const connections = queryObjects(Connection, { format: 'count' });
  const { heapUsed: heapBytes, rss: rssBytes } = process.memoryUsage();
  return { descriptors: readdirSync('/proc/self/fd').length, timers, connections, heapBytes, rssBytes };
}

function countedClock(clock: Clock, timers: { pending: number }): Clock {
  const counted = (start: (done: () => void) => Timer): Timer => {
    let isPending = true;
    const done = (): void => {
      if (isPending) timers.pending -= 1;
      isPending = false;
    };
    timers.pending += 1;
    const timer = start(done);
    return {
      cancel: () => {
        done();
        timer.cancel();
      },
    };
  };
  return overridden(clock, {
    setTimeout: (task, delayMs) => {
      return counted((done) => {
        return clock.setTimeout(() => {
          done();
          task();
        }, delayMs);
      });
    },
    setInterval: (task, periodMs) => counted(() => clock.setInterval(task, periodMs)),
  });
}

const leakEvery = 10;

function leakingNet(net: Net, clock: Clock): Net {
  let accepted = 0;
  return overridden(net, {
    listen: (options, onConnection) => {
      return net.listen(options, (socket) => {
        if (++accepted % leakEvery !== 0) return onConnection(socket);
        openSync('/dev/null', 'r');
        clock.setInterval(() => {}, 60_000);
        onConnection(neverTold(socket));
      });
    },
  });
}

/** The server never hears that the connection is gone. */
function neverTold(socket: Socket): Socket {
  return overridden(socket, {
    setEvents: (events) => socket.setEvents(overridden(events, { onClose: () => {} })),
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
