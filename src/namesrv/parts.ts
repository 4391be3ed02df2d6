import type { NamesrvConfigs } from '../config/configs.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Clock } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import type { KVConfigManager } from './kv-config-manager.ts';
import type { ProductCluster } from './product-cluster.ts';
import type { RouteInfoManager } from './route-info-manager.ts';

/** What the handlers of a name server work on. Made once by the root. */
export interface NamesrvParts {
  readonly configs: NamesrvConfigs;
  /** The settings as they are told and changed by requests; to use one, read `configs`. */
  readonly configuration: Configuration;
  readonly routes: RouteInfoManager;
  readonly kv: KVConfigManager;
  /** Other name servers that know more; only in the cluster test mode. */
  readonly productCluster: ProductCluster | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}
