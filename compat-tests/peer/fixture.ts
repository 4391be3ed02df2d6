import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoDir, runProgram } from './peer.ts';
import type { ExpectedQueue, ExpectedRecord } from './store-check.ts';

/** A store directory written by Java 4.6.0, unpacked, with what its manifest says about it. */
export interface Fixture {
  readonly storeDir: string;
  /** Settings it was written with, without ports, names of paths and what ours refuses at a start. */
  readonly settings: Readonly<Record<string, string>>;
  readonly records: readonly ExpectedRecord[];
  /** As an official broker reported them after it had opened a copy. */
  readonly queues: readonly ExpectedQueue[];
  /** Topics that may be pulled: known to the broker and with the read bit. */
  readonly readableTopics: ReadonlySet<string>;
}

export type FixtureName = 'java-store-clean' | 'java-store-crashed' | 'java-store-torn';

/** Unpacks compat-tests/store-dirs/NAME.tar.gz into `dir` and reads its manifest. */
export async function unpackFixture(name: FixtureName, dir: string): Promise<Fixture> {
  const archive = join(repoDir, 'compat-tests', 'store-dirs', `${name}.tar.gz`);
  const result = await runProgram(['tar', '-xzf', archive, '-C', dir], { timeoutMs: 60_000 });
  if (result.code !== 0) throw new Error(`tar: ${result.stderr}`);
  const manifest = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')) as Manifest;
  const topics = Object.values(manifest.config['topics.json'].topicConfigTable);
  return {
    storeDir: join(dir, 'store'),
    settings: readSettings(join(dir, 'broker.conf')),
    records: manifest.messages.map(toExpected),
    queues: manifest.afterJavaRecovery.queues,
    readableTopics: new Set(topics.filter(({ perm }) => (perm & 4) !== 0).map(({ topicName }) => topicName)),
  };
}

interface Manifest {
  readonly messages: readonly Readonly<Record<string, unknown>>[];
  readonly config: {
    readonly 'topics.json': { readonly topicConfigTable: Record<string, { topicName: string; perm: number }> };
  };
  readonly afterJavaRecovery: { readonly queues: readonly ExpectedQueue[] };
}

/** Fields of a manifest entry that are compared; the others repeat them or belong to the consume queue. */
const comparedFields = [
  'topic',
  'queueId',
  'queueOffset',
  'physicalOffset',
  'size',
  'bodyCrc',
  'flag',
  'sysFlag',
  'bornTimestamp',
  'bornHost',
  'storeTimestamp',
  'storeHost',
  'reconsumeTimes',
  'preparedTransactionOffset',
  'bodyLength',
  'bodySha256',
  'offsetMsgId',
  'properties',
] as const;

function toExpected(entry: Readonly<Record<string, unknown>>): ExpectedRecord {
  return Object.fromEntries(comparedFields.map((name) => [name, entry[name]])) as unknown as ExpectedRecord;
}

/** Where the broker runs now is the suite's business, and SQL filters are not available in ours yet. */
const droppedSettings = new Set(['listenPort', 'brokerIP1', 'enablePropertyFilter']);

function readSettings(file: string): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [key = '', ...value] = line.split('=');
    if (key === '' || key.startsWith('#') || droppedSettings.has(key)) continue;
    settings[key] = value.join('=').trim();
  }
  return settings;
}
