import type { HandlerResult, Request } from '../../remoting/handler.ts';
import type { BrokerParts } from '../parts.ts';

/** 45: how far each delay level is delivered, for a slave. Java: AdminBrokerProcessor#getAllDelayOffset. */
export function getAllDelayOffset(
  parts: BrokerParts,
): (request: Request<'GET_ALL_DELAY_OFFSET'>) => HandlerResult<'GET_ALL_DELAY_OFFSET'> {
  return () => ({ code: 'SUCCESS', body: Buffer.from(parts.schedule.encode(), 'utf8') });
}
