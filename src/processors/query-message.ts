import { RequestError } from '../codec/response-codes.ts';
import type { HandlerResult, LateResult, Request } from '../remoting/handler.ts';
import type { BrokerParts } from './parts.ts';

/** Java: MixAll.UNIQUE_MSG_QUERY_FLAG. */
const UNIQUE_KEY_QUERY = '_UNIQUE_KEY_QUERY';

/** 12: messages by a key of theirs, by the hash only; the client compares the text. Java: QueryMessageProcessor. */
export function queryMessage(
  parts: BrokerParts,
): (request: Request<'QUERY_MESSAGE'>) => HandlerResult<'QUERY_MESSAGE'> | Promise<LateResult<'QUERY_MESSAGE'>> {
  return async (request) => {
    const { topic, key, maxNum, beginTimestamp, endTimestamp } = request.header;
    const byUniqueKey = request.ext(UNIQUE_KEY_QUERY) === 'true';
    const most = byUniqueKey ? parts.configs.messageStoreConfig.defaultQueryMaxNum : maxNum;
    const result = await parts.store.queryMessage(topic, key, most, beginTimestamp, endTimestamp);
    const header = {
      indexLastUpdateTimestamp: result.indexLastUpdateTimestamp,
      indexLastUpdatePhyoffset: result.indexLastUpdatePhyoffset,
    };
    if (result.buffers.length === 0) {
      return { code: 'QUERY_NOT_FOUND', remark: 'can not find message, maybe time range not correct', header };
    }
    return { code: 'SUCCESS', header, body: result.buffers };
  };
}

/** 33: one record by its physical offset. Java: QueryMessageProcessor#viewMessageById. */
export function viewMessageById(
  parts: BrokerParts,
): (
  request: Request<'VIEW_MESSAGE_BY_ID'>,
) => HandlerResult<'VIEW_MESSAGE_BY_ID'> | Promise<LateResult<'VIEW_MESSAGE_BY_ID'>> {
  return async (request) => {
    const { offset } = request.header;
    const record = await parts.store.selectOneMessageByOffset(offset);
    if (record === undefined) {
      throw new RequestError('SYSTEM_ERROR', `can not find message by the offset, ${offset}`);
    }
    if (record === 'damaged') {
      throw new RequestError(
        'SYSTEM_ERROR',
        `can not find message by the offset, ${offset}: the record there is damaged`,
      );
    }
    return { code: 'SUCCESS', body: record };
  };
}
