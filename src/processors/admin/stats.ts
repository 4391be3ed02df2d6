import { brokerStatsData } from '../../codec/bodies/broker-stats-data.ts';
import { encodeBody } from '../../codec/bodies/schema.ts';
import { RequestError } from '../../codec/response-codes.ts';
import type { HandlerResult, Request } from '../../remoting/handler.ts';
import type { BrokerParts } from '../parts.ts';

/** 315: one statistics item, as minute, hour and day. Java: AdminBrokerProcessor#ViewBrokerStatsData. */
export function viewBrokerStatsData(
  parts: BrokerParts,
): (request: Request<'VIEW_BROKER_STATS_DATA'>) => HandlerResult<'VIEW_BROKER_STATS_DATA'> {
  return ({ header: { statsName, statsKey } }) => {
    const view = parts.statsManager.view(statsName, statsKey);
    if (view === undefined) throw new RequestError('SYSTEM_ERROR', `The stats <${statsName}> <${statsKey}> not exist`);
    return { code: 'SUCCESS', body: encodeBody(brokerStatsData, view) };
  };
}
