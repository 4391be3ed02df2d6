import type { Section } from '../../src/config/configs.ts';
import type { KeyRow } from '../../src/config/key.ts';
import { notYetRows } from '../../src/config/not-yet.ts';
import { heading, table } from './markdown.ts';
import { settingReaders, settingSections } from './setting-readers.ts';

/** docs/reference/configuration.md: every setting with default, bounds, effect, who reads it, and meaning. */
export function configurationPage(): string {
  const readers = settingReaders();
  return heading('Settings', 'src/config/') + intro + settingSections.map((one) => sectionText(one, readers)).join('');
}

/** Effect of a setting, in an operator's words. */
const EFFECTS = [
  ['**live**', 'Read at each use: an update over the wire works at once.'],
  ['**restart**', 'Read at start: an update counts from the next start.'],
  ['**none**', 'Accepted and shown, without effect here; the reason is given, and a start tells it.'],
  [
    '**refused**',
    'The value named stops the start (exit code 253): its feature is not there yet, and you would believe in it.',
  ],
];

/** What a start does with lines that are not what they look like. */
const ODD_LINES = [
  [
    'a key that 4.6.0 does not have, an old spelling',
    'no effect, as in Java; the key that was probably meant is named',
  ],
  [
    '`storePathConsumeQueue`, `storePathIndex`, `storeCheckpoint`, `abortFile`',
    'no effect: these follow `storePathRootDir`; a warning when the path in use is another',
  ],
  ['a number or name that cannot be read', 'the default stays, as in Java; it is named'],
  ['`true` with anything behind it, `yes`, `1`', 'false, as in Java; it is named'],
  [
    'a blank at the end of a value, a comment behind it',
    'belongs to the value; named, and in an address it stops the start',
  ],
  ['a value outside its bounds', 'stops the start'],
  ['a key given twice', 'the last one counts; the first is named'],
  ['a value that is used as another one', 'the value in use is named'],
];

/** Java system properties that count here, as `-Dname=value` in JAVA_OPT or JAVA_OPT_EXT; a test finds each in src. */
export const systemProperties = [
  ['rocketmq.home.dir', 'default of `rocketmqHome`, before $ROCKETMQ_HOME'],
  ['rocketmq.namesrv.addr', 'default of `namesrvAddr`, before $NAMESRV_ADDR'],
  ['rocketmq.namesrv.domain', 'default of `rmqAddressServerDomain`'],
  ['rocketmq.namesrv.domain.subgroup', 'default of `rmqAddressServerSubGroup`'],
  ['rocketmq.broker.diskSpaceWarningLevelRatio', 'use of a partition, 0 to 1, above which no message is taken; 0.90'],
  ['rocketmq.broker.diskSpaceCleanForciblyRatio', 'use above which files are deleted before their time; 0.85'],
  ['com.rocketmq.remoting.socket.sndbuf.size', 'default of `serverSocketSndBufSize` and `clientSocketSndBufSize`'],
  ['com.rocketmq.remoting.socket.rcvbuf.size', 'default of `serverSocketRcvBufSize` and `clientSocketRcvBufSize`'],
  ['com.rocketmq.remoting.clientAsyncSemaphoreValue', 'default of `clientAsyncSemaphoreValue`'],
  ['com.rocketmq.remoting.clientOnewaySemaphoreValue', 'default of `clientOnewaySemaphoreValue`'],
  ['tls.enable', 'default of `useTLS`'],
  ['tls.server.mode', '`enforcing` stops the start: encrypted connections are not there yet'],
  ['user.home', 'home directory that default paths begin with'],
] as const;

const intro = `
Keys, kinds and defaults are those of RocketMQ 4.6.0, and so is what a value does. One file (\`-c\`) feeds all tables of
a server: \`brokerConfig\`, \`nettyServerConfig\`, \`nettyClientConfig\`, \`messageStoreConfig\` and
\`addressServerConfig\` of a broker, \`namesrvConfig\` and \`nettyServerConfig\` of a name server. \`-n\` counts more
than the file, the file more than the environment. A broker starts with \`listenPort\` 10911, a name server with 9876.

## Effect

${table(['Word', 'What it means'], EFFECTS)}
"Read by" names the files below \`src/\` that use the value.

## What a start says about a file

Every line is either effective or told, on standard error and in the log, with file, line and key:

${table(['In the file', 'What happens'], ODD_LINES)}
## System properties

Java's start scripts pass words \`-Dname=value\` of \`JAVA_OPT\` and \`JAVA_OPT_EXT\` on; here they are read from there.

${table(
  ['Name', 'What it is'],
  systemProperties.map(([name, text]) => [`\`${name}\``, text]),
)}
## Updates

Updates over the wire change neither paths nor class names, and set no value outside its bounds.
`;

function sectionText({ name, table: rows }: Section, readers: ReadonlyMap<string, readonly string[]>): string {
  const cells = Object.entries(rows).map(([key, row]) => [
    `\`${key}\``,
    kindText(row),
    defaultText(row),
    effectText(key, row),
    (readers.get(key) ?? []).map((path) => path.replace(/\.ts$/, '')).join(', '),
    meaning(row),
  ]);
  return `\n## ${name}\n\n${table(['Key', 'Kind', 'Default', 'Effect', 'Read by', 'Meaning'], cells)}`;
}

function kindText(row: KeyRow): string {
  const kind = row.kind === 'oneOf' ? (row.choices ?? []).join(', ') : row.kind;
  const bounds = [row.min === undefined ? '' : `≥ ${row.min}`, row.max === undefined ? '' : `≤ ${row.max}`];
  return [row.unit === undefined ? kind : `${kind}, ${row.unit}`, ...bounds].filter((part) => part !== '').join(', ');
}

function defaultText(row: KeyRow): string {
  if (row.defaultText !== undefined) return row.defaultText;
  if (typeof row.default === 'function') return 'from the environment';
  return row.default === undefined || row.default === '' ? '' : `\`${row.default}\``;
}

function effectText(key: string, row: KeyRow): string {
  const effect = typeof row.effect === 'string' ? row.effect : 'none';
  const refused = notYetRows.find((one) => one.key === key)?.refused;
  if (refused === undefined) return effect;
  return `${effect}; ${refused === 'any' ? 'any value' : `\`${refused}\``} refused`;
}

function meaning(row: KeyRow): string {
  const reason = typeof row.effect === 'string' ? '' : ` No effect: ${row.effect.accepted}.`;
  const others = row.lookalikes?.map((name) => `\`${name}\``).join(', ');
  return `${row.doc}${reason}${others === undefined ? '' : ` Not to be confused with ${others}, which do nothing.`}`;
}
