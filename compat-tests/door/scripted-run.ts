import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type CompareReport, compareLines, compareStores } from '../../src/tools/store-compare.ts';
import { nodeFs } from '../../src/util/node-fs.ts';
import { takePorts } from '../../testing/ports.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { openWorkspace, repoDir, startBroker, type Workspace } from '../peer/peer.ts';
import { RawClient } from '../peer/raw-client.ts';
import { doorCluster, doorQueues, doorTopics, nextStep } from './messages.ts';
import type { Writer } from './series.ts';
import { takeStep } from './writer.ts';

/** What the comparison found, as lines; the last one has the sums. */
export interface ScriptedReport {
  readonly compared: CompareReport;
  readonly lines: readonly string[];
}

/** Older versions of what a broker saves every few seconds: which one it is depends on the time. */
const timed = /^config\/(consumerOffset|consumerFilter|delayOffset)\.json\.bak$/;
/** Saved for the first time after ten seconds or at a stop; compared when both have it. */
/** What is stored when its time comes, or an answer does, cannot be compared byte by byte. */
const NOT_TIMED = { delayed: false, transactional: false };
const later = /^config\/(consumerFilter|delayOffset)\.json$/;
const sizes = {
  mappedFileSizeCommitLog: 65_536,
  mappedFileSizeConsumeQueue: 400,
  maxHashSlotNum: 50,
  maxIndexNum: 300,
};
const steps = 300;
const groups = ['ScriptGroupA', 'ScriptGroupB'];

/** Who is compared: the official broker and ours. */
export const javaAndOurs: readonly [Writer, Writer] = [{ kind: 'java' }, { kind: 'wenchang' }];

/**
 * The same requests, one after another, to two brokers, each on an empty directory and stopped in order; then both
 * directories byte by byte (src/tools/store-compare.ts says what is masked). Directories that differ are kept.
 */
export async function runScripted(seed: number, sides = javaAndOurs): Promise<ScriptedReport> {
  const name = `scripted-${sides.map(({ kind, env }) => env?.['WENCHANG_PLANT'] ?? kind).join('-')}`;
  const workspace = openWorkspace(`door-${name}`);
  try {
    const dirs = [join(workspace.dir, 'a'), join(workspace.dir, 'b')] as const;
    await Promise.all(sides.map((side, index) => runScript(workspace, side, dirs[index] as string, seed)));
    const leaveOut = (path: string): boolean => {
      return timed.test(path) || (later.test(path) && dirs.some((dir) => !existsSync(join(dir, path))));
    };
    const compared = compareStores(nodeFs, dirs[0], nodeFs, dirs[1], { ...sizes, leaveOut });
    const lines = compareLines(compared);
    if (compared.equal || sides !== javaAndOurs) return { compared, lines };
    const keptDir = join(repoDir, 'build', 'door', `${name}-seed-${seed}`);
    rmSync(keptDir, { recursive: true, force: true });
    cpSync(workspace.dir, keptDir, { recursive: true, preserveTimestamps: true });
    return { compared, lines: [...lines, `kept in ${keptDir}`] };
  } finally {
    workspace.close();
  }
}

async function runScript(workspace: Workspace, side: Writer, storeDir: string, seed: number): Promise<void> {
  const { listenPort: port } = await takePorts();
  const fileSizes = Object.entries(sizes).map(([key, value]) => [key, String(value)]);
  const settings = {
    ...(Object.fromEntries(fileSizes) as Record<string, string>),
    brokerClusterName: doorCluster,
    brokerName: 'door',
    waitTimeMillsInSendQueue: '5000',
    osPageCacheBusyTimeOutMills: '5000',
  };
  const broker = await startBroker({ ...side, workspace, port, name: basename(storeDir), storeDir, settings });
  const client = await RawClient.connect(broker.address);
  try {
    await makeTopicsAndGroups(client, join(storeDir, 'config'));
    const random = new SeededRandom(seed);
    const context = { random, prefix: 's', commitLogFileBytes: sizes.mappedFileSizeCommitLog, ...NOT_TIMED };
    for (let number = 0; number < steps; number++) await takeStep(client, nextStep(context, number), () => undefined);
    await commitOffsets(client);
  } finally {
    client.close();
    await broker.stop();
  }
}

/**
 * Three of the four topics are made before (17), one by the first message to it. The one of half messages is among
 * them because Java makes it at a stop, when its transaction check is woken up, and ours has no transactions yet.
 */
async function makeTopicsAndGroups(client: RawClient, configDir: string): Promise<void> {
  for (const topic of [...doorTopics.slice(0, 3), 'RMQ_SYS_TRANS_HALF_TOPIC']) {
    const queues = topic.startsWith('RMQ_') ? 1 : doorQueues;
    await ask(client, 17, {
      topic,
      defaultTopic: 'TBW102',
      readQueueNums: queues,
      writeQueueNums: queues,
      perm: 6,
      topicFilterType: 'SINGLE_TAG',
      topicSysFlag: 0,
      order: false,
    });
    await untilSaved(join(configDir, 'topics.json'), topic);
  }
  // One group a heartbeat: several are a set, in an order of Java's own.
  for (const groupName of groups) {
    await ask(client, 34, {}, Buffer.from(JSON.stringify(heartbeatOf(groupName))));
    await untilSaved(join(configDir, 'subscriptionGroup.json'), groupName);
    await untilSaved(join(configDir, 'topics.json'), groupName);
  }
}

/**
 * Both sides save after they have answered, and ours saves two changes at once when they come close: the older version
 * is the same on both sides only when every change is saved alone.
 */
async function untilSaved(file: string, name: string): Promise<void> {
  for (let wait = 0; wait < 200; wait++) {
    if (existsSync(file) && readFileSync(file, 'utf8').includes(`${name}"`)) return;
    await pause(50);
  }
  throw new Error(`${name} is not in ${file} after ten seconds`);
}

/** A heartbeat of a consumer makes its group and the retry topic of that. */
const heartbeatOf = (groupName: string): object => ({
  clientID: 'door-script',
  consumerDataSet: [
    {
      consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
      consumeType: 'CONSUME_PASSIVELY',
      groupName,
      messageModel: 'CLUSTERING',
      subscriptionDataSet: [
        {
          classFilterMode: false,
          codeSet: [],
          expressionType: 'TAG',
          subString: '*',
          subVersion: 1,
          tagsSet: [],
          topic: doorTopics[0],
        },
      ],
      unitMode: false,
    },
  ],
  producerDataSet: [],
});

async function commitOffsets(client: RawClient): Promise<void> {
  for (const consumerGroup of groups) {
    for (const topic of doorTopics) {
      for (let queueId = 0; queueId < doorQueues; queueId++) {
        await ask(client, 15, { consumerGroup, topic, queueId, commitOffset: queueId * 2 });
      }
    }
  }
}

async function ask(
  client: RawClient,
  code: number,
  fields: Readonly<Record<string, string | number | boolean>>,
  body?: Buffer,
): Promise<void> {
  const reply = await client.request(code, fields, body);
  if (reply.code !== 0) throw new Error(`request ${code}: ${reply.code} ${reply.remark}`);
}
