import Long from 'long';
import type { Subscription } from '../../broker/consumer-manager.ts';
import { SUB_ALL, tagFilter } from '../../broker/filter/tag-filter.ts';
import { type ConsumeQueueData, queryConsumeQueueResponseBody } from '../../codec/bodies/consume-queue.ts';
import { encodeBody } from '../../codec/bodies/schema.ts';
import { RequestError } from '../../codec/response-codes.ts';
import type { HandlerResult, Request } from '../../remoting/handler.ts';
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
    const body = encodeBody(queryConsumeQueueResponseBody, {
      minQueueIndex,
      maxQueueIndex,
      subscriptionData,
      filterData: filterData(consumerGroup, topic, subscriptionData),
      queueData: entries?.map((entry) => described(entry, subscriptionData)),
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
): string | undefined {
  if (group === undefined) return undefined;
  return subscription === undefined ? `${group}@${topic} is not online!` : 'null';
}

/** Only an entry that leads to the extension is described further, as in Java. */
function described(entry: QueueEntry, subscription: Subscription | undefined): ConsumeQueueData {
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
    eval: subscription !== undefined && isMatched(subscription, unit.tagsCodeHigh, unit.tagsCodeLow),
  };
}

function isMatched(subscription: Subscription, high: number, low: number): boolean {
  const { classFilterMode, expressionType, subString, codeSet } = subscription;
  if (classFilterMode || expressionType !== 'TAG' || subString === SUB_ALL) return true;
  return tagFilter(codeSet).isMatchedByConsumeQueue(high, low);
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
