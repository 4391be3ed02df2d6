import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { takePorts } from '../testing/ports.ts';
import {
  isMissing,
  namesrvKind,
  openWorkspace,
  runMqadmin,
  type Server,
  startBroker,
  startNamesrv,
  subjectKind,
  type Workspace,
} from './peer/peer.ts';
import { RawClient } from './peer/raw-client.ts';
import { shapeOf } from './peer/shape.ts';
import { sendOne } from './peer/store-check.ts';

const kind = subjectKind();

/** What a stock command prints about our cluster, with everything that varies replaced by a letter (see `shapeOf`). */
const shapes: readonly (readonly [string, readonly string[]])[] = [
  [
    'clusterList',
    [
      '#Cluster Name #Broker Name #BID #Addr #Version #InTPS(LOAD) #OutTPS(LOAD) #PCWait(ms) #Hour #SPACE',
      'DefaultCluster broker-a N ADDR V4_6_0 F(N,Nms) F(N,Nms) N F F',
    ],
  ],
  [
    'clusterList -m',
    [
      '#Cluster Name #Broker Name #InTotalYest #OutTotalYest #InTotalToday #OutTotalToday',
      'DefaultCluster broker-a N N N N',
    ],
  ],
  [
    'topicRoute -t AdminTopic',
    [
      '{',
      '"brokerDatas":[',
      '{',
      '"brokerAddrs":{N:"ADDR"',
      '},',
      '"brokerName":"broker-a",',
      '"cluster":"DefaultCluster"',
      '}',
      '],',
      '"filterServerTable":{},',
      '"queueDatas":[',
      '{',
      '"brokerName":"broker-a",',
      '"perm":N,',
      '"readQueueNums":N,',
      '"topicSynFlag":N,',
      '"writeQueueNums":N',
      '}',
      ']',
      '}',
    ],
  ],
  [
    'topicRoute -t NoSuchTopic',
    [
      'org.apache.rocketmq.tools.command.SubCommandException: TopicRouteSubCommand command failed',
      'Caused by: org.apache.rocketmq.client.exception.MQClientException: CODE: 17 DESC: ' +
        'No topic route info in name server for the topic: NoSuchTopic',
      'See http:/PATH/ for further details.',
    ],
  ],
];

/** Topics a broker registers from its start on, and the one the suite has sent to. */
const topics = [
  'AdminTopic',
  'BenchmarkTest',
  'DefaultCluster',
  'DefaultCluster_REPLY_TOPIC',
  'OFFSET_MOVED_EVENT',
  'SELF_TEST_TOPIC',
  'TBW102',
  'broker-a',
];

describe.skipIf(isMissing('java'))(`stock mqadmin against ${kind}`, () => {
  let workspace: Workspace;
  let namesrv: Server | undefined;
  let broker: Server | undefined;

  beforeAll(async () => {
    workspace = openWorkspace('mqadmin');
    const ports = await takePorts();
    namesrv = await startNamesrv({ kind: namesrvKind(), workspace, port: ports.namesrvPort });
    broker = await startBroker({ kind, workspace, port: ports.listenPort, namesrv: namesrv.address });
    const client = await RawClient.connect(broker.address);
    const message = { topic: 'AdminTopic', queueId: 0, flag: 0, properties: {}, body: Buffer.from('x') };
    await sendOne(client, 310, message, 'DefaultCluster');
    client.close();
  });

  afterAll(async () => {
    await broker?.stop();
    await namesrv?.stop();
    workspace.close();
  });

  it.each(shapes)('%s', async (command, shape) => {
    expect(await run(command)).toEqual(shape);
  });

  it('topicList', async () => {
    // A transaction check adds RMQ_SYS_TRANS_HALF_TOPIC to a Java broker after a minute.
    const listed = (await run('topicList')).filter((topic) => topic !== 'RMQ_SYS_TRANS_HALF_TOPIC');
    expect(listed.sort()).toEqual([...topics].sort());
  });

  it('topicList -c', async () => {
    const lines = (await run('topicList -c')).filter((line) => !line.includes('RMQ_SYS_TRANS_HALF_TOPIC'));
    expect(lines[0]).toBe('#Cluster Name #Topic #Consumer Group');
    expect(lines.slice(1).sort()).toEqual(topics.map((topic) => `DefaultCluster ${topic}`).sort());
  });

  /** Lines of the shape of one command, which must exit with 0, as all stock commands do. */
  async function run(command: string): Promise<string[]> {
    const [name = '', ...args] = command.split(' ');
    const result = await runMqadmin(workspace, [name, '-n', namesrv?.address ?? '', ...args], 90_000);
    expect(result.code).toBe(0);
    return shapeOf(result.stdout + result.stderr);
  }
});
