import type { ClientChannelInfo } from '../../broker/consumer-manager.ts';
import { type OffsetsByQueue, resetOffsetBody, resetOffsetBodyForC } from '../../codec/bodies/offsets.ts';
import { encodeBody } from '../../codec/bodies/schema.ts';
import { oldVersionName, VERSION_3_0_7_SNAPSHOT } from '../../codec/client-version.ts';
import { RequestError } from '../../codec/response-codes.ts';
import type { LateResult, Request } from '../../remoting/handler.ts';
import type { BrokerParts } from '../parts.ts';
import { type OwnQueue, queuesOf } from './topic.ts';

/** The remark of a Java answer whose handler sets a code only. */
export const NO_REMARK_SET = 'not set any response code';

/**
 * 222: tells the connected members of a group to go on from other offsets of a topic (220, oneway). The table of this
 * broker stays as it is: the members commit what they took over. Java: Broker2Client#resetOffset.
 */
export function resetOffset(
  parts: BrokerParts,
): (request: Request<'INVOKE_BROKER_TO_RESET_OFFSET'>) => Promise<LateResult<'INVOKE_BROKER_TO_RESET_OFFSET'>> {
  return async (request) => {
    const isC = request.language === 'CPP';
    const { topic, group, timestamp, isForce } = request.header;
    const offsetTable = await wantedOffsets(parts, topic, group, timestamp, isForce);
    const members = [...(parts.consumers.group(group)?.channels.values() ?? [])];
    if (members.length === 0) {
      const asked = `Group: ${group} Topic: ${topic} Timestamp: ${timestamp}`;
      throw new RequestError('CONSUMER_NOT_ONLINE', `Consumer not online, so can not reset offset, ${asked}`);
    }
    checkVersions(members);
    const body = encodeBody(resetOffsetBody, { offsetTable });
    const told = isC ? bodyForC(offsetTable) : body;
    // Java's broker leaves isForce out of what it tells, too: the offsets say it all.
    const header = { topic, group, timestamp, isForce: false };
    for (const { connection, clientId } of members) {
      const reached = connection.oneway('RESET_CONSUMER_CLIENT_OFFSET', header, told);
      parts.log.info({ topic, group, clientId, timestamp, reached }, 'told a consumer to reset its offsets');
    }
    return { code: 'SUCCESS', remark: NO_REMARK_SET, body };
  };
}

/** @throws RequestError when a member is too old to be asked; then nobody is. */
export function checkVersions(members: readonly ClientChannelInfo[]): void {
  const old = members.find(({ version }) => version < VERSION_3_0_7_SNAPSHOT);
  if (old === undefined) return;
  const text = `the client does not support this feature. version=${oldVersionName(old.version)}`;
  throw new RequestError('SYSTEM_ERROR', text);
}

/** Where the group shall go on: never ahead of where it is, unless forced. */
function wantedOffsets(
  parts: BrokerParts,
  topic: string,
  group: string,
  timestamp: number,
  isForce: boolean,
): Promise<OffsetsByQueue> {
  return parts.looks.run(async (look) => {
    const config = parts.topics.select(topic)?.config;
    if (config === undefined) {
      const text = `[reset-offset] reset offset failed, no topic in this broker. topic=${topic}`;
      throw new RequestError('SYSTEM_ERROR', text);
    }
    const { store, offsets } = parts;
    const wanted = new Map<OwnQueue, number>();
    for (const queue of queuesOf(parts, topic, config.writeQueueNums)) {
      const { queueId } = queue;
      const stored = offsets.query(group, topic, queueId);
      // Sic, as Java spells it.
      if (stored === -1) throw new RequestError('SYSTEM_ERROR', `THe consumer group <${group}> not exist`);
      const atTime =
        timestamp === TO_THE_END
          ? store.getMaxOffsetInQueue(topic, queueId)
          : store.getOffsetInQueueByTime(topic, queueId, timestamp);
      wanted.set(queue, isForce ? Math.max(0, atTime) : Math.min(Math.max(0, atTime), stored));
      await look.took(1);
    }
    return wanted;
  });
}

/** A timestamp that means the end of the queue. */
const TO_THE_END = -1;

function bodyForC(offsets: OffsetsByQueue): Buffer {
  return encodeBody(resetOffsetBodyForC, {
    offsetTable: Array.from(offsets, ([queue, offset]) => ({ ...queue, offset })),
  });
}
