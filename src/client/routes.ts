/** What a route says about where requests go. */
import { type BrokerData, MASTER_ID, type TopicRouteData } from '../codec/bodies/route.ts';
import { isReadable, isWriteable } from '../codec/sys-flags.ts';
import { compareTexts } from '../util/compare-texts.ts';
import { inJavaHashOrder, javaStringHash } from '../util/java-hash.ts';

/** A queue and where its broker listens. */
export interface PlacedQueue {
  readonly topic: string;
  readonly brokerName: string;
  readonly queueId: number;
  readonly address: string;
}

/**
 * The master of a broker, or else the slave with the smallest id; undefined for one without addresses. Java takes any
 * slave: BrokerData#selectBrokerAddr.
 */
export function addressOf({ brokerAddrs }: BrokerData): string | undefined {
  return brokerAddrs.get(MASTER_ID) ?? [...brokerAddrs].sort(([a], [b]) => a - b)[0]?.[1];
}

/** {@link addressOf} of the broker with this name; undefined for a name that the route does not have. */
export function addressIn(route: TopicRouteData, brokerName: string): string | undefined {
  const broker = route.brokerDatas.find((data) => data.brokerName === brokerName);
  return broker === undefined ? undefined : addressOf(broker);
}

/** {@link addressOf} of each broker, in the order of the route. */
export function brokersOf({ brokerDatas }: TopicRouteData): string[] {
  return brokerDatas.map(addressOf).filter((address) => address !== undefined);
}

/**
 * Queues that may be read, in the order in which Java's client goes through them.
 * Java: MQClientInstance#topicRouteData2TopicSubscribeInfo.
 */
export function readQueues(route: TopicRouteData, topic: string): PlacedQueue[] {
  const found = route.queueDatas.flatMap(({ brokerName = '', perm, readQueueNums }) => {
    return isReadable(perm)
      ? placedQueues({ topic, brokerName, address: addressIn(route, brokerName) }, readQueueNums)
      : [];
  });
  return inJavaHashOrder(found, queueHash);
}

/**
 * Queues that may be written, by broker: those that have a master.
 * Java: MQClientInstance#topicRouteData2TopicPublishInfo.
 */
export function writeQueues(route: TopicRouteData, topic: string): PlacedQueue[] {
  const byName = [...route.queueDatas].sort((a, b) => compareTexts(a.brokerName, b.brokerName));
  return byName.flatMap(({ brokerName = '', perm, writeQueueNums }) => {
    const broker = route.brokerDatas.find((data) => data.brokerName === brokerName);
    const address = broker?.brokerAddrs.get(MASTER_ID);
    return isWriteable(perm) ? placedQueues({ topic, brokerName, address }, writeQueueNums) : [];
  });
}

function placedQueues(
  { topic, brokerName, address }: Omit<PlacedQueue, 'queueId' | 'address'> & { readonly address: string | undefined },
  count: number,
): PlacedQueue[] {
  if (address === undefined) return [];
  return Array.from({ length: count }, (_, queueId) => ({ topic, brokerName, queueId, address }));
}

/** Java: MessageQueue#hashCode. */
function queueHash({ topic, brokerName, queueId }: PlacedQueue): number {
  let hash = (31 + javaStringHash(brokerName)) | 0;
  hash = (Math.imul(31, hash) + queueId) | 0;
  return (Math.imul(31, hash) + javaStringHash(topic)) | 0;
}
