import type { HandlerResult, Request } from '../../remoting/handler.ts';
import type { BrokerParts } from '../parts.ts';

/**
 * 301: a filter server says where it is. Answered as Java does, and the address goes nowhere: no consumer is sent to
 * it, nothing is started (ADR 0044). Java: AdminBrokerProcessor#registerFilterServer.
 */
export function registerFilterServer(
  parts: BrokerParts,
): (request: Request<'REGISTER_FILTER_SERVER'>) => HandlerResult<'REGISTER_FILTER_SERVER'> {
  return () => {
    const { brokerName, brokerId } = parts.configs.brokerConfig;
    return { code: 'SUCCESS', header: { brokerName, brokerId } };
  };
}
