import { encodeBody } from '../../codec/bodies/schema.ts';
import { kvTable } from '../../codec/bodies/topic-config.ts';
import { VERSION_4_6_0 } from '../../codec/remoting-command.ts';
import type { HandlerResult, Request } from '../../remoting/handler.ts';
import { updateSettings } from '../../remoting/settings-update.ts';
import type { BrokerParts } from '../parts.ts';

/** 26: the settings in force as properties text. Java: AdminBrokerProcessor#getBrokerConfig. */
export function getBrokerConfig({
  configuration,
}: BrokerParts): (request: Request<'GET_BROKER_CONFIG'>) => HandlerResult<'GET_BROKER_CONFIG'> {
  return () => ({
    code: 'SUCCESS',
    header: { version: configuration.dataVersionJson },
    body: Buffer.from(configuration.text(), 'utf8'),
  });
}

/**
 * 25: changes settings. Only changed keys are written to the file; paths, class names and what decides whom clients are
 * sent to are refused (deviation 17 of COMPATIBILITY.md, CVE-2023-33246).
 * Java: AdminBrokerProcessor#updateBrokerConfig.
 */
export function updateBrokerConfig(
  parts: BrokerParts,
): (request: Request<'UPDATE_BROKER_CONFIG'>) => HandlerResult<'UPDATE_BROKER_CONFIG'> {
  return (request) => {
    const { changed, remark } = updateSettings(request, parts);
    if (changed.has('brokerPermission')) parts.topics.onPermissionChanged();
    return { code: 'SUCCESS', remark };
  };
}

/** 28: figures of the running broker, every value a text. Java: AdminBrokerProcessor#getBrokerRuntimeInfo. */
export function getBrokerRuntimeInfo(
  parts: BrokerParts,
): (request: Request<'GET_BROKER_RUNTIME_INFO'>) => HandlerResult<'GET_BROKER_RUNTIME_INFO'> {
  return () => {
    const { store, schedule } = parts;
    const figures = { ...store.runtimeInfo(), ...schedule.runtimeInfo(), ...brokerFigures(parts) };
    const table = new Map(Object.entries(figures));
    return { code: 'SUCCESS', body: encodeBody(kvTable, { table }) };
  };
}

/** What Java answers when transientStorePoolEnable is off: DefaultMessageStore#remainTransientStoreBufferNumbs. */
const NO_TRANSIENT_POOL = 2_147_483_647;

function capacityText({ totalBytes, freeBytes }: { totalBytes: number; freeBytes: number }): string {
  return `Total : ${readableBytes(totalBytes)}, Free : ${readableBytes(freeBytes)}.`;
}

/** `541 B`, `1.0 KiB`. Java: MixAll#humanReadableByteCount with si = false. */
function readableBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const exponent = Math.min(6, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** exponent).toFixed(1)} ${'KMGTPE'.charAt(exponent - 1)}iB`;
}

/** One loop has no queues in front of its work: sizes and waits are 0, capacities those that are set. */
function brokerFigures({ configs, stats, store, commitLogPartition }: BrokerParts): Record<string, string> {
  const { brokerConfig } = configs;
  const figures = {
    brokerVersionDesc: 'V4_6_0',
    brokerVersion: VERSION_4_6_0,
    msgPutTotalYesterdayMorning: stats.msgPutTotalYesterdayMorning,
    msgPutTotalTodayMorning: stats.msgPutTotalTodayMorning,
    msgPutTotalTodayNow: stats.msgPutTotalTodayNow,
    msgGetTotalYesterdayMorning: stats.msgGetTotalYesterdayMorning,
    msgGetTotalTodayMorning: stats.msgGetTotalTodayMorning,
    msgGetTotalTodayNow: stats.msgGetTotalTodayNow,
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
    dispatchBehindBytes: store.dispatchBehindBytes(),
    pageCacheLockTimeMills: 0,
    earliestMessageTimeStamp: store.getEarliestMessageTime(),
    remainTransientStoreBufferNumbs: NO_TRANSIENT_POOL,
    remainHowManyDataToFlush: readableBytes(store.remainHowManyDataToFlush()),
    commitLogDirCapacity: capacityText(commitLogPartition()),
  };
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, String(value)]));
}
