import { type Topic, topicSysFlagOf } from '../broker/topic-config-manager.ts';
import { commands } from '../codec/commands.ts';
import { decodeRecord, type MessageExt } from '../codec/message.ts';
import { MessageConst } from '../codec/message-const.ts';
import { serialiseProperties } from '../codec/message-properties.ts';
import type { OutputBuffer } from '../codec/output-buffer.ts';
import { FAQ, RequestError, responseCode } from '../codec/response-codes.ts';
import { writeResponse } from '../codec/response-template.ts';
import { isWriteable, PermName } from '../codec/sys-flags.ts';
import { DLQ_PREFIX, RETRY_PREFIX } from '../codec/system-topics.ts';
import type { LateResult, ParkedReply, Request, TicketOutcome } from '../remoting/handler.ts';
import { MessageDraft } from '../store/message-draft.ts';
import type { PutTicket } from '../store/results.ts';
import { checkedGroupName } from './checked-names.ts';
import type { BrokerParts } from './parts.ts';
import { mostReconsumptions } from './reconsumption.ts';
import { failedWrite } from './send-reply.ts';

const ROW = commands.CONSUMER_SEND_MSG_BACK;
/** Delay levels below this are left to those who ask for one. Java: SendMessageProcessor#consumerSendMsgBack. */
const FIRST_RETRY_LEVEL = 3;
/** Java: AbstractSendMessageProcessor.DLQ_NUMS_PER_GROUP. */
export const DLQ_QUEUE_NUMS = 1;

/** What of a request outlives its frame. */
interface SendBack {
  readonly offset: number;
  readonly group: string;
  readonly delayLevel: number;
  readonly unitMode: boolean;
  readonly maxReconsumeTimes: number | undefined;
  readonly version: number;
}

/** Where a message goes that was given back: topic, queue, and the delay it waits for; 0 for none of its own. */
interface Target {
  readonly topic: Topic;
  readonly queueId: number;
  readonly delayLevel: number;
}

/**
 * 36: a consumer gives a message back, to get it again later or never. Stored under the group's retry topic behind a
 * delay, or in its dead letter queue. Java: SendMessageProcessor#consumerSendMsgBack.
 */
export function consumerSendMsgBack(
  parts: BrokerParts,
): (
  request: Request<'CONSUMER_SEND_MSG_BACK'>,
) => LateResult<'CONSUMER_SEND_MSG_BACK'> | Promise<LateResult<'CONSUMER_SEND_MSG_BACK'>> {
  return (request) => {
    const { header, version } = request;
    const { offset, group, delayLevel, unitMode, maxReconsumeTimes } = header;
    const back: SendBack = { offset, group, delayLevel, unitMode, maxReconsumeTimes, version };
    checkedGroupName(parts, group);
    const config = parts.groups.find(group);
    if (config === undefined) {
      throw new RequestError('SUBSCRIPTION_GROUP_NOT_EXIST', `subscription group not exist, ${group} ${FAQ}`);
    }
    const { brokerPermission, brokerIP1 } = parts.configs.brokerConfig;
    if (!isWriteable(brokerPermission)) {
      throw new RequestError('NO_PERMISSION', `the broker[${brokerIP1}] sending message is forbidden`);
    }
    // The operator's way to switch retries off: the consumer believes that it is done.
    if (config.retryQueueNums <= 0) return { code: 'SUCCESS' };
    const retry = retryTopic(parts, back, config.retryQueueNums);
    return storeAgain(parts, back, retry, config);
  };
}

/** Steps 4 and 5: the retry topic exists and takes messages. */
function retryTopic(parts: BrokerParts, { group, unitMode }: SendBack, queueNums: number): Topic {
  const perm = PermName.PERM_READ | PermName.PERM_WRITE;
  const topic = groupTopic(parts, RETRY_PREFIX + group, queueNums, perm, topicSysFlagOf(unitMode, true));
  if (isWriteable(topic.config.perm)) return topic;
  throw new RequestError('NO_PERMISSION', `the topic[${RETRY_PREFIX}${group}] sending message is forbidden`);
}

function groupTopic(parts: BrokerParts, name: string, queueNums: number, perm: number, sysFlag: number): Topic {
  const topic = parts.topics.createForGroup(name, queueNums, perm, sysFlag);
  if (topic === undefined) throw new RequestError('SYSTEM_ERROR', `topic[${name}] not exist`);
  return topic;
}

async function storeAgain(
  parts: BrokerParts,
  back: SendBack,
  retry: Topic,
  config: { readonly retryQueueNums: number; readonly retryMaxTimes: number },
): Promise<LateResult<'CONSUMER_SEND_MSG_BACK'>> {
  const message = await recordAt(parts, back.offset);
  const target = targetOf(parts, back, message, retry, config);
  const result = parts.store.putMessage(draftOf(parts, message, target));
  if (!result.accepted) throw new RequestError('SYSTEM_ERROR', `${result.status} [${result.remark}]`);
  const origin = message.properties.get(MessageConst.PROPERTY_RETRY_TOPIC) ?? message.topic;
  parts.statsManager.sendBack(back.group, origin);
  return new ParkedSendBack(parts, result);
}

/** Step 6. A cold record is read without holding up the loop. */
async function recordAt(parts: BrokerParts, offset: number): Promise<MessageExt> {
  const record = await parts.store.selectOneMessageByOffset(offset);
  const text = `look message by offset failed, ${offset}`;
  if (record === undefined) throw new RequestError('SYSTEM_ERROR', text);
  const message = record === 'damaged' ? 'damaged' : decodeRecord(record, 0);
  if (typeof message === 'string') throw new RequestError('SYSTEM_ERROR', `${text}: the record there is damaged`);
  return message;
}

/** Steps 8 and 9: once more, or never again. */
function targetOf(
  parts: BrokerParts,
  back: SendBack,
  message: MessageExt,
  retry: Topic,
  config: { readonly retryQueueNums: number; readonly retryMaxTimes: number },
): Target {
  const most = mostReconsumptions(back.version, back.maxReconsumeTimes, config.retryMaxTimes);
  if (message.reconsumeTimes >= most || back.delayLevel < 0) {
    const topic = groupTopic(parts, DLQ_PREFIX + back.group, DLQ_QUEUE_NUMS, PermName.PERM_WRITE, 0);
    return { topic, queueId: parts.random(DLQ_QUEUE_NUMS), delayLevel: 0 };
  }
  const delayLevel = back.delayLevel === 0 ? FIRST_RETRY_LEVEL + message.reconsumeTimes : back.delayLevel;
  return { topic: retry, queueId: parts.random(config.retryQueueNums), delayLevel };
}

/** Steps 7 and 10: the same message, one consumption older. */
function draftOf(parts: BrokerParts, message: MessageExt, target: Target): MessageDraft {
  const { properties } = message;
  if (!properties.has(MessageConst.PROPERTY_RETRY_TOPIC)) {
    properties.set(MessageConst.PROPERTY_RETRY_TOPIC, message.topic);
  }
  properties.set(MessageConst.PROPERTY_WAIT_STORE_MSG_OK, 'false');
  if (target.delayLevel > 0) properties.set(MessageConst.PROPERTY_DELAY_TIME_LEVEL, String(target.delayLevel));
  // Java adds the id when the text is made already: only what is delayed, and so written anew, has it in its record.
  if (Number.parseInt(properties.get(MessageConst.PROPERTY_DELAY_TIME_LEVEL) ?? '', 10) > 0) {
    const origin = properties.get(MessageConst.PROPERTY_ORIGIN_MESSAGE_ID)?.trim() ?? '';
    if (origin === '') properties.set(MessageConst.PROPERTY_ORIGIN_MESSAGE_ID, message.offsetMsgId);
  }
  const draft = new MessageDraft();
  draft.takeMessage(message, serialiseProperties(properties));
  draft.topic = target.topic.config.topicName;
  draft.topicBytes = target.topic.nameBytes;
  draft.queueId = target.queueId;
  draft.storeHost = parts.storeHost;
  draft.reconsumeTimes = message.reconsumeTimes + 1;
  return draft;
}

/** The answer to a message given back, when it is in the log; WAIT=false, so nothing else is waited for. */
class ParkedSendBack implements ParkedReply {
  readonly ticket: PutTicket;
  readonly #parts: BrokerParts;

  constructor(parts: BrokerParts, ticket: PutTicket) {
    this.#parts = parts;
    this.ticket = ticket;
  }

  write(out: OutputBuffer, opaque: number, outcome: TicketOutcome): void {
    const stored = outcome !== 'failed';
    writeResponse(out, ROW, {
      code: responseCode(stored ? 'SUCCESS' : 'SYSTEM_ERROR'),
      opaque,
      remark: stored ? undefined : `SERVICE_NOT_AVAILABLE [${failedWrite(this.#parts)}]`,
      bodyBytes: 0,
    });
  }
}
