import { afterAll, describe, expect, it } from 'vitest';
import { takePorts } from '../testing/ports.ts';
import { valuesOf } from './mqadmin/shapes.ts';
import { startStockMqadmin } from './mqadmin/stock.ts';
import { sorted } from './peer/java-json.ts';
import {
  isMissing,
  type Kind,
  openWorkspace,
  type Server,
  startBroker,
  startNamesrv,
  type Workspace,
} from './peer/peer.ts';
import { RawClient } from './peer/raw-client.ts';
import { sendOne } from './peer/store-check.ts';

const topic = 'AdminTopic';
const group = 'admin-group';
const MESSAGES = 8;
const QUEUES = 2;

/**
 * The stock mqadmin, one command after the other, against a Java cluster and against ours: what it prints has the same
 * shape, and the offsets behind it are the same. The group is offline, so that a reset goes the old way: 222 is
 * refused, and the tool writes each offset itself (15).
 */
const commands = [
  `updateTopic -b BROKER -t ${topic} -r ${QUEUES} -w ${QUEUES}`,
  `updateSubGroup -b BROKER -g ${group} -q 2`,
  'FILL',
  `topicStatus -t ${topic}`,
  `resetOffsetByTime -g ${group} -t ${topic} -s 0`,
  `resetOffsetByTime -g ${group} -t ${topic} -s now`,
  `resetOffsetByTime -g ${group} -t NoSuchTopic -s 0`,
  'brokerConsumeStats -b BROKER -t 5000',
  `consumerConnection -g ${group}`,
  `producerConnection -g nobody -t ${topic}`,
  `deleteSubGroup -b BROKER -g ${group}`,
  `deleteTopic -c DefaultCluster -t ${topic}`,
  `topicStatus -t ${topic}`,
] as const;

describe.skipIf(isMissing('java'))('offsets, groups and topics by the stock mqadmin, here and in Java', () => {
  const workspaces: Workspace[] = [];
  const servers: Server[] = [];
  afterAll(async () => {
    for (const server of servers) await server.stop();
    for (const workspace of workspaces) workspace.close();
  });

  async function outcomes(kind: Kind): Promise<string[]> {
    const workspace = openWorkspace(`mqadmin-offsets-${kind}`);
    workspaces.push(workspace);
    const { listenPort: port, namesrvPort } = await takePorts();
    const namesrv = await startNamesrv({ kind, workspace, port: namesrvPort });
    servers.unshift(namesrv);
    const broker = await startBroker({ kind, workspace, port, namesrv: namesrv.address });
    servers.unshift(broker);
    const stock = await startStockMqadmin(workspace, namesrv.address);
    const client = await RawClient.connect(broker.address);
    const found: string[] = [];
    for (const command of commands) {
      if (command === 'FILL') {
        await fill(client);
      } else {
        const [name = '', ...args] = command.replace('BROKER', broker.address).split(' ');
        const { ended, output } = await stock.run([name, '-n', namesrv.address, ...args], 90_000);
        found.push(`${command}: ${ended}`, ...valuesOf(output));
      }
      found.push(sorted((await client.request(43, {})).body.toString()));
    }
    client.close();
    await stock.close();
    return found;
  }

  async function fill(client: RawClient): Promise<void> {
    for (let index = 0; index < MESSAGES; index++) {
      const message = { topic, queueId: index % QUEUES, flag: 0, properties: {}, body: Buffer.from(String(index)) };
      await sendOne(client, 310, message, 'DefaultCluster');
    }
    for (let queueId = 0; queueId < QUEUES; queueId++) {
      await client.request(15, { consumerGroup: group, topic, queueId, commitOffset: 2 });
    }
  }

  it('prints and changes the same', async () => {
    const [java, ours] = await Promise.all([outcomes('java'), outcomes('wenchang')]);
    const begun = sorted(`{"offsetTable":{"${topic}@${group}":{0:0,1:0}}}`);
    expect(java).toContain(begun);
    expect(ours).toEqual(java);
  });
});
