import type { NamesrvConfigs } from '../config/configs.ts';
import type { Clock } from '../util/clock.ts';
import type { Fs } from '../util/fs.ts';
import type { Logger } from '../util/logger.ts';
import type { KVConfigManager } from './kv-config-manager.ts';
import type { RouteInfoManager } from './route-info-manager.ts';

/** What the handlers of a name server work on. Made once by the root. */
export interface NamesrvParts {
  readonly configs: NamesrvConfigs;
  /** Every key of the configuration file with its last value. */
  readonly fileProperties: ReadonlyMap<string, string>;
  readonly routes: RouteInfoManager;
  readonly kv: KVConfigManager;
  readonly fs: Fs;
  readonly clock: Clock;
  readonly log: Logger;
}
