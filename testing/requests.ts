import { encodeRegisterBrokerBody } from '../src/codec/bodies/register-broker.ts';
import type { Fields } from './test-client.ts';

/** extFields of a send by code 10, under Java's long names. */
export function sendFields(more: Fields = {}): Fields {
  return {
    producerGroup: 'producers',
    topic: 'T',
    defaultTopic: 'TBW102',
    defaultTopicQueueNums: 4,
    queueId: 0,
    sysFlag: 0,
    bornTimestamp: 1_799_999_999_000,
    flag: 0,
    properties: '',
    reconsumeTimes: 0,
    unitMode: false,
    batch: false,
    ...more,
  };
}

/** The same under the one-letter names of 310 and 320. */
export function sendFieldsV2(more: Fields = {}): Fields {
  return Object.fromEntries(Object.entries(sendFields(more)).map(([name, value]) => [V2_NAMES[name] ?? name, value]));
}

const V2_NAMES: Readonly<Record<string, string>> = {
  producerGroup: 'a',
  topic: 'b',
  defaultTopic: 'c',
  defaultTopicQueueNums: 'd',
  queueId: 'e',
  sysFlag: 'f',
  bornTimestamp: 'g',
  flag: 'h',
  properties: 'i',
  reconsumeTimes: 'j',
  unitMode: 'k',
  maxReconsumeTimes: 'l',
  batch: 'm',
};

/** Bits of PullSysFlag. */
export const COMMIT_OFFSET = 1;
export const SUSPEND = 2;
export const SUBSCRIPTION = 4;

/** extFields of a pull that brings its subscription along. */
export function pullFields(more: Fields = {}): Fields {
  return {
    consumerGroup: 'consumers',
    topic: 'T',
    queueId: 0,
    queueOffset: 0,
    maxMsgNums: 32,
    sysFlag: SUBSCRIPTION,
    commitOffset: 0,
    suspendTimeoutMillis: 15_000,
    subscription: '*',
    subVersion: 1,
    expressionType: 'TAG',
    ...more,
  };
}

/** extFields of 17. */
export function topicFields(more: Fields = {}): Fields {
  return {
    topic: 'T',
    defaultTopic: 'TBW102',
    readQueueNums: 4,
    writeQueueNums: 4,
    perm: 6,
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: 0,
    order: false,
    ...more,
  };
}

/** One group of a heartbeat. */
export interface TestConsumer {
  readonly group: string;
  readonly subscriptions?: readonly object[];
  readonly model?: string;
  readonly unitMode?: boolean;
}

/** Body of 34. */
export function heartbeat(
  clientID: string,
  consumers: readonly TestConsumer[] = [],
  producers: readonly string[] = [],
): string {
  return JSON.stringify({
    clientID,
    producerDataSet: producers.map((groupName) => ({ groupName })),
    consumerDataSet: consumers.map(({ group, subscriptions = [subscription('T')], model, unitMode = false }) => ({
      groupName: group,
      consumeType: 'CONSUME_PASSIVELY',
      messageModel: model ?? 'CLUSTERING',
      consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
      subscriptionDataSet: subscriptions,
      unitMode,
    })),
  });
}

/** One subscription of a heartbeat. */
export function subscription(topic: string, more: object = {}): object {
  return { topic, subString: '*', tagsSet: [], codeSet: [], subVersion: 1, classFilterMode: false, ...more };
}

/** Body of 41 and 42. */
export function lockBody(consumerGroup: string, clientId: string, ...queueIds: readonly number[]): string {
  const mqSet = queueIds.map((queueId) => ({ topic: 'T', brokerName: 'broker-a', queueId }));
  return JSON.stringify({ consumerGroup, clientId, mqSet });
}

/** extFields of 103, 104 and 322. */
export function brokerFields(more: Fields = {}): Fields {
  const identity = { brokerName: 'broker-a', brokerAddr: '10.0.0.1:10911', clusterName: 'C', brokerId: 0 };
  return { ...identity, haServerAddr: '10.0.0.1:10912', compressed: false, bodyCrc32: 0, ...more };
}

export interface TestRegistration {
  readonly topics?: Readonly<Record<string, object>>;
  readonly version?: number;
  readonly filterServers?: readonly string[];
}

/** Body of 103. */
export function registrationBody(registration: TestRegistration = {}, compressed = false): Buffer {
  const { topics = { T: {} }, version = 1, filterServers = [] } = registration;
  const table = Object.entries(topics).map(
    ([topicName, more]) =>
      [
        topicName,
        {
          topicName,
          readQueueNums: 4,
          writeQueueNums: 4,
          perm: 6,
          topicFilterType: 'SINGLE_TAG' as const,
          topicSysFlag: 0,
          order: false,
          ...more,
        },
      ] as const,
  );
  const topicConfigSerializeWrapper = {
    dataVersion: { counter: version, timestamp: 1 },
    topicConfigTable: new Map(table),
  };
  return encodeRegisterBrokerBody({ filterServerList: filterServers, topicConfigSerializeWrapper }, compressed);
}
