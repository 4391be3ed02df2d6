import { StateFile } from '../src/util/state-file.ts';
import { type BrokerConfigs, defaultBrokerConfigs } from '../src/config/configs.ts';
import type { Connection } from '../src/remoting/connection.ts';
import { silentLogger } from '../src/util/logger.ts';
import { FakeClock } from './fake-clock.ts';
import { MemFs } from './mem-fs.ts';

/** Settings of a broker with nothing from this machine in them. */
export function testConfigs(): BrokerConfigs {
  return defaultBrokerConfigs({
    homeDir: '/home/test',
    variables: {},
    systemProperties: {},
    hostName: 'broker-host',
    localAddress: '127.0.0.1',
    cpuCount: 2,
  });
}

/** A file system, a clock and state files in it. */
export function testWorld(): { fs: MemFs; clock: FakeClock; file: (name: string) => StateFile } {
  const fs = new MemFs();
  const file = (name: string): StateFile => new StateFile({ fs, log: silentLogger, path: `/store/config/${name}` });
  return { fs, clock: new FakeClock(), file };
}

/** What the tables of clients see of a connection: identity, whether it is open, and being closed. */
export function testConnection(): Connection & { closed: string[] } {
  const closed: string[] = [];
  const connection = {
    closed,
    isOpen: true,
    remoteAddress: '127.0.0.1:1',
    destroy(reason: string) {
      closed.push(reason);
      connection.isOpen = false;
    },
  };
  return connection as unknown as Connection & { closed: string[] };
}
