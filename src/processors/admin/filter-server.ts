import type { HandlerResult, Request } from '../../remoting/handler.ts';
import type { BrokerParts } from '../parts.ts';

/**
 * 301: a filter server says where it is, and that it is alive: after 30 s of silence its connection is closed. Whether
 * consumers hear of it is a matter of filterServerNums (ADR 0055). Java: AdminBrokerProcessor#registerFilterServer.
 */
export function registerFilterServer({
  configs,
  filterServers,
}: BrokerParts): (request: Request<'REGISTER_FILTER_SERVER'>) => HandlerResult<'REGISTER_FILTER_SERVER'> {
  return ({ connection, header }) => {
    filterServers.register(connection, header.filterServerAddr ?? '');
    const { brokerName, brokerId } = configs.brokerConfig;
    return { code: 'SUCCESS', header: { brokerName, brokerId } };
  };
}
