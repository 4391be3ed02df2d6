import { describe, expect, it } from 'vitest';
import { BrokerFixture, groupsFile, topicOf, topicsFile } from '../../testing/broker-fixture.ts';
import { FaultFs } from '../../testing/fault-fs.ts';
import { NamesrvFixture } from '../../testing/namesrv-fixture.ts';
import { ScriptedSlave } from '../../testing/replication/scripted.ts';
import {
  brokerFields,
  heartbeat,
  lockBody,
  pullFields,
  registrationBody,
  SUBSCRIPTION,
  sendFields,
  sendFieldsV2,
  topicFields,
} from '../../testing/requests.ts';
import type { Asked, Fields, TestClient, TestReply } from '../../testing/test-client.ts';
import { type CommandName, type CommandRow, commands, isServed, type ServedBy } from '../codec/commands.ts';
import { encodeBatch } from '../codec/message-batch.ts';
import { type ResponseName, responseName } from '../codec/response-codes.ts';

/**
 * THE TABLE says which codes each request may be answered with. Here every one of them is provoked, so that the table
 * promises nothing that does not happen; what cannot happen yet is listed with its reason.
 */
type Promised<C extends CommandName> = (typeof commands)[C]['replies'][number];
type Scenario<World> = (world: World) => Promise<TestReply>;
type Scenarios<C extends CommandName, World> = { readonly [R in Promised<C>]: Scenario<World> | string };

/** A broker with topic T and groups `off` (may not consume) and `g`, and a client. */
class BrokerWorld {
  readonly broker: BrokerFixture;
  readonly client: TestClient;
  readonly faults: FaultFs;

  private constructor(broker: BrokerFixture, client: TestClient, faults: FaultFs) {
    this.broker = broker;
    this.client = client;
    this.faults = faults;
  }

  static async start(settings: (configs: BrokerFixture['configs']) => void = () => {}): Promise<BrokerWorld> {
    const made: FaultFs[] = [];
    const broker = await BrokerFixture.start({
      settings,
      files: {
        'topics.json': topicsFile(topicOf('T'), topicOf('Ordered', { order: true }), topicOf('WriteOnly', { perm: 2 })),
        'subscriptionGroup.json': groupsFile({ g: {}, off: { consumeEnable: false } }),
      },
      wrapFs: (fs) => {
        made.push(new FaultFs(fs));
        return made.at(-1) as FaultFs;
      },
    });
    return new BrokerWorld(broker, await broker.client(), made[0] as FaultFs);
  }

  /** As {@link start} in the place of this one. */
  with(settings: (configs: BrokerFixture['configs']) => void): Promise<BrokerWorld> {
    return BrokerWorld.start(settings);
  }

  ask(code: number, ext?: Fields, asked?: Asked): Promise<TestReply> {
    return this.client.ask(code, ext, asked);
  }

  beatSql(subString: string, subVersion: number): Promise<void> {
    return this.beat(subVersion, { subString, expressionType: 'SQL92' });
  }

  async beat(subVersion = 1, more: object = {}): Promise<void> {
    const subscriptions = [{ topic: 'T', subString: '*', subVersion, ...more }];
    await this.ask(34, {}, { body: heartbeat('c', [{ group: 'g', subscriptions }]) });
  }

  /** The reply to a request that a member has to answer: with a SUCCESS, or not before `waitMs` have passed. */
  async relayed(code: number, ext: Fields, waitMs = 0): Promise<TestReply> {
    await this.beat();
    const asker = await this.broker.client();
    const opaque = await asker.askInVain(code, ext);
    if (waitMs === 0) await this.client.answer(code === 223 ? 221 : code);
    else await this.broker.advance(waitMs, 100);
    return asker.replyTo(opaque) as TestReply;
  }
}

const NO_ACCOUNTS = 'accounts come with the issue on access control';
const ALWAYS = 'Java answers it when its own encoder fails; ours has nothing that could';

/** The sends, whose headers differ in their names only. */
function sends(
  code: number,
  fields: (more?: Fields) => Fields,
  batch: boolean,
): Scenarios<'SEND_MESSAGE', BrokerWorld> {
  const body = batch ? encodeBatch([{ body: Buffer.from('x'), flag: 0, properties: Buffer.alloc(0) }]) : 'x';
  const send = (world: BrokerWorld, more: Fields = {}): Promise<TestReply> =>
    world.ask(code, fields({ batch, ...more }), { body });
  return {
    SUCCESS: (world) => send(world),
    FLUSH_DISK_TIMEOUT: async (world) => {
      const slow = await world.with(({ messageStoreConfig }) => {
        messageStoreConfig.flushDiskType = 'SYNC_FLUSH';
      });
      slow.faults.delay({ operation: 'fdatasync', path: /commitlog/, until: new Promise(() => {}) });
      const opaque = await slow.client.askInVain(code, fields({ batch }), { body });
      await slow.broker.advance(5200, 100);
      return slow.client.replyTo(opaque) as TestReply;
    },
    SLAVE_NOT_AVAILABLE: async (world) =>
      send(
        await world.with(({ messageStoreConfig }) => {
          messageStoreConfig.brokerRole = 'SYNC_MASTER';
        }),
      ),
    FLUSH_SLAVE_TIMEOUT: async (world) => {
      const slow = await world.with(({ messageStoreConfig }) => {
        messageStoreConfig.brokerRole = 'SYNC_MASTER';
      });
      const slave = await ScriptedSlave.connect(slow.broker.net, 10_912);
      slave.report(0);
      await slow.broker.settle();
      const opaque = await slow.client.askInVain(code, fields({ batch }), { body });
      await slow.broker.advance(5200, 100);
      return slow.client.replyTo(opaque) as TestReply;
    },
    SYSTEM_ERROR: (world) => send(world, { queueId: 99 }),
    MESSAGE_ILLEGAL: (world) =>
      batch
        ? send(world, { topic: '%RETRY%g' })
        : send(world, { properties: 'DELAY\u00011\u0002TRAN_MSG\u0001true\u0002' }),
    SERVICE_NOT_AVAILABLE: (world) => {
      world.faults.fail({ operation: 'pwrite', path: /commitlog/, code: 'EIO' });
      return send(world);
    },
    NO_PERMISSION: (world) => {
      world.broker.configs.brokerConfig.brokerPermission = 4;
      return send(world, { topic: 'Ordered' });
    },
    TOPIC_NOT_EXIST: (world) => send(world, { topic: 'X', defaultTopic: 'Y' }),
    SUBSCRIPTION_GROUP_NOT_EXIST: batch
      ? 'a batch for a retry topic is refused before its group is looked for'
      : (world) => {
          world.broker.configs.brokerConfig.autoCreateSubscriptionGroup = false;
          return send(world, { topic: '%RETRY%new', maxReconsumeTimes: 1 });
        },
  };
}

const member = { consumerGroup: 'g', clientId: 'c' };
const directly = async (world: BrokerWorld): Promise<Fields> => {
  const sent = await world.ask(10, sendFields());
  return { ...member, msgId: sent.ext?.['msgId'] };
};
const reset = { topic: 'T', group: 'g', timestamp: -1, isForce: true };
/** The replies, whose headers differ in their names only. */
function replies(code: number, fields: (more?: Fields) => Fields): Scenarios<'SEND_REPLY_MESSAGE', BrokerWorld> {
  return {
    SUCCESS: async (world) => {
      await world.ask(34, {}, { body: heartbeat('asker', [], ['p']) });
      const opaque = await world.client.askInVain(code, fields({ properties: 'REPLY_TO_CLIENT\u0001asker\u0002' }));
      await world.client.answer(326);
      return world.client.replyTo(opaque) as TestReply;
    },
    SYSTEM_ERROR: (world) => world.ask(code, fields()),
    NO_PERMISSION: (world) => {
      world.broker.configs.brokerConfig.brokerPermission = 4;
      return world.ask(code, fields({ topic: 'Ordered' }));
    },
    TOPIC_NOT_EXIST: (world) => world.ask(code, fields({ topic: 'X', defaultTopic: 'Y' })),
  };
}

const offset = { consumerGroup: 'g', topic: 'T', queueId: 0 };
const back = { offset: 0, group: 'g', delayLevel: -1, unitMode: false, maxReconsumeTimes: 16 };
const key = { topic: 'T', key: 'k', maxNum: 1, beginTimestamp: 0, endTimestamp: 9e12 };
const half = sendFields({ properties: 'TRAN_MSG\u0001true\u0002PGROUP\u0001p\u0002' });
const end = { producerGroup: 'p', tranStateTableOffset: 0, commitLogOffset: 0, commitOrRollback: 8, msgId: 'x' };
const registered = { sysFlag: 0, consumerGroup: 'g', subscription: undefined };

const broker: { readonly [C in ServedBy<'broker'>]: Scenarios<C, BrokerWorld> } = {
  SEND_MESSAGE: sends(10, sendFields, false),
  SEND_MESSAGE_V2: sends(310, sendFieldsV2, false),
  SEND_BATCH_MESSAGE: sends(320, sendFieldsV2, true),
  CONSUMER_SEND_MSG_BACK: {
    SUCCESS: async (world) => {
      await world.ask(10, sendFields());
      return world.ask(36, back);
    },
    SYSTEM_ERROR: (world) => world.ask(36, { ...back, offset: 5 }),
    NO_PERMISSION: (world) => {
      world.broker.configs.brokerConfig.brokerPermission = 4;
      return world.ask(36, back);
    },
    SUBSCRIPTION_GROUP_NOT_EXIST: (world) => {
      world.broker.configs.brokerConfig.autoCreateSubscriptionGroup = false;
      return world.ask(36, { ...back, group: 'new' });
    },
  },
  SEND_REPLY_MESSAGE: replies(324, sendFields),
  SEND_REPLY_MESSAGE_V2: replies(325, sendFieldsV2),
  PULL_MESSAGE: {
    SUCCESS: async (world) => {
      await world.ask(10, sendFields());
      return world.ask(11, pullFields());
    },
    PULL_NOT_FOUND: (world) => world.ask(11, pullFields()),
    PULL_RETRY_IMMEDIATELY: async (world) => {
      await world.ask(10, sendFields());
      return world.ask(11, pullFields({ subscription: 'A' }));
    },
    PULL_OFFSET_MOVED: (world) => world.ask(11, pullFields({ queueOffset: 5 })),
    SYSTEM_ERROR: (world) => world.ask(11, pullFields({ queueId: 9 })),
    NO_PERMISSION: (world) => world.ask(11, pullFields({ consumerGroup: 'off' })),
    TOPIC_NOT_EXIST: (world) => world.ask(11, pullFields({ topic: 'X' })),
    SUBSCRIPTION_PARSE_FAILED: (world) => world.ask(11, pullFields({ sysFlag: SUBSCRIPTION, subscription: '||' })),
    SUBSCRIPTION_NOT_EXIST: (world) => world.ask(11, pullFields(registered)),
    SUBSCRIPTION_NOT_LATEST: async (world) => {
      await world.beat(1);
      return world.ask(11, pullFields({ ...registered, subVersion: 2 }));
    },
    SUBSCRIPTION_GROUP_NOT_EXIST: (world) => {
      world.broker.configs.brokerConfig.autoCreateSubscriptionGroup = false;
      return world.ask(11, pullFields({ consumerGroup: 'new' }));
    },
    FILTER_DATA_NOT_EXIST: async (world) => {
      await world.beatSql('a > ', 1);
      return world.ask(11, pullFields(registered));
    },
    FILTER_DATA_NOT_LATEST: async (world) => {
      // A subscription without an expression leaves the filter as it was.
      await world.beatSql('a > 5', 1);
      await world.beatSql('', 2);
      return world.ask(11, pullFields({ ...registered, subVersion: 2 }));
    },
  },
  QUERY_MESSAGE: {
    SUCCESS: async (world) => {
      await world.ask(10, sendFields({ properties: 'KEYS\u0001k\u0002' }));
      return world.ask(12, key);
    },
    QUERY_NOT_FOUND: (world) => world.ask(12, key),
  },
  VIEW_MESSAGE_BY_ID: {
    SUCCESS: async (world) => {
      await world.ask(10, sendFields());
      return world.ask(33, { offset: 0 });
    },
    SYSTEM_ERROR: (world) => world.ask(33, { offset: 0 }),
  },
  QUERY_CONSUMER_OFFSET: {
    SUCCESS: (world) => world.ask(14, offset),
    QUERY_NOT_FOUND: async (world) => {
      await world.ask(10, sendFields());
      await world.ask(10, sendFields());
      world.broker.configs.messageStoreConfig.accessMessageInMemoryMaxRatio = 0;
      return world.ask(14, offset);
    },
  },
  UPDATE_CONSUMER_OFFSET: { SUCCESS: (world) => world.ask(15, { ...offset, commitOffset: 1 }) },
  GET_CONSUMER_LIST_BY_GROUP: {
    SUCCESS: async (world) => {
      await world.beat();
      return world.ask(38, { consumerGroup: 'g' });
    },
    SYSTEM_ERROR: (world) => world.ask(38, { consumerGroup: 'g' }),
  },
  HEART_BEAT: { SUCCESS: (world) => world.ask(34, {}, { body: heartbeat('c', [], ['p']) }) },
  UNREGISTER_CLIENT: { SUCCESS: (world) => world.ask(35, { clientID: 'c' }) },
  CHECK_CLIENT_CONFIG: {
    SUCCESS: (world) => world.ask(46, {}, { body: '{}' }),
    SYSTEM_ERROR: (world) => world.ask(46, {}, { body: '{"subscriptionData":{"expressionType":"SQL92"}}' }),
    SUBSCRIPTION_PARSE_FAILED: (world) => {
      world.broker.configs.brokerConfig.enablePropertyFilter = true;
      const body = '{"subscriptionData":{"expressionType":"SQL92","subString":"a >"}}';
      return world.ask(46, {}, { body });
    },
  },
  LOCK_BATCH_MQ: { SUCCESS: (world) => world.ask(41, {}, { body: lockBody('g', 'c', 0) }) },
  UNLOCK_BATCH_MQ: { SUCCESS: (world) => world.ask(42, {}, { body: lockBody('g', 'c', 0) }) },
  UPDATE_AND_CREATE_TOPIC: {
    SUCCESS: (world) => world.ask(17, topicFields()),
    SYSTEM_ERROR: (world) => world.ask(17, topicFields({ topic: '/' })),
  },
  GET_ALL_TOPIC_CONFIG: { SUCCESS: (world) => world.ask(21), SYSTEM_ERROR: ALWAYS },
  UPDATE_BROKER_CONFIG: {
    SUCCESS: (world) => world.ask(25, {}, { body: 'traceOn=false' }),
    SYSTEM_ERROR: (world) => world.ask(25, {}, { body: 'rocketmqHome=/x' }),
  },
  UPDATE_AND_CREATE_ACL_CONFIG: {
    SUCCESS: NO_ACCOUNTS,
    UPDATE_AND_CREATE_ACL_CONFIG_FAILED: (world) => world.ask(50, { accessKey: 'a', admin: false }),
  },
  DELETE_ACL_CONFIG: {
    SUCCESS: NO_ACCOUNTS,
    DELETE_ACL_CONFIG_FAILED: (world) => world.ask(51, { accessKey: 'a' }),
  },
  GET_BROKER_CLUSTER_ACL_INFO: {
    SUCCESS: NO_ACCOUNTS,
    REQUEST_CODE_NOT_SUPPORTED: (world) => world.ask(52),
  },
  UPDATE_GLOBAL_WHITE_ADDRS_CONFIG: {
    SUCCESS: NO_ACCOUNTS,
    UPDATE_GLOBAL_WHITE_ADDRS_CONFIG_FAILED: (world) => world.ask(53, { globalWhiteAddrs: '1' }),
  },
  GET_BROKER_CLUSTER_ACL_CONFIG: {
    SUCCESS: NO_ACCOUNTS,
    REQUEST_CODE_NOT_SUPPORTED: (world) => world.ask(54),
  },
  GET_BROKER_CONFIG: { SUCCESS: (world) => world.ask(26), SYSTEM_ERROR: ALWAYS },
  GET_BROKER_RUNTIME_INFO: { SUCCESS: (world) => world.ask(28), SYSTEM_ERROR: ALWAYS },
  GET_ALL_DELAY_OFFSET: { SUCCESS: (world) => world.ask(45), SYSTEM_ERROR: ALWAYS },
  SEARCH_OFFSET_BY_TIMESTAMP: { SUCCESS: (world) => world.ask(29, { topic: 'T', queueId: 0, timestamp: 0 }) },
  GET_MAX_OFFSET: { SUCCESS: (world) => world.ask(30, { topic: 'T', queueId: 0 }) },
  GET_MIN_OFFSET: { SUCCESS: (world) => world.ask(31, { topic: 'T', queueId: 0 }) },
  GET_EARLIEST_MSG_STORETIME: { SUCCESS: (world) => world.ask(32, { topic: 'T', queueId: 0 }) },
  GET_CONSUMER_CONNECTION_LIST: {
    SUCCESS: async (world) => {
      await world.beat();
      return world.ask(203, { consumerGroup: 'g' });
    },
    CONSUMER_NOT_ONLINE: (world) => world.ask(203, { consumerGroup: 'g' }),
  },
  GET_ALL_CONSUMER_OFFSET: { SUCCESS: (world) => world.ask(43), SYSTEM_ERROR: ALWAYS },
  UPDATE_AND_CREATE_SUBSCRIPTIONGROUP: {
    SUCCESS: (world) => world.ask(200, {}, { body: '{"groupName":"new"}' }),
    SYSTEM_ERROR: (world) => world.ask(200, {}, { body: '{}' }),
  },
  GET_ALL_SUBSCRIPTIONGROUP_CONFIG: { SUCCESS: (world) => world.ask(201), SYSTEM_ERROR: ALWAYS },
  GET_TOPIC_STATS_INFO: {
    SUCCESS: (world) => world.ask(202, { topic: 'T' }),
    TOPIC_NOT_EXIST: (world) => world.ask(202, { topic: 'X' }),
  },
  GET_PRODUCER_CONNECTION_LIST: {
    SUCCESS: async (world) => {
      await world.ask(34, {}, { body: heartbeat('c', [], ['p']) });
      return world.ask(204, { producerGroup: 'p' });
    },
    SYSTEM_ERROR: (world) => world.ask(204, { producerGroup: 'p' }),
  },
  DELETE_SUBSCRIPTIONGROUP: { SUCCESS: (world) => world.ask(207, { groupName: 'g' }) },
  DELETE_TOPIC_IN_BROKER: { SUCCESS: (world) => world.ask(215, { topic: 'T' }) },
  INVOKE_BROKER_TO_RESET_OFFSET: {
    SUCCESS: async (world) => {
      await world.beat();
      for (let queueId = 0; queueId < 4; queueId++) await world.ask(15, { ...offset, queueId, commitOffset: 0 });
      return world.ask(222, reset);
    },
    SYSTEM_ERROR: (world) => world.ask(222, reset),
    CONSUMER_NOT_ONLINE: async (world) => {
      for (let queueId = 0; queueId < 4; queueId++) await world.ask(15, { ...offset, queueId, commitOffset: 0 });
      return world.ask(222, reset);
    },
  },
  INVOKE_BROKER_TO_GET_CONSUMER_STATUS: {
    SUCCESS: (world) => world.relayed(223, { topic: 'T', group: 'g' }),
    SYSTEM_ERROR: (world) => world.ask(223, { topic: 'T', group: 'g' }),
  },
  REGISTER_FILTER_SERVER: { SUCCESS: (world) => world.ask(301, { filterServerAddr: '10.0.0.1:1' }) },
  QUERY_TOPIC_CONSUME_BY_WHO: { SUCCESS: (world) => world.ask(300, { topic: 'T' }) },
  QUERY_CONSUME_TIME_SPAN: {
    SUCCESS: (world) => world.ask(303, { topic: 'T', group: 'g' }),
    TOPIC_NOT_EXIST: (world) => world.ask(303, { topic: 'X', group: 'g' }),
  },
  GET_SYSTEM_TOPIC_LIST_FROM_BROKER: { SUCCESS: (world) => world.ask(305) },
  GET_CONSUMER_RUNNING_INFO: {
    SUCCESS: (world) => world.relayed(307, member),
    SYSTEM_ERROR: (world) => world.ask(307, member),
    CONSUME_MSG_TIMEOUT: (world) => world.relayed(307, member, 10_100),
  },
  QUERY_CORRECTION_OFFSET: { SUCCESS: (world) => world.ask(308, { topic: 'T', compareGroup: 'g' }) },
  CONSUME_MESSAGE_DIRECTLY: {
    SUCCESS: async (world) => world.relayed(309, await directly(world)),
    SYSTEM_ERROR: async (world) => world.ask(309, await directly(world)),
    CONSUME_MSG_TIMEOUT: async (world) => world.relayed(309, await directly(world), 10_100),
  },
  CLONE_GROUP_OFFSET: { SUCCESS: (world) => world.ask(314, { srcGroup: 'g', destGroup: 'h', topic: 'T' }) },
  GET_BROKER_CONSUME_STATS: { SUCCESS: (world) => world.ask(317, { isOrder: false }) },
  QUERY_CONSUME_QUEUE: {
    SUCCESS: async (world) => {
      await world.ask(10, sendFields());
      return world.ask(321, { topic: 'T', queueId: 0, index: 0, count: 1 });
    },
    SYSTEM_ERROR: (world) => world.ask(321, { topic: 'T', queueId: 0, index: 0, count: 1 }),
  },
  VIEW_BROKER_STATS_DATA: {
    SUCCESS: async (world) => {
      await world.ask(10, sendFields());
      return world.ask(315, { statsName: 'TOPIC_PUT_NUMS', statsKey: 'T' });
    },
    SYSTEM_ERROR: (world) => world.ask(315, { statsName: 'TOPIC_PUT_NUMS', statsKey: 'X' }),
  },
  GET_CONSUME_STATS: { SUCCESS: (world) => world.ask(208, { consumerGroup: 'g' }) },
  CLEAN_EXPIRED_CONSUMEQUEUE: { SUCCESS: (world) => world.ask(306) },
  END_TRANSACTION: {
    SUCCESS: async (world) => {
      await world.ask(10, half);
      return world.ask(37, end);
    },
    SYSTEM_ERROR: (world) => world.ask(37, end),
    SLAVE_NOT_AVAILABLE: (world) => {
      world.broker.configs.messageStoreConfig.brokerRole = 'SLAVE';
      return world.ask(37, end);
    },
    MESSAGE_ILLEGAL: 'what the half topic took fits the shorter name of any other topic',
    SERVICE_NOT_AVAILABLE: async (world) => {
      await world.ask(10, half);
      world.faults.fail({ operation: 'pwrite', path: /commitlog/, code: 'EIO' });
      expect(await world.ask(37, { ...end, commitOrRollback: 12 })).toMatchObject({ code: 14 });
      return world.ask(37, end);
    },
  },
  RESUME_CHECK_HALF_MESSAGE: {
    SUCCESS: async (world) => world.ask(323, { msgId: (await world.ask(10, half)).ext?.['msgId'] }),
    SYSTEM_ERROR: (world) => world.ask(323, { msgId: 'x' }),
  },
  CLEAN_UNUSED_TOPIC: { SUCCESS: (world) => world.ask(316) },
};

const at = { namespace: 'n', key: 'k' };
const register = (client: TestClient, more: Fields = {}): Promise<TestReply> =>
  client.ask(103, brokerFields(more), { body: registrationBody() });

const namesrv: { readonly [C in ServedBy<'namesrv'>]: Scenarios<C, TestClient> } = {
  PUT_KV_CONFIG: {
    SUCCESS: (client) => client.ask(100, { ...at, value: 'v' }),
    SYSTEM_ERROR: (client) => client.ask(100, { ...at, value: 'v'.repeat(5_000_000) }),
  },
  GET_KV_CONFIG: {
    SUCCESS: async (client) => {
      await client.ask(100, { ...at, value: 'v' });
      return client.ask(101, at);
    },
    QUERY_NOT_FOUND: (client) => client.ask(101, at),
  },
  DELETE_KV_CONFIG: { SUCCESS: (client) => client.ask(102, at) },
  GET_KVLIST_BY_NAMESPACE: {
    SUCCESS: async (client) => {
      await client.ask(100, { ...at, value: 'v' });
      return client.ask(219, at);
    },
    QUERY_NOT_FOUND: (client) => client.ask(219, at),
  },
  REGISTER_BROKER: {
    SUCCESS: (client) => register(client),
    SYSTEM_ERROR: (client) => register(client, { bodyCrc32: 1 }),
  },
  UNREGISTER_BROKER: { SUCCESS: (client) => client.ask(104, brokerFields()) },
  QUERY_DATA_VERSION: { SUCCESS: (client) => client.ask(322, brokerFields(), { body: '{"counter":1,"timestamp":1}' }) },
  GET_ROUTEINTO_BY_TOPIC: {
    SUCCESS: async (client) => {
      await register(client);
      return client.ask(105, { topic: 'T' });
    },
    TOPIC_NOT_EXIST: (client) => client.ask(105, { topic: 'T' }),
  },
  GET_BROKER_CLUSTER_INFO: { SUCCESS: (client) => client.ask(106) },
  WIPE_WRITE_PERM_OF_BROKER: { SUCCESS: (client) => client.ask(205, { brokerName: 'broker-a' }) },
  GET_ALL_TOPIC_LIST_FROM_NAMESERVER: { SUCCESS: (client) => client.ask(206) },
  DELETE_TOPIC_IN_NAMESRV: { SUCCESS: (client) => client.ask(216, { topic: 'T' }) },
  GET_TOPICS_BY_CLUSTER: { SUCCESS: (client) => client.ask(224, { cluster: 'C' }) },
  GET_SYSTEM_TOPIC_LIST_FROM_NS: { SUCCESS: (client) => client.ask(304) },
  GET_UNIT_TOPIC_LIST: { SUCCESS: (client) => client.ask(311) },
  GET_HAS_UNIT_SUB_TOPIC_LIST: { SUCCESS: (client) => client.ask(312) },
  GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST: { SUCCESS: (client) => client.ask(313) },
  UPDATE_NAMESRV_CONFIG: {
    SUCCESS: (client) => client.ask(318, {}, { body: 'orderMessageEnable=true' }),
    SYSTEM_ERROR: (client) => client.ask(318, {}, { body: 'kvConfigPath=/x' }),
  },
  GET_NAMESRV_CONFIG: { SUCCESS: (client) => client.ask(319), SYSTEM_ERROR: ALWAYS },
};

type Rows<World> = Readonly<Record<string, Readonly<Record<string, Scenario<World> | string>>>>;

/** `[command, reply, scenario]` of all that can happen. */
function cases<World>(rows: Rows<World>): (readonly [CommandName, ResponseName, Scenario<World>])[] {
  return Object.entries(rows).flatMap(([command, replies]) =>
    Object.entries(replies).flatMap(([reply, scenario]) =>
      typeof scenario === 'string' ? [] : [[command as CommandName, reply as ResponseName, scenario] as const],
    ),
  );
}

/** Whether a reply carries extFields is a matter of the command, not of the outcome. */
function hasHeader(command: CommandName): boolean {
  return (commands[command] as CommandRow).responseHeader;
}

describe('every reply that THE TABLE promises', () => {
  it.each(cases(broker))('%s answers %s', async (command, wanted, scenario) => {
    const reply = await scenario(await BrokerWorld.start());
    expect([responseName(reply.code), reply.ext !== undefined]).toEqual([wanted, hasHeader(command)]);
  });

  it.each(cases(namesrv))('%s answers %s', async (command, wanted, scenario) => {
    const server = await NamesrvFixture.start();
    const reply = await scenario(await server.client());
    expect([responseName(reply.code), reply.ext !== undefined]).toEqual([wanted, hasHeader(command)]);
  });

  it('is listed here, with a scenario or a reason, and nothing else is', () => {
    for (const [server, rows] of [
      ['broker', broker],
      ['namesrv', namesrv],
    ] as const) {
      const served = (Object.keys(commands) as CommandName[]).filter((name) => isServed(name, server));
      expect(Object.keys(rows).sort()).toEqual(served.sort());
      for (const name of served) {
        const here = Object.keys((rows as Rows<never>)[name] ?? {}).sort();
        expect([name, here]).toEqual([name, [...commands[name].replies].sort()]);
      }
    }
  });
});
