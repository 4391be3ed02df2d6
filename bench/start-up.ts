import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  installPeer,
  isMissing,
  type Kind,
  type Server,
  startBroker,
  type Workspace,
} from '../compat-tests/peer/peer.ts';
import { RawClient } from '../compat-tests/peer/raw-client.ts';
import { sendFields } from '../compat-tests/peer/store-check.ts';
import { takePorts } from '../testing/ports.ts';
import { describeMachine } from './machine.ts';
import { exitOnSignals, openStoreWorkspace } from './sides.ts';
import { type BigStore, bigStoreSettings, buildBigStore } from './start-up/big-store.ts';
import { formatTable } from './table.ts';

const sendMessageV2 = 310;
const getMaxOffset = 30;
const sendsBeforeKill = 500;
const gib = 2 ** 30;
/** Seconds that ours may take. */
const floors = { 'clean stop': 3, 'kill -9': 10 } as const;
type Way = keyof typeof floors;

/**
 * `npm run bench:start [-- --gib 20 --queues 10000 --messages 100]`: how long a start takes on a large store, after a
 * clean stop and after kill -9, ours and Java's on copies of the same directory.
 */
async function main(): Promise<number> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { gib: text, queues: text, messages: text } });
  const queues = Number(values.queues ?? 10_000);
  const messagesPerQueue = Number(values.messages ?? 100);
  const bigBytes = Number(values.gib ?? 20) * gib;
  for (const [name, value] of Object.entries(describeMachine())) say(`${name}: ${value}`);
  const workspace = openStoreWorkspace('start-up');
  try {
    const store = await buildBigStore({ storeDir: storeOf(workspace, 'wenchang'), bigBytes, queues, messagesPerQueue });
    const kinds: Kind[] = isMissing('java') ? ['wenchang'] : ['wenchang', 'java'];
    if (kinds.includes('java')) {
      await installPeer();
      execFileSync('cp', ['-a', '--sparse=always', storeOf(workspace, 'wenchang'), storeOf(workspace, 'java')]);
    }
    // What was just built is still on its way to the disk, and a start would wait for it.
    execFileSync('sync');
    const apparent = (store.logBytes / gib).toFixed(1);
    say(`${queues} queues, ${queues * messagesPerQueue} small messages, ${apparent} GiB of log`);
    const rows: string[][] = [];
    let missed = false;
    for (const kind of kinds) {
      for (const [way, seconds] of await startBothWays(kind, workspace, store)) {
        const isOk = kind === 'java' || seconds <= floors[way];
        missed ||= !isOk;
        const floor = kind === 'java' ? '' : `≤ ${floors[way]} s`;
        rows.push([kind, `after ${way}`, seconds.toFixed(2), floor, isOk ? '' : 'MISSED']);
      }
    }
    say(formatTable(['broker', 'start', 'seconds', 'floor', ''], rows));
    return missed ? 1 : 0;
  } finally {
    workspace.close();
  }
}

async function startBothWays(kind: Kind, workspace: Workspace, store: BigStore): Promise<Map<Way, number>> {
  const took = new Map<Way, number>();
  for (const way of ['clean stop', 'kill -9'] as const) {
    const began = performance.now();
    const broker = await start(kind, workspace);
    took.set(way, (performance.now() - began) / 1000);
    try {
      await check(broker, store, way === 'clean stop' ? 0 : sendsBeforeKill);
      if (way === 'clean stop') {
        await sendSome(broker);
        await broker.kill();
      }
    } finally {
      await broker.kill();
    }
  }
  return took;
}

async function start(kind: Kind, workspace: Workspace): Promise<Server> {
  const { listenPort } = await takePorts();
  const env = kind === 'java' ? { _JAVA_OPTIONS: '-Xms2g -Xmx2g -XX:MaxDirectMemorySize=4g' } : {};
  const storeDir = storeOf(workspace, kind);
  return startBroker({ kind, workspace, port: listenPort, storeDir, settings: bigStoreSettings, env });
}

/** Every queue has what was put: a fast start that forgot something is none. */
async function check(broker: Server, store: BigStore, sent: number): Promise<void> {
  const client = await RawClient.connect(broker.address);
  try {
    for (const topic of store.topics) {
      for (let queueId = 0; queueId < store.queuesPerTopic; queueId++) {
        const { fields } = await client.request(getMaxOffset, { topic, queueId });
        const more = topic === store.topics[0] && queueId === 0 ? sent : 0;
        const expected = String(store.messagesPerQueue + more);
        const found = fields['offset'];
        if (found !== expected)
          throw new Error(`${broker.kind}: ${topic} ${queueId} ends at ${found}, not ${expected}`);
      }
    }
  } finally {
    client.close();
  }
}

async function sendSome(broker: Server): Promise<void> {
  const client = await RawClient.connect(broker.address);
  try {
    for (let index = 0; index < sendsBeforeKill; index++) {
      const properties = { UNIQ_KEY: `late${index}`, WAIT: 'true' };
      const fields = sendFields(sendMessageV2, { topic: 'Many0', queueId: 0, flag: 0, properties });
      const reply = await client.request(sendMessageV2, fields, Buffer.alloc(100));
      if (reply.code !== 0) throw new Error(`${broker.kind} answered ${reply.code}: ${reply.remark}`);
    }
  } finally {
    client.close();
  }
}

function storeOf(workspace: Workspace, kind: Kind): string {
  return join(workspace.dir, `store-${kind}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

exitOnSignals();
process.exitCode = await main();
