import type { ClientChannelInfo } from '../../broker/consumer-manager.ts';
import { consumerStatusBody, type OffsetsByQueue } from '../../codec/bodies/offsets.ts';
import { decodeBody, encodeBody } from '../../codec/bodies/schema.ts';
import { oldVersionName, VERSION_3_1_8_SNAPSHOT } from '../../codec/client-version.ts';
import { commands } from '../../codec/commands.ts';
import { DecodeError } from '../../codec/fast-json.ts';
import { decodeOffsetMsgId } from '../../codec/message-id.ts';
import { RequestError } from '../../codec/response-codes.ts';
import type { Connection } from '../../remoting/connection.ts';
import { type LateResult, type NoReply, noReply, type Request } from '../../remoting/handler.ts';
import { RemotingError } from '../../remoting/reply.ts';
import type { BrokerParts } from '../parts.ts';
import { checkVersions, NO_REMARK_SET } from './reset-offset.ts';

/** How long a member of a group may take to answer 307 and 309. Java: Broker2Client#callClient. */
const CALL_MS = 10_000;
/** How long it may take to answer 221. Java: Broker2Client#getConsumeStatus. */
const STATUS_MS = 5_000;
/** Members that are asked for their offsets at the same time. Java asks one after the other. */
const ASKED_AT_ONCE = 64;
/** Members that are asked in all: who does not answer holds 63 others up for five seconds at most. */
const MOST_ASKED = 4_096;

/** 307: what a member of a group says about itself. Java: AdminBrokerProcessor#getConsumerRunningInfo. */
export function getConsumerRunningInfo(
  parts: BrokerParts,
): (request: Request<'GET_CONSUMER_RUNNING_INFO'>) => Promise<LateResult<'GET_CONSUMER_RUNNING_INFO'>> {
  return (request) => {
    const { consumerGroup, clientId } = request.header;
    const asked = { code: commands.GET_CONSUMER_RUNNING_INFO.code, extFields: request.extFields(), body: undefined };
    return callConsumer(parts, request, consumerGroup, clientId, asked);
  };
}

/** 309: has a member of a group consume one stored message now. Java: AdminBrokerProcessor#consumeMessageDirectly. */
export function consumeMessageDirectly(
  parts: BrokerParts,
): (request: Request<'CONSUME_MESSAGE_DIRECTLY'>) => Promise<LateResult<'CONSUME_MESSAGE_DIRECTLY'>> {
  return async (request) => {
    const { consumerGroup, clientId, msgId = '' } = request.header;
    const caller = { connection: request.connection, opaque: request.opaque, oneway: request.oneway };
    const extFields = request.extFields().set('brokerName', parts.configs.brokerConfig.brokerName);
    const place = decodeOffsetMsgId(msgId);
    if (place === undefined) throw new RequestError('SYSTEM_ERROR', `${msgId} is not the offset id of a message`);
    const record = await parts.store.selectOneMessageByOffset(place.phyOffset);
    if (record === undefined || record === 'damaged') {
      const damaged = record === undefined ? '' : ': the record there is damaged';
      throw new RequestError('SYSTEM_ERROR', `can not find message by the msgId, ${msgId}${damaged}`);
    }
    const asked = { code: commands.CONSUME_MESSAGE_DIRECTLY.code, extFields, body: record };
    return callConsumer(parts, caller, consumerGroup, clientId, asked);
  };
}

interface Caller {
  readonly connection: Connection;
  readonly opaque: number;
  readonly oneway: boolean;
}

interface Asked {
  readonly code: number;
  readonly extFields: ReadonlyMap<string, string>;
  readonly body: Buffer | undefined;
}

/**
 * Hands a request on to a member of a group and its answer back, unchanged. What waits is bounded by the connection of
 * the member and by the lane. Java: AdminBrokerProcessor#callConsumer.
 */
async function callConsumer(
  parts: BrokerParts,
  { connection, opaque, oneway }: Caller,
  group: string,
  clientId: string | undefined,
  { code, extFields, body }: Asked,
): Promise<NoReply> {
  const member = parts.consumers.findChannel(group, clientId);
  const named = `<${group}> <${clientId ?? 'null'}>`;
  if (member === undefined) throw new RequestError('SYSTEM_ERROR', `The Consumer ${named} not online`);
  if (member.version < VERSION_3_1_8_SNAPSHOT) {
    const version = `The Consumer <${clientId}> Version <${oldVersionName(member.version)}>`;
    throw new RequestError('SYSTEM_ERROR', `${version} too low to finish, please upgrade it to V3_1_8_SNAPSHOT`);
  }
  try {
    const answer = await member.connection.call(code, extFields, body, CALL_MS);
    if (!oneway) connection.relay(opaque, answer.hasExtFields ? answer : { ...answer, extFields: undefined });
    return noReply;
  } catch (error) {
    if (!(error instanceof RemotingError)) throw error;
    throw error.problem === 'timeout'
      ? new RequestError('CONSUME_MSG_TIMEOUT', `consumer ${named} Timeout: ${JAVA_TIMEOUT}: ${error.message}`)
      : new RequestError('SYSTEM_ERROR', `invoke consumer ${named} Exception: ${error.message}`);
  }
}

/** Java's text names the class, and tools show it. */
const JAVA_TIMEOUT = 'org.apache.rocketmq.remoting.exception.RemotingTimeoutException';

/**
 * 223: the offsets that the members of a group have in memory, or those of the one whose client id is `clientAddr`.
 * Who does not answer is left out. A member that is too old is an error when it is asked, or when nobody has that id
 * (ADR 0047). Java: Broker2Client#getConsumeStatus.
 */
export function getConsumerStatus(
  parts: BrokerParts,
): (
  request: Request<'INVOKE_BROKER_TO_GET_CONSUMER_STATUS'>,
) => Promise<LateResult<'INVOKE_BROKER_TO_GET_CONSUMER_STATUS'>> {
  return async (request) => {
    const { topic, group, clientAddr = '' } = request.header;
    const members = [...(parts.consumers.group(group)?.channels.values() ?? [])];
    if (members.length === 0) {
      throw new RequestError('SYSTEM_ERROR', `No Any Consumer online in the consumer group: [${group}]`);
    }
    const only = parts.consumers.findChannel(group, clientAddr);
    const asked = clientAddr.trim() === '' ? members.slice(0, MOST_ASKED) : only === undefined ? [] : [only];
    checkVersions(only === undefined ? members : [only]);
    const consumerTable = new Map<string, OffsetsByQueue>();
    for (let at = 0; at < asked.length; at += ASKED_AT_ONCE) {
      const some = asked.slice(at, at + ASKED_AT_ONCE);
      const offsets = await Promise.all(some.map((member) => statusOf(parts, member, topic, group)));
      for (const [index, { clientId }] of some.entries()) {
        const ofMember = offsets[index];
        if (ofMember !== undefined) consumerTable.set(clientId, ofMember);
      }
    }
    const body = encodeBody(consumerStatusBody, { consumerTable, messageQueueTable: new Map() });
    return { code: 'SUCCESS', remark: NO_REMARK_SET, body };
  };
}

async function statusOf(
  parts: BrokerParts,
  { connection, clientId }: ClientChannelInfo,
  topic: string,
  group: string,
): Promise<OffsetsByQueue | undefined> {
  try {
    const answer = await connection.request('GET_CONSUMER_STATUS_FROM_CLIENT', { topic, group }, undefined, STATUS_MS);
    if (answer.codeName !== 'SUCCESS' || answer.body === undefined) return undefined;
    const status = decodeBody(consumerStatusBody, answer.body);
    if (!(status instanceof DecodeError)) return status.messageQueueTable;
    parts.log.warn({ topic, group, clientId, problem: status.message }, 'a consumer told no offsets');
  } catch (error) {
    if (!(error instanceof RemotingError)) throw error;
    parts.log.warn({ topic, group, clientId, problem: error.message }, 'a consumer told no offsets');
  }
  return undefined;
}
