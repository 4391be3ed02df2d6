import { type OptionRows, type OptionValues, option } from './option.ts';

/** One command: its line in the list of all, and its options. */
export interface AdminCommandRow {
  readonly doc: string;
  readonly options: OptionRows;
}

/**
 * Every command of mqadmin 4.6.0, in the order of its list. Names of commands and options are Java's, wrong spellings
 * included; help, usage, parsing, documents and the types of the handlers derive from this table.
 * Java: MQAdminStartup#initCommand.
 */
export const adminCommands = {
  updateTopic: {
    doc: 'Update or create topic',
    options: {
      brokerAddr: option.either('b', 'address of one broker'),
      clusterName: option.either('c', 'all masters of a cluster'),
      order: option.bool('o', 'ordered topic: true or false'),
      perm: option.int('p', 'permission: 2 write, 4 read, 6 both'),
      readQueueNums: option.int('r', 'queues to read, 8 unless told'),
      hasUnitSub: option.bool('s', 'read by units: true or false'),
      topic: option.required.text('t', 'topic name'),
      unit: option.bool('u', 'topic of a unit: true or false'),
      writeQueueNums: option.int('w', 'queues to write, 8 unless told'),
    },
  },
  deleteTopic: {
    doc: 'Delete topic from broker and NameServer.',
    options: {
      clusterName: option.required.text('c', 'cluster to delete it from'),
      topic: option.required.text('t', 'topic name'),
    },
  },
  updateSubGroup: {
    doc: 'Update or create subscription group',
    options: {
      notifyConsumerIdsChanged: option.bool('a', 'tell members when the group changes: true or false'),
      brokerAddr: option.text('b', 'address of one broker'),
      clusterName: option.text('c', 'all masters of a cluster'),
      consumeBroadcastEnable: option.bool('d', 'may consume by broadcast: true or false'),
      groupName: option.required.text('g', 'consumer group'),
      brokerId: option.long('i', 'id of the broker to read from'),
      consumeFromMinEnable: option.bool('m', 'may start at the oldest message: true or false'),
      retryQueueNums: option.int('q', 'queues of the retry topic'),
      retryMaxTimes: option.int('r', 'retries before the dead-letter queue'),
      consumeEnable: option.bool('s', 'may consume: true or false'),
      whichBrokerWhenConsumeSlowly: option.long('w', 'id of the broker to read from when slow'),
    },
  },
  deleteSubGroup: {
    doc: 'Delete subscription group from broker.',
    options: {
      brokerAddr: option.text('b', 'address of one broker'),
      clusterName: option.text('c', 'all masters of a cluster'),
      groupName: option.required.text('g', 'consumer group'),
    },
  },
  updateBrokerConfig: {
    doc: "Update broker's config",
    options: {
      brokerAddr: option.text('b', 'address of one broker'),
      clusterName: option.text('c', 'all masters of a cluster'),
      key: option.required.text('k', 'name of the setting'),
      value: option.required.text('v', 'new value'),
    },
  },
  updateTopicPerm: {
    doc: 'Update topic perm',
    options: {
      brokerAddr: option.text('b', 'address of one broker'),
      clusterName: option.text('c', 'all masters of a cluster'),
      perm: option.required.int('p', 'permission: 2 write, 4 read, 6 both'),
      topic: option.required.text('t', 'topic name'),
    },
  },
  topicRoute: {
    doc: 'Examine topic route info',
    options: {
      topic: option.required.text('t', 'topic name'),
    },
  },
  topicStatus: {
    doc: 'Examine topic Status info',
    options: {
      topic: option.required.text('t', 'topic name'),
    },
  },
  topicClusterList: {
    doc: 'get cluster info for topic',
    options: {
      topic: option.required.text('t', 'topic name'),
    },
  },
  brokerStatus: {
    doc: 'Fetch broker runtime status data',
    options: {
      brokerAddr: option.text('b', 'address of one broker'),
      clusterName: option.text('c', 'all brokers of a cluster'),
    },
  },
  queryMsgById: {
    doc: 'Query Message by Id',
    options: {
      clientId: option.text('d', 'client id of a consumer'),
      consumerGroup: option.text('g', 'consumer group'),
      msgId: option.required.text('i', 'message id'),
      sendMessage: option.bool('s', 'send the message again: true or false'),
      unitName: option.text('u', 'unit of the producer'),
    },
  },
  queryMsgByKey: {
    doc: 'Query Message by Key',
    options: {
      msgKey: option.required.text('k', 'key of the message'),
      topic: option.required.text('t', 'topic name'),
    },
  },
  queryMsgByUniqueKey: {
    doc: 'Query Message by Unique key',
    options: {
      clientId: option.text('d', 'client id of a consumer'),
      consumerGroup: option.text('g', 'consumer group'),
      msgId: option.required.text('i', 'message id'),
      topic: option.required.text('t', 'topic name'),
    },
  },
  queryMsgByOffset: {
    doc: 'Query Message by offset',
    options: {
      brokerName: option.required.text('b', 'broker name'),
      queueId: option.required.int('i', 'queue id'),
      offset: option.required.long('o', 'offset in the queue'),
      topic: option.required.text('t', 'topic name'),
    },
  },
  printMsg: {
    doc: 'Print Message Detail',
    options: {
      beginTimestamp: option.text('b', 'not older than: ms, or yyyy-MM-dd#HH:mm:ss:SSS'),
      charsetName: option.text('c', 'charset of the bodies, UTF-8 unless told'),
      printBody: option.bool('d', 'print bodies: true or false'),
      endTimestamp: option.text('e', 'not newer than: ms, or yyyy-MM-dd#HH:mm:ss:SSS'),
      subExpression: option.text('s', 'tags, for example TagA || TagB'),
      topic: option.required.text('t', 'topic name'),
    },
  },
  printMsgByQueue: {
    doc: 'Print Message Detail',
    options: {
      brokerName: option.required.text('a', 'broker name'),
      beginTimestamp: option.text('b', 'not older than: ms, or yyyy-MM-dd#HH:mm:ss:SSS'),
      charsetName: option.text('c', 'charset of the bodies, UTF-8 unless told'),
      printBody: option.bool('d', 'print bodies: true or false'),
      endTimestamp: option.text('e', 'not newer than: ms, or yyyy-MM-dd#HH:mm:ss:SSS'),
      calculate: option.bool('f', 'count messages by tag: true or false'),
      queueId: option.required.int('i', 'queue id'),
      'print msg': option.bool('p', 'print the messages: true or false'),
      subExpression: option.text('s', 'tags, for example TagA || TagB'),
      topic: option.required.text('t', 'topic name'),
    },
  },
  sendMsgStatus: {
    doc: 'send msg to broker.',
    options: {
      brokerName: option.required.text('b', 'broker name'),
      count: option.int('c', 'how many messages, 50 unless told'),
      messageSize: option.int('s', 'bytes of a body, 128 unless told'),
    },
  },
  brokerConsumeStats: {
    doc: 'Fetch broker consume stats data',
    options: {
      brokerAddr: option.required.text('b', 'address of one broker'),
      level: option.long('l', 'smallest difference to print'),
      order: option.bool('o', 'ordered topics only: true or false'),
      timeoutMillis: option.long('t', 'time-out in ms, 50000 unless told'),
    },
  },
  producerConnection: {
    doc: "Query producer's socket connection and client version",
    options: {
      producerGroup: option.required.text('g', 'producer group'),
      topic: option.required.text('t', 'topic name'),
    },
  },
  consumerConnection: {
    doc: "Query consumer's socket connection, client version and subscription",
    options: {
      consumerGroup: option.required.text('g', 'consumer group'),
    },
  },
  consumerProgress: {
    doc: "Query consumers's progress, speed",
    options: {
      groupName: option.text('g', 'consumer group'),
      showClientIP: option.bool('s', 'show who reads each queue: true or false'),
    },
  },
  consumerStatus: {
    doc: "Query consumer's internal data structure",
    options: {
      consumerGroup: option.required.text('g', 'consumer group'),
      clientId: option.text('i', 'client id of a consumer'),
      jstack: option.flag('s', 'with the stacks of the consumer'),
    },
  },
  cloneGroupOffset: {
    doc: 'clone offset from other group.',
    options: {
      destGroup: option.required.text('d', 'group to copy to'),
      offline: option.bool('o', 'also a topic that the group does not read now: true or false'),
      srcGroup: option.required.text('s', 'group to copy from'),
      topic: option.required.text('t', 'topic name'),
    },
  },
  clusterList: {
    doc: 'List all of clusters',
    options: {
      interval: option.long('i', 'repeat after so many seconds'),
      moreStats: option.flag('m', 'totals of yesterday and today'),
    },
  },
  topicList: {
    doc: 'Fetch all topic list from name server',
    options: {
      clusterModel: option.flag('c', 'with cluster and consumer groups'),
    },
  },
  updateKvConfig: {
    doc: 'Create or update KV config.',
    options: {
      key: option.required.text('k', 'key'),
      namespace: option.required.text('s', 'namespace'),
      value: option.required.text('v', 'value'),
    },
  },
  deleteKvConfig: {
    doc: 'Delete KV config.',
    options: {
      key: option.required.text('k', 'key'),
      namespace: option.required.text('s', 'namespace'),
    },
  },
  wipeWritePerm: {
    doc: 'Wipe write perm of broker in all name server',
    options: {
      brokerName: option.required.text('b', 'broker name'),
    },
  },
  resetOffsetByTime: {
    doc: 'Reset consumer offset by timestamp(without client restart).',
    options: {
      cplus: option.flag('c', 'members are C++ clients'),
      force: option.bool('f', 'also forwards: true or false'),
      group: option.required.text('g', 'consumer group'),
      timestamp: option.required.text('s', 'now, ms, or yyyy-MM-dd#HH:mm:ss:SSS'),
      topic: option.required.text('t', 'topic name'),
    },
  },
  updateOrderConf: {
    doc: 'Create or update or delete order conf',
    options: {
      method: option.required.text('m', 'put, get or delete'),
      topic: option.required.text('t', 'topic name'),
      orderConf: option.text('v', 'brokerName:queues, joined by semicolons'),
    },
  },
  cleanExpiredCQ: {
    doc: 'Clean expired ConsumeQueue on broker.',
    options: {
      brokerAddr: option.text('b', 'address of one broker'),
      cluster: option.text('c', 'all brokers of a cluster'),
    },
  },
  cleanUnusedTopic: {
    doc: 'Clean unused topic on broker.',
    options: {
      brokerAddr: option.text('b', 'address of one broker'),
      cluster: option.text('c', 'all brokers of a cluster'),
    },
  },
  startMonitoring: {
    doc: 'Start Monitoring',
    options: {},
  },
  statsAll: {
    doc: 'Topic and Consumer tps stats',
    options: {
      activeTopic: option.flag('a', 'only topics with traffic'),
      topic: option.text('t', 'topic name'),
    },
  },
  allocateMQ: {
    doc: 'Allocate MQ',
    options: {
      ipList: option.required.text('i', 'clients, joined by commas'),
      topic: option.required.text('t', 'topic name'),
    },
  },
  checkMsgSendRT: {
    doc: 'check message send response time',
    options: {
      amout: option.long('a', 'how many messages, 100 unless told'),
      size: option.required.long('s', 'bytes of a body'),
      topic: option.required.text('t', 'topic name'),
    },
  },
  clusterRT: {
    doc: 'List All clusters Message Send RT',
    options: {
      amout: option.long('a', 'messages to each broker, 50 unless told'),
      cluster: option.text('c', 'one cluster; all unless told'),
      interval: option.long('i', 'repeat after so many seconds, 10 unless told'),
      'machine room': option.text('m', 'name for the log lines, noname unless told'),
      'print log': option.bool('p', 'print lines for a log: true or false'),
      size: option.required.long('s', 'bytes of a body'),
    },
  },
  getNamesrvConfig: {
    doc: 'Get configs of name server.',
    options: {},
  },
  updateNamesrvConfig: {
    doc: 'Update configs of name server.',
    options: {
      key: option.required.text('k', 'name of the setting'),
      value: option.required.text('v', 'new value'),
    },
  },
  getBrokerConfig: {
    doc: 'Get broker config by cluster or special broker!',
    options: {
      brokerAddr: option.text('b', 'address of one broker'),
      clusterName: option.text('c', 'all brokers of a cluster'),
    },
  },
  queryCq: {
    doc: 'Query cq command.',
    options: {
      broker: option.text('b', 'address of the broker'),
      count: option.int('c', 'how many entries, 10 unless told'),
      consumer: option.text('g', 'consumer group'),
      index: option.required.int('i', 'first entry'),
      queue: option.required.int('q', 'queue id'),
      topic: option.required.text('t', 'topic name'),
    },
  },
  sendMessage: {
    doc: 'Send a message',
    options: {
      broker: option.text('b', 'broker name'),
      tags: option.text('c', 'tag of the message'),
      qid: option.int('i', 'queue id'),
      key: option.text('k', 'keys of the message'),
      body: option.required.text('p', 'body of the message, as text'),
      topic: option.required.text('t', 'topic name'),
    },
  },
  consumeMessage: {
    doc: 'Consume message',
    options: {
      brokerName: option.text('b', 'broker name'),
      MessageNumber: option.long('c', 'how many messages, 128 unless told'),
      endTimestamp: option.text('e', 'not newer than: ms, or yyyy-MM-dd#HH:mm:ss:SSS'),
      consumerGroup: option.text('g', 'consumer group'),
      queueId: option.int('i', 'queue id'),
      offset: option.long('o', 'offset in the queue'),
      beginTimestamp: option.text('s', 'not older than: ms, or yyyy-MM-dd#HH:mm:ss:SSS'),
      topic: option.required.text('t', 'topic name'),
    },
  },
  updateAclConfig: {
    doc: 'Update acl config yaml file in broker',
    options: {
      accessKey: option.required.text('a', 'account'),
      brokerAddr: option.either('b', 'address of one broker'),
      clusterName: option.either('c', 'all masters of a cluster'),
      groupPerms: option.text('g', 'group=PERM, joined by commas'),
      defaultTopicPerm: option.text('i', 'for topics not listed'),
      admin: option.bool('m', 'administrator: true or false'),
      secretKey: option.text('s', 'secret'),
      topicPerms: option.text('t', 'topic=PERM, joined by commas'),
      defaultGroupPerm: option.text('u', 'for groups not listed'),
      whiteRemoteAddress: option.text('w', 'addresses that need no signature'),
    },
  },
  deleteAccessConfig: {
    doc: 'Delete Acl Config Account in broker',
    options: {
      accessKey: option.required.text('a', 'account'),
      brokerAddr: option.either('b', 'address of one broker'),
      clusterName: option.either('c', 'all masters of a cluster'),
    },
  },
  clusterAclConfigVersion: {
    doc: 'List all of acl config version information in cluster',
    options: {
      brokerAddr: option.either('b', 'address of one broker'),
      clusterName: option.either('c', 'all masters of a cluster'),
    },
  },
  updateGlobalWhiteAddr: {
    doc: 'Update global white address for acl Config File in broker',
    options: {
      brokerAddr: option.either('b', 'address of one broker'),
      clusterName: option.either('c', 'all masters of a cluster'),
      globalWhiteRemoteAddresses: option.required.text('g', 'addresses that need no signature, joined by commas'),
    },
  },
  getAccessConfigSubCommand: {
    doc: 'List all of acl config information in cluster',
    options: {
      brokerAddr: option.either('b', 'address of one broker'),
      clusterName: option.either('c', 'all masters of a cluster'),
    },
  },
} as const satisfies Record<string, AdminCommandRow>;

export type AdminCommands = typeof adminCommands;
export type AdminCommandName = keyof AdminCommands;

/** Values of the options of a command. */
export type OptionsOf<C extends AdminCommandName> = OptionValues<AdminCommands[C]['options']>;

/** A command by its name, whatever its case. Java: MQAdminStartup#findSubCommand. */
export function findCommand(name: string): AdminCommandName | undefined {
  const wanted = name.toUpperCase();
  return (Object.keys(adminCommands) as AdminCommandName[]).find((known) => known.toUpperCase() === wanted);
}
