import type { BrokerConfigs } from '../config/configs.ts';
import { connectionLimits } from '../remoting/connection-limits.ts';

/** What the settings say about connections that the broker makes. */
export function clientOptions({ nettyClientConfig }: BrokerConfigs) {
  return {
    connectTimeoutMs: nettyClientConfig.connectTimeoutMillis,
    idleMs: nettyClientConfig.clientChannelMaxIdleTimeSeconds * 1000,
    closeOnTimeout: nettyClientConfig.clientCloseSocketIfTimeout,
    limits: { ...connectionLimits, mostPendingRequests: Math.max(1, nettyClientConfig.clientAsyncSemaphoreValue) },
  };
}

/** Java: DefaultMessageStore#isOSPageCacheBusy, with its upper bound. */
const LONGEST_STALL_MS = 10_000_000;

/** Why no more sends are taken while the write of those before them does not end. */
export function writeStall(waitMs: number, limitMs: number): string | undefined {
  if (waitMs <= limitMs || waitMs >= LONGEST_STALL_MS) return undefined;
  return `the messages before it have waited ${Math.floor(waitMs)} ms for their write to the CommitLog`;
}
