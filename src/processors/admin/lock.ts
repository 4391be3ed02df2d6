import { lockBatchRequestBody, lockBatchResponseBody } from '../../codec/bodies/message-queue.ts';
import { decodeBody, encodeBody } from '../../codec/bodies/schema.ts';
import { DecodeError } from '../../codec/fast-json.ts';
import { RequestError } from '../../codec/response-codes.ts';
import type { HandlerResult, Request } from '../../remoting/handler.ts';
import { checkedGroupName, checkedTopicName } from '../checked-names.ts';
import type { BrokerParts } from '../parts.ts';

function lockBody(body: Buffer | undefined) {
  const decoded = decodeBody(lockBatchRequestBody, body ?? '');
  if (decoded instanceof DecodeError) throw new RequestError('SYSTEM_ERROR', decoded.message);
  return { group: decoded.consumerGroup ?? '', clientId: decoded.clientId ?? '', queues: decoded.mqSet };
}

/** 41: locks queues for ordered consumption. Java: AdminBrokerProcessor#lockBatchMQ. */
export function lockBatchMq(parts: BrokerParts): (request: Request<'LOCK_BATCH_MQ'>) => HandlerResult<'LOCK_BATCH_MQ'> {
  return (request) => {
    const { group, clientId, queues } = lockBody(request.body);
    checkedGroupName(parts, group);
    for (const { topic } of queues) checkedTopicName(parts, topic ?? '');
    const lockOKMQSet = parts.locks.lock(group, clientId, queues);
    return { code: 'SUCCESS', body: encodeBody(lockBatchResponseBody, { lockOKMQSet }) };
  };
}

/** 42: gives queues back. Java: AdminBrokerProcessor#unlockBatchMQ. */
export function unlockBatchMq(
  parts: BrokerParts,
): (request: Request<'UNLOCK_BATCH_MQ'>) => HandlerResult<'UNLOCK_BATCH_MQ'> {
  return (request) => {
    const { group, clientId, queues } = lockBody(request.body);
    parts.locks.unlock(group, clientId, queues);
    return { code: 'SUCCESS' };
  };
}
