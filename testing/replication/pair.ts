import type { MessageStoreConfig } from '../../src/config/message-store-config.ts';
import { GroupTransferService } from '../../src/ha/group-transfer-service.ts';
import { HAClient, type SlaveLog } from '../../src/ha/ha-client.ts';
import type { MasterLog } from '../../src/ha/ha-connection.ts';
import { HAService } from '../../src/ha/ha-service.ts';
import { MessageStore } from '../../src/store/message-store.ts';
import type { RawLog } from '../../src/store/raw-log.ts';
import type { Clock } from '../../src/util/clock.ts';
import type { Fs } from '../../src/util/fs.ts';
import { type Logger, silentLogger } from '../../src/util/logger.ts';
import type { Net } from '../../src/util/net.ts';
import { storeConfig, testProc } from '../store-fixture.ts';

/** Where a store of a pair lives. */
export interface StorePlace {
  readonly fs: Fs;
  readonly root: string;
  readonly clock: Clock;
  readonly net: Net;
  readonly changes?: Partial<MessageStoreConfig>;
  readonly log?: Logger;
}

/** A store with the master's side of replication. */
export interface Master {
  readonly store: MessageStore;
  readonly config: MessageStoreConfig;
  readonly gate: GroupTransferService;
  readonly service: HAService;
}

/** Opens and starts a master on `port`; `plant` may put a mistake between its log and what is sent. */
export async function startMaster(
  place: StorePlace,
  port: number,
  plant: (raw: RawLog) => MasterLog = (raw) => raw,
): Promise<Master> {
  const { net, clock, log = silentLogger } = place;
  const config = storeConfig(place.root, { brokerRole: 'SYNC_MASTER', ...place.changes });
  const gate = new GroupTransferService(config);
  const store = MessageStore.open({ ...place, log, config, proc: testProc(), ports: { replicationGate: gate } });
  store.start();
  const raw = plant(store.rawLog);
  const service = new HAService({ net, clock, log, config, raw, gate, host: '127.0.0.1', port });
  await service.start();
  return { store, config, gate, service };
}

/** A store that follows a master. */
export interface Slave {
  readonly store: MessageStore;
  readonly config: MessageStoreConfig;
  readonly client: HAClient;
}

/** Opens and starts a slave that dials `port`; `plant` may put a mistake between what comes and its log. */
export function startSlave(place: StorePlace, port: number, plant: (raw: RawLog) => SlaveLog = (raw) => raw): Slave {
  const { net, clock, log = silentLogger } = place;
  const config = storeConfig(place.root, { brokerRole: 'SLAVE', ...place.changes });
  const store = MessageStore.open({ ...place, log, config, proc: testProc() });
  store.start();
  const master = { host: '127.0.0.1', port };
  const client = new HAClient({ net, clock, log, config, raw: plant(store.rawLog), master });
  client.start();
  return { store, config, client };
}

/** The visible bytes of a store's log, from its first on. */
export async function logBytes(store: MessageStore): Promise<Buffer> {
  const { rawLog } = store;
  const parts: Buffer[] = [];
  for (let at = store.getMinPhyOffset(); at < rawLog.endOffset; ) {
    const part = Buffer.alloc(rawLog.readableBytes(at, 1 << 20));
    if (part.length === 0 || !(await rawLog.read(at, part.length, part, 0))) throw new Error(`nothing at ${at}`);
    parts.push(part);
    at += part.length;
  }
  return Buffer.concat(parts);
}
