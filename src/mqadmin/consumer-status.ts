/** What consumers say about themselves. */
import { resolve } from 'node:path';
import { attempt } from '../client/answer.ts';
import { groupMembers, runningInfo } from '../client/groups.ts';
import { queueText } from '../client/queues.ts';
import type { ConsumerRunningInfo, ProcessQueueInfo } from '../codec/bodies/running-info.ts';
import { versionName } from '../codec/client-version.ts';
import { localTimeText } from '../codec/time-text.ts';
import { writeWhole } from '../util/write-whole.ts';
import type { Call, Output } from './command.ts';
import { digits, printf } from './text.ts';

const TABLE_FORMAT = '%-32s  %-32s  %-4s  %-20s';
const RATES_FORMAT = '%-32s  %14s %14s %14s %14s %18s %25s';
/** Members that have just started may still differ. Java: ConsumerRunningInfo#analyzeSubscription. */
const STARTED_MS = 120_000;
const BLOCKED_MS = 60_000;

/** Java: ConsumerStatusSubCommand. Files of all members are put below the directory where it was started. */
export async function consumerStatus(call: Call<'consumerStatus'>): Promise<Output> {
  const { admin, options } = call;
  const { consumerGroup, clientId, jstack } = options;
  const { connectionSet } = await groupMembers(admin, consumerGroup);
  if (clientId !== undefined) {
    const info = await runningInfo(admin, { consumerGroup, clientId, jstackEnable: jstack });
    return { lines: infoText(info).split('\n'), json: info };
  }
  const dir = String(call.clock.now());
  const infos = new Map<string, ConsumerRunningInfo>();
  const lines: string[] = [];
  const failures: string[] = [];
  for (const { clientId: id = '', version } of connectionSet) {
    const asked = runningInfo(admin, { consumerGroup, clientId: id, jstackEnable: jstack });
    const { value: info, failure } = await attempt(asked);
    if (failure !== undefined) {
      failures.push(`${id}: ${failure}`);
      continue;
    }
    infos.set(id, info);
    const path = `${dir}/${fileName(id)}`;
    writeWhole(call.fs, resolve(path), Buffer.from(infoText(info), 'utf8'));
    lines.push(printf('%s  %-40s %-20s %s', digits(infos.size, 3), id, versionName(version), path));
  }
  lines.push(...verdict(infos, call.clock.now()));
  return { lines, json: Object.fromEntries(infos), failures };
}

/** A client chooses its id; nothing of it may leave the directory. */
function fileName(clientId: string): string {
  return clientId.replaceAll(/[^0-9A-Za-z@.:%#_-]/g, '_').replaceAll('..', '__') || '_';
}

function verdict(infos: ReadonlyMap<string, ConsumerRunningInfo>, nowMs: number): string[] {
  if (infos.size === 0) return [];
  if (!isSameSubscription(infos, nowMs)) {
    return ['', '', 'WARN: Different subscription in the same group of consumer!!!'];
  }
  const troubles = [...infos].flatMap(([clientId, info]) => queueTroubles(clientId, info, nowMs));
  return ['', '', 'Same subscription in the same group of consumer', '', 'Rebalance OK', ...troubles];
}

function isPush({ properties }: ConsumerRunningInfo): boolean {
  return properties.get('PROP_CONSUME_TYPE') === 'CONSUME_PASSIVELY';
}

/** Java: ConsumerRunningInfo#analyzeSubscription. */
function isSameSubscription(infos: ReadonlyMap<string, ConsumerRunningInfo>, nowMs: number): boolean {
  const texts = [...infos.values()]
    .filter((info) => {
      const startMs = Number(info.properties.get('PROP_CONSUMER_START_TIMESTAMP') ?? nowMs);
      return isPush(info) && nowMs - startMs > STARTED_MS;
    })
    .map(({ subscriptionSet }) => {
      const rows = subscriptionSet.map(({ topic, subString }) => `${topic} ${subString}`);
      return rows.sort().join('\n');
    });
  return new Set(texts).size <= 1;
}

/** Java: ConsumerRunningInfo#analyzeProcessQueue. */
function queueTroubles(clientId: string, info: ConsumerRunningInfo, nowMs: number): string[] {
  if (!isPush(info)) return [];
  const isOrderly = info.properties.get('PROP_CONSUMEORDERLY') === 'true';
  return [...info.mqTable].flatMap(([queue, held]) => {
    const who = `${clientId} ${queueText(queue)}`;
    if (isOrderly && !held.locked) return [`${who} can't lock for a while, ${nowMs - held.lastLockTimestamp}ms`];
    if (isOrderly && held.droped && held.tryUnlockTimes > 0) {
      return [`${who} unlock ${held.tryUnlockTimes} times, still failed`];
    }
    const idleMs = nowMs - held.lastConsumeTimestamp;
    if (isOrderly || idleMs <= BLOCKED_MS || held.cachedMsgCount === 0) return [];
    return [`${who} can't consume for a while, maybe blocked, ${idleMs}ms`];
  });
}

/** Java: ConsumerRunningInfo#formatString. */
function infoText(info: ConsumerRunningInfo): string {
  const tableHead = (last: string): string => printf(TABLE_FORMAT, '#Topic', '#Broker Name', '#QID', last);
  const queueRows = (text: (held: ProcessQueueInfo) => string | number): string[] =>
    [...info.mqTable].map(([{ topic = '', brokerName = '', queueId }, held]) => {
      return printf(TABLE_FORMAT, topic, brokerName, queueId, text(held));
    });
  const rates = ['#Pull RT', '#Pull TPS', '#Consume RT', '#ConsumeOK TPS', '#ConsumeFailed TPS'];
  const lines = [
    '#Consumer Properties#',
    ...[...info.properties].map(([name, value]) => printf('%-40s: %s', name, value)),
    ...['', '', '#Consumer Subscription#'],
    ...info.subscriptionSet.map(({ topic, classFilterMode, subString }, index) => {
      const format = '%s Topic: %-40s ClassFilter: %-8s SubExpression: %s';
      return printf(format, digits(index + 1, 3), String(topic), classFilterMode, String(subString));
    }),
    ...['', '', '#Consumer Offset#', tableHead('#Consumer Offset')],
    ...queueRows(({ commitOffset }) => commitOffset),
    ...['', '', '#Consumer MQ Detail#', tableHead('#ProcessQueueInfo')],
    ...queueRows(heldText),
    ...['', '', '#Consumer RT&TPS#', printf(RATES_FORMAT, '#Topic', ...rates, '#ConsumeFailedMsgsInHour')],
    ...[...info.statusTable].map(([topic, status]) => {
      const { pullRT, pullTPS, consumeRT, consumeOKTPS, consumeFailedTPS, consumeFailedMsgs } = status;
      const shown = [pullRT, pullTPS, consumeRT, consumeOKTPS, consumeFailedTPS].map((rate) => rate.toFixed(2));
      return printf(RATES_FORMAT, topic, ...shown, consumeFailedMsgs);
    }),
  ];
  if (info.jstack !== undefined) lines.push('', '', '#Consumer jstack#', info.jstack);
  return lines.join('\n');
}

/** Java: ProcessQueueInfo#toString. */
function heldText(held: ProcessQueueInfo): string {
  const fields = {
    commitOffset: held.commitOffset,
    cachedMsgMinOffset: held.cachedMsgMinOffset,
    cachedMsgMaxOffset: held.cachedMsgMaxOffset,
    cachedMsgCount: held.cachedMsgCount,
    cachedMsgSizeInMiB: held.cachedMsgSizeInMiB,
    transactionMsgMinOffset: held.transactionMsgMinOffset,
    transactionMsgMaxOffset: held.transactionMsgMaxOffset,
    transactionMsgCount: held.transactionMsgCount,
    locked: held.locked,
    tryUnlockTimes: held.tryUnlockTimes,
    lastLockTimestamp: timeDigits(held.lastLockTimestamp),
    droped: held.droped,
    lastPullTimestamp: timeDigits(held.lastPullTimestamp),
    lastConsumeTimestamp: timeDigits(held.lastConsumeTimestamp),
  };
  const shown = Object.entries(fields).map(([name, value]) => `${name}=${value}`);
  return `ProcessQueueInfo [${shown.join(', ')}]`;
}

/** Local `yyyyMMddHHmmssSSS`. Java: UtilAll#timeMillisToHumanString. */
function timeDigits(timeMs: number): string {
  return localTimeText(timeMs).replaceAll(/\D/g, '');
}
