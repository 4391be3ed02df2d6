import { addressIn } from '../client/routes.ts';
import { type ConsumeQueueData, queryConsumeQueueResponseBody } from '../codec/bodies/consume-queue.ts';
import { subscriptionData } from '../codec/bodies/heartbeat.ts';
import { encodeBodyText } from '../codec/bodies/schema.ts';
import { type Call, CommandError, type Output } from './command.ts';

const RULE = '======================================';
const DEFAULT_COUNT = 10;

/** Entries of a consume queue. Java: QueryConsumeQueueCommand. */
export async function queryCq({ admin, options }: Call<'queryCq'>): Promise<Output> {
  const { topic, queue: queueId, index, count = DEFAULT_COUNT, consumer } = options;
  const address = options.broker ?? (await firstBroker(admin, topic));
  const header = { topic, queueId, index, count, consumerGroup: consumer };
  const found = await admin.mq.askBody(address, 'QUERY_CONSUME_QUEUE', header, queryConsumeQueueResponseBody);
  const lines: string[] = [];
  if (found.subscriptionData !== undefined) {
    const text = encodeBodyText(subscriptionData, found.subscriptionData, { pretty: true });
    const filter = found.filterData ?? null;
    lines.push('Subscription data: ', ...text.split('\n'), RULE, 'Filter data: ', String(filter), RULE);
  }
  lines.push('Queue data: ', `max: ${found.maxQueueIndex}, min: ${found.minQueueIndex}`, RULE);
  for (const [at, entry] of (found.queueData ?? []).entries()) lines.push(`idx: ${index + at}`, entryText(entry), RULE);
  const queueData = found.queueData?.map((entry) => ({ ...entry, tagsCode: entry.tagsCode.toString() }));
  return { lines, json: { ...found, queueData } };
}

async function firstBroker(admin: Call['admin'], topic: string): Promise<string> {
  const route = await admin.route(topic);
  const address = addressIn(route, route.brokerDatas[0]?.brokerName ?? '');
  if (address === undefined) throw new CommandError(`topic ${topic} is on no broker`);
  return address;
}

/** Java: ConsumeQueueData#toString. */
function entryText(entry: ConsumeQueueData): string {
  const { physicOffset, physicSize, tagsCode, extendDataJson = null, bitMap = null, msg = null } = entry;
  return (
    `ConsumeQueueData{physicOffset=${physicOffset}, physicSize=${physicSize}, tagsCode=${tagsCode}, ` +
    `extendDataJson='${extendDataJson}', bitMap='${bitMap}', eval=${entry.eval}, msg='${msg}'}`
  );
}
