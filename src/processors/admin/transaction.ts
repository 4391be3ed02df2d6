import { RequestError } from '../../codec/response-codes.ts';
import { HALF_TOPIC } from '../../codec/system-topics.ts';
import type { LateResult, Request } from '../../remoting/handler.ts';
import type { BrokerParts } from '../parts.ts';
import { failedWrite } from '../send-reply.ts';

/** 323: lets a half message be checked again. Java: AdminBrokerProcessor#resumeCheckHalfMessage. */
export function resumeCheckHalfMessage(
  parts: BrokerParts,
): (request: Request<'RESUME_CHECK_HALF_MESSAGE'>) => Promise<LateResult<'RESUME_CHECK_HALF_MESSAGE'>> {
  return async (request) => {
    const msgId = request.header.msgId ?? '';
    const result = await parts.transactions.resume(msgId);
    if (result === undefined) {
      throw new RequestError('SYSTEM_ERROR', `Exception was thrown when putting message back to ${HALF_TOPIC}.`);
    }
    if (!result.accepted || result.failed) {
      const cause = result.accepted ? failedWrite(parts) : result.remark;
      throw new RequestError('SYSTEM_ERROR', `Put message back to ${HALF_TOPIC} failed. [${cause}]`);
    }
    parts.log.info({ msgId }, 'an administrator had a half message checked again');
    return { code: 'SUCCESS' };
  };
}
