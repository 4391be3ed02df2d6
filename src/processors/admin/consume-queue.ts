import Long from 'long';
import { consumerFilterText } from '../../broker/consumer-filter-file.ts';
import { type ConsumerFilter, isTagType } from '../../broker/consumer-filter-manager.ts';
import type { Subscription } from '../../broker/consumer-manager.ts';
import { sqlFilter } from '../../broker/filter/sql-message-filter.ts';
import { SUB_ALL, tagFilter } from '../../broker/filter/tag-filter.ts';
import { type ConsumeQueueData, queryConsumeQueueResponseBody } from '../../codec/bodies/consume-queue.ts';
import { encodeBody } from '../../codec/bodies/schema.ts';
import { RequestError } from '../../codec/response-codes.ts';
import type { HandlerResult, Request } from '../../remoting/handler.ts';
import type { CqExtUnit } from '../../store/consume-queue-ext-unit.ts';
import type { QueueEntry } from '../../store/queue-entries.ts';
import type { BrokerParts } from '../parts.ts';
import { NO_REMARK_SET } from './reset-offset.ts';

/**
 * 321: entries of a consume queue from an index on. Java writes the body before it fills it, so that it is always
 * empty; its remark on success is kept. Java: AdminBrokerProcessor#queryConsumeQueue, ADR 0043.
 */
export function queryConsumeQueue(
  parts: BrokerParts,
): (request: Request<'QUERY_CONSUME_QUEUE'>) => HandlerResult<'QUERY_CONSUME_QUEUE'> {
  return (request) => {
    const { topic = 'null', queueId, index, count, consumerGroup } = request.header;
    const found = parts.store.queueEntries(topic, queueId, index, count);
    if (found === undefined) throw new RequestError('SYSTEM_ERROR', `${queueId}@${topic} is not exist!`);
    const { minOffset: minQueueIndex, maxOffset: maxQueueIndex, entries } = found;
    const subscriptionData =
      consumerGroup === undefined ? undefined : parts.consumers.group(consumerGroup)?.subscriptions.get(topic);
    const filter = consumerGroup === undefined ? undefined : parts.filters.get(topic, consumerGroup);
    const body = encodeBody(queryConsumeQueueResponseBody, {
      minQueueIndex,
      maxQueueIndex,
      subscriptionData,
      filterData: filterData(consumerGroup, topic, subscriptionData, filter),
      queueData: entries?.map((entry) => described(entry, subscriptionData, filter)),
    });
    const missing = `Index ${index} of ${queueId}@${topic} is not exist!`;
    return { code: 'SUCCESS', remark: entries === undefined ? missing : NO_REMARK_SET, body };
  };
}

/** Without a group nothing; a group that filters by tags has no filter of its own, which Java writes as null. */
function filterData(
  group: string | undefined,
  topic: string,
  subscription: Subscription | undefined,
  filter: ConsumerFilter | undefined,
): string | undefined {
  if (group === undefined) return undefined;
  if (subscription === undefined) return `${group}@${topic} is not online!`;
  return filter === undefined ? 'null' : consumerFilterText(filter);
}

/** Only an entry that leads to the extension is described further, as in Java. */
function described(
  entry: QueueEntry,
  subscription: Subscription | undefined,
  filter: ConsumerFilter | undefined,
): ConsumeQueueData {
  const { phyOffset, sizeBytes, tagsCodeHigh, tagsCodeLow, unit } = entry;
  const tagsCode = Long.fromBits(tagsCodeLow, tagsCodeHigh);
  const plain = { physicOffset: phyOffset, physicSize: sizeBytes, tagsCode, eval: false };
  if (unit === undefined) return plain;
  if (unit === 'missing') return { ...plain, msg: `Cq extend not exist!addr: ${tagsCode}` };
  const { bitMap } = unit;
  const unitTags = Long.fromBits(unit.tagsCodeLow, unit.tagsCodeHigh);
  const map = bitMap.length === 0 ? '' : `"filterBitMap":"${Buffer.from(bitMap).toString('base64')}",`;
  const extendDataJson = `{${map}"msgStoreTime":${unit.msgStoreTime},"size":${unit.size},"tagsCode":${unitTags}}`;
  return {
    ...plain,
    extendDataJson,
    bitMap: bitMap.length === 0 ? undefined : bitsText(bitMap),
    eval: subscription !== undefined && isMatched(subscription, filter, unit),
  };
}

function isMatched(subscription: Subscription, filter: ConsumerFilter | undefined, unit: CqExtUnit): boolean {
  const { classFilterMode, expressionType, subString, codeSet } = subscription;
  const { tagsCodeHigh: high, tagsCodeLow: low } = unit;
  if (classFilterMode) return true;
  if (isTagType(expressionType)) return subString === SUB_ALL || tagFilter(codeSet).isMatchedByConsumeQueue(high, low);
  const bySql = filter === undefined ? undefined : sqlFilter(filter);
  return bySql === undefined || bySql.isMatchedByConsumeQueue(high, low, unit);
}

/** Bits of a bit map, the last byte first, a line per eight bytes. Java: BitsArray#toString. */
function bitsText(bitMap: Uint8Array): string {
  let text = '';
  for (let at = bitMap.length - 1; at >= 0; at--) {
    text += (bitMap[at] as number).toString(2).padStart(8, '0');
    if (at % 8 === 0) text += '\n';
  }
  return text;
}
