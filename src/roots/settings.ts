import {
  type BrokerConfigs,
  brokerSections,
  type NamesrvConfigs,
  namesrvSections,
  partsOf,
} from '../config/configs.ts';
import { Configuration, type SettingsFile } from '../config/configuration.ts';
import type { Clock } from '../util/clock.ts';
import type { Fs } from '../util/fs.ts';

/** What the settings of a running server are made of. */
interface Settings<Configs> {
  readonly configs: Configs;
  readonly fileProperties: ReadonlyMap<string, string>;
  /** Undefined: a file that nobody reads. */
  readonly settingsFile?: SettingsFile;
  readonly fs: Fs;
  readonly clock: Clock;
}

/** The settings of a broker; without a file they go to `config/broker.properties` in the store. */
export function brokerConfiguration(settings: Settings<BrokerConfigs>): Configuration {
  const { configs, settingsFile } = settings;
  const path = `${configs.messageStoreConfig.storePathRootDir}/config/broker.properties`;
  return new Configuration({
    ...settings,
    parts: partsOf(brokerSections, configs),
    file: settingsFile ?? unread(path),
  });
}

/** The settings of a name server; without a file they go to configStorePath, which is absolute then. */
export function namesrvConfiguration(settings: Settings<NamesrvConfigs>): Configuration {
  const { configs, settingsFile } = settings;
  return new Configuration({
    ...settings,
    parts: partsOf(namesrvSections, configs),
    file: settingsFile ?? unread(configs.namesrvConfig.configStorePath),
  });
}

function unread(path: string): SettingsFile {
  return { path, isRead: false, problemsOf: () => [] };
}
