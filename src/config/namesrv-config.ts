import { join } from 'node:path';
import { rocketmqHome } from './broker-config.ts';
import { bool, type ConfigOf, text } from './key.ts';

/** The settings of a name server, as Java names them. Java: NamesrvConfig. */
export type NamesrvConfig = ConfigOf<typeof namesrvConfigTable>;

/** One row per key, in the order in which Java declares and prints them. Java: NamesrvConfig. */
export const namesrvConfigTable = {
  rocketmqHome,
  kvConfigPath: text((e) => join(e.homeDir, 'namesrv', 'kvConfig.json'), 'restart', 'File of the KV configuration.', {
    role: 'path',
    defaultText: '~/namesrv/kvConfig.json',
  }),
  configStorePath: text(
    (e) => join(e.homeDir, 'namesrv', 'namesrv.properties'),
    'restart',
    'File that changed settings are written to; always the file of -c when there is one.',
    { role: 'path', defaultText: '~/namesrv/namesrv.properties' },
  ),
  productEnvName: text('center', 'restart', 'Unit asked for at the address server in the cluster test mode.'),
  clusterTest: bool(false, 'restart', 'Asks other name servers for the routes of topics that nobody registered here.'),
  orderMessageEnable: bool(false, 'live', 'Adds the order configuration of a topic to its route.'),
};
