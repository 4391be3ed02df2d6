import { RequestError } from '../codec/response-codes.ts';

/** Client versions from this on name the most reconsumptions themselves. Java: MQVersion V3_4_9. */
const VERSION_WITH_MAX_RECONSUME_TIMES = 121;

/**
 * After how many consumptions a message goes to the dead letter queue: `named` by the client if it is new enough, else
 * the group's. @throws RequestError when a new client does not name it. Java: #handleRetryAndDLQ, #consumerSendMsgBack.
 */
export function mostReconsumptions(version: number, named: number | undefined, ofGroup: number): number {
  if (version < VERSION_WITH_MAX_RECONSUME_TIMES) return ofGroup;
  if (named === undefined) throw new RequestError('SYSTEM_ERROR', 'field maxReconsumeTimes missing');
  return named;
}
