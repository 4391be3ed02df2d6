import { encodeBody } from '../../codec/bodies/schema.ts';
import { kvTable } from '../../codec/bodies/topic-config.ts';
import { VERSION_4_6_0 } from '../../codec/remoting-command.ts';
import { brokerSections } from '../../config/configs.ts';
import { configText } from '../../config/print.ts';
import type { HandlerResult, Request } from '../../remoting/handler.ts';
import type { BrokerParts } from '../parts.ts';

/** 26: the settings in force as properties text. Java: AdminBrokerProcessor#getBrokerConfig. */
export function getBrokerConfig(
  parts: BrokerParts,
): (request: Request<'GET_BROKER_CONFIG'>) => HandlerResult<'GET_BROKER_CONFIG'> {
  return () => {
    const tables = brokerSections.map(({ name, table }) => ({ table, config: parts.configs[name] }));
    return {
      code: 'SUCCESS',
      header: { version: `{"counter":0,"timestamp":${parts.startedAtMs}}` },
      body: Buffer.from(configText(tables, parts.fileProperties), 'utf8'),
    };
  };
}

/** 28: figures of the running broker, every value a text. Java: AdminBrokerProcessor#getBrokerRuntimeInfo. */
export function getBrokerRuntimeInfo(
  parts: BrokerParts,
): (request: Request<'GET_BROKER_RUNTIME_INFO'>) => HandlerResult<'GET_BROKER_RUNTIME_INFO'> {
  return () => {
    const figures: Record<string, string> = { ...parts.store.runtimeInfo(), ...brokerFigures(parts) };
    const table = new Map(Object.entries(figures));
    return { code: 'SUCCESS', body: encodeBody(kvTable, { table }) };
  };
}

/** One loop has no queues in front of its work: sizes and waits are 0, capacities those that are set. */
function brokerFigures({ configs, stats }: BrokerParts): Record<string, string> {
  const { brokerConfig } = configs;
  const figures = {
    brokerVersionDesc: 'V4_6_0',
    brokerVersion: VERSION_4_6_0,
    msgPutTotalYesterdayMorning: stats.msgPutTotalYesterdayMorning,
    msgPutTotalTodayMorning: stats.msgPutTotalTodayMorning,
    msgPutTotalTodayNow: stats.putNums,
    msgGetTotalYesterdayMorning: stats.msgGetTotalYesterdayMorning,
    msgGetTotalTodayMorning: stats.msgGetTotalTodayMorning,
    msgGetTotalTodayNow: stats.getNums,
    sendThreadPoolQueueSize: 0,
    sendThreadPoolQueueCapacity: brokerConfig.sendThreadPoolQueueCapacity,
    sendThreadPoolQueueHeadWaitTimeMills: 0,
    pullThreadPoolQueueSize: 0,
    pullThreadPoolQueueCapacity: brokerConfig.pullThreadPoolQueueCapacity,
    pullThreadPoolQueueHeadWaitTimeMills: 0,
    queryThreadPoolQueueSize: 0,
    queryThreadPoolQueueCapacity: brokerConfig.queryThreadPoolQueueCapacity,
    queryThreadPoolQueueHeadWaitTimeMills: 0,
    EndTransactionQueueSize: 0,
    EndTransactionThreadPoolQueueCapacity: brokerConfig.endTransactionPoolQueueCapacity,
    startAcceptSendRequestTimeStamp: brokerConfig.startAcceptSendRequestTimeStamp,
  };
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, String(value)]));
}
