/** Which groups have consumed a message. */
import type { AdminClient } from '../client/admin-client.ts';
import { AnswerError, failureText } from '../client/answer.ts';
import { groupMembers, groupStats, groupsOfTopic } from '../client/groups.ts';
import type { ConsumerConnection } from '../codec/bodies/consumer-connection.ts';
import { MASTER_ID } from '../codec/bodies/route.ts';
import type { MessageExt } from '../codec/message.ts';
import { formatHost } from '../codec/message-id.ts';

/** Java: TrackType, whose CONSUME_BROADCASTING no broker leads to. */
type TrackType = 'CONSUMED' | 'CONSUMED_BUT_FILTERED' | 'PULL' | 'NOT_CONSUME_YET' | 'NOT_ONLINE' | 'UNKNOWN';

/** What a group has done with a message. Java: MessageTrack. */
export interface Track {
  readonly consumerGroup: string;
  readonly trackType: TrackType;
  readonly exceptionDesc?: string;
}

/** Java: MessageTrack#toString. */
export function trackText({ consumerGroup, trackType, exceptionDesc }: Track): string {
  const why = exceptionDesc ?? null;
  return `MessageTrack [consumerGroup=${consumerGroup}, trackType=${trackType}, exceptionDesc=${why}]`;
}

/** One row for each group of the topic. Java: DefaultMQAdminExtImpl#messageTrackDetail. */
export async function tracksOf(admin: AdminClient, message: MessageExt): Promise<Track[]> {
  const tracks: Track[] = [];
  for (const consumerGroup of await groupsOfTopic(admin, message.topic)) {
    try {
      tracks.push({ consumerGroup, trackType: await trackTypeOf(admin, consumerGroup, message) });
    } catch (error) {
      tracks.push({ consumerGroup, ...trouble(error) });
    }
  }
  return tracks;
}

async function trackTypeOf(admin: AdminClient, consumerGroup: string, message: MessageExt): Promise<TrackType> {
  const members = await groupMembers(admin, consumerGroup);
  if (members.consumeType === 'CONSUME_ACTIVELY') return 'PULL';
  if (!(await isConsumed(admin, consumerGroup, message))) return 'NOT_CONSUME_YET';
  return isFiltered(members, message) ? 'CONSUMED_BUT_FILTERED' : 'CONSUMED';
}

/** The group is behind it, in its queue on its broker. Java: DefaultMQAdminExtImpl#consumed. */
async function isConsumed(admin: AdminClient, consumerGroup: string, message: MessageExt): Promise<boolean> {
  const { offsetTable } = await groupStats(admin, consumerGroup);
  const { brokerAddrTable } = await admin.clusters();
  const storedAt = formatHost(message.storeHost);
  return [...offsetTable].some(([{ topic, queueId, brokerName = '' }, { consumerOffset }]) => {
    if (topic !== message.topic || queueId !== message.queueId || consumerOffset <= message.queueOffset) return false;
    return brokerAddrTable.get(brokerName)?.brokerAddrs.get(MASTER_ID) === storedAt;
  });
}

function isFiltered({ subscriptionTable }: ConsumerConnection, { topic, properties }: MessageExt): boolean {
  const tags = subscriptionTable.get(topic)?.tagsSet ?? [];
  return tags.length > 0 && !tags.includes('*') && !tags.includes(properties.get('TAGS') ?? '');
}

function trouble(error: unknown): Pick<Track, 'trackType' | 'exceptionDesc'> {
  if (error instanceof AnswerError) {
    const exceptionDesc = error.firstLine.replace(/^CODE: (\S+) {2}DESC: /, 'CODE:$1 DESC:');
    if (error.code === 'CONSUMER_NOT_ONLINE') return { trackType: 'NOT_ONLINE', exceptionDesc };
    return { trackType: 'UNKNOWN', exceptionDesc };
  }
  const text = failureText(error);
  if (text === undefined) throw error;
  return { trackType: 'UNKNOWN', exceptionDesc: text };
}
