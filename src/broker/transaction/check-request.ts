import { encodeRecord, type MessageExt, RecordDraft, recordSizeBytes } from '../../codec/message.ts';
import { MessageConst } from '../../codec/message-const.ts';
import { encodeOffsetMsgId } from '../../codec/message-id.ts';
import { serialiseProperties } from '../../codec/message-properties.ts';
import type { PutTicket } from '../../store/results.ts';
import type { ProducerManager } from '../producer-manager.ts';
import { realPlace } from './half-message.ts';

/**
 * Asks a connected producer of the group how a transaction ended; it answers with END_TRANSACTION for the copy that
 * `ticket` tells of. Java: AbstractTransactionalMessageCheckListener#sendCheckMessage.
 * @returns false when nobody could be asked; the next round asks again.
 */
export function askProducer(
  producers: ProducerManager,
  half: MessageExt,
  checkTimes: number,
  ticket: PutTicket,
): boolean {
  const { properties } = half;
  const group = properties.get(MessageConst.PROPERTY_PRODUCER_GROUP);
  const place = realPlace(half);
  const connection = group === undefined ? undefined : producers.available(group);
  if (connection === undefined || place === undefined) return false;
  const uniqueKey = properties.get(MessageConst.PROPERTY_UNIQ_CLIENT_MESSAGE_ID_KEYIDX);
  const header = {
    tranStateTableOffset: ticket.queueOffset,
    commitLogOffset: ticket.phyOffset,
    msgId: uniqueKey,
    transactionId: uniqueKey,
    offsetMsgId: encodeOffsetMsgId(half.storeHost, ticket.phyOffset),
  };
  return connection.oneway('CHECK_TRANSACTION_STATE', header, checkedRecord(half, place, checkTimes, ticket));
}

/** The half message as the producer sent it, under its own topic. Java: MessageDecoder#encode. */
function checkedRecord(
  half: MessageExt,
  place: { readonly topic: string; readonly queueId: number },
  checkTimes: number,
  ticket: PutTicket,
): Buffer {
  const properties = new Map(half.properties);
  properties.set(MessageConst.PROPERTY_TRANSACTION_CHECK_TIMES, String(checkTimes));
  const draft = new RecordDraft();
  draft.queueId = place.queueId;
  draft.flag = half.flag;
  draft.queueOffset = ticket.queueOffset;
  draft.phyOffset = ticket.phyOffset;
  draft.sysFlag = half.sysFlag;
  draft.bornTimestamp = half.bornTimestamp;
  draft.bornHost = half.bornHost;
  draft.storeTimestamp = half.storeTimestamp;
  draft.storeHost = half.storeHost;
  draft.reconsumeTimes = half.reconsumeTimes;
  draft.preparedTransactionOffset = half.preparedTransactionOffset;
  draft.body = half.body;
  draft.bodyEnd = half.body.length;
  draft.topic = Buffer.from(place.topic, 'utf8');
  draft.topicEnd = draft.topic.length;
  draft.properties = Buffer.from(serialiseProperties(properties), 'utf8');
  draft.propertiesEnd = draft.properties.length;
  const { bornHost, storeHost, bodyEnd, topicEnd, propertiesEnd } = draft;
  const record = Buffer.alloc(recordSizeBytes(bornHost.length, storeHost.length, bodyEnd, topicEnd, propertiesEnd));
  encodeRecord(record, 0, draft);
  return record;
}
