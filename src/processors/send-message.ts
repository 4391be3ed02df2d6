import { type Topic, topicSysFlagOf } from '../broker/topic-config-manager.ts';
import { toHalfMessage } from '../broker/transaction/half-message.ts';
import { describeTopic } from '../codec/bodies/topic-config.ts';
import { PropertySlot } from '../codec/message-properties.ts';
import { topicNameProblem } from '../codec/names.ts';
import { FAQ, RequestError } from '../codec/response-codes.ts';
import { isWriteable, MessageSysFlag, PermName } from '../codec/sys-flags.ts';
import { DLQ_PREFIX, RETRY_PREFIX } from '../codec/system-topics.ts';
import type { Handler, HandlerResult, Handlers, Request } from '../remoting/handler.ts';
import { noReply } from '../remoting/handler.ts';
import { delayLevelOf } from '../store/delayed-put.ts';
import { MessageDraft } from '../store/message-draft.ts';
import type { PutRefusal } from '../store/results.ts';
import { checkedGroupName, checkedTopicName } from './checked-names.ts';
import type { BrokerParts } from './parts.ts';
import { mostReconsumptions } from './reconsumption.ts';
import { ParkedSend, SendResponses } from './send-reply.ts';

/** The codes that store a message a client made. */
export type SendCommand = 'SEND_MESSAGE' | 'SEND_MESSAGE_V2' | 'SEND_BATCH_MESSAGE';

/** Handlers of 10, 310 and 320. One function serves all: their headers differ in the wire names only. */
export function sendHandlers(parts: BrokerParts): Pick<Handlers<'broker'>, SendCommand> {
  const send = sendMessage(parts) as unknown;
  return {
    SEND_MESSAGE: send as Handler<'SEND_MESSAGE'>,
    SEND_MESSAGE_V2: send as Handler<'SEND_MESSAGE_V2'>,
    SEND_BATCH_MESSAGE: send as Handler<'SEND_BATCH_MESSAGE'>,
  };
}

/** Stores a message or a batch. Java: SendMessageProcessor#processRequest. */
function sendMessage(parts: BrokerParts): (request: Request<SendCommand>) => HandlerResult<SendCommand> {
  const { configs, store, statsManager } = parts;
  const draft = new MessageDraft();
  const responses = new SendResponses(parts);
  const clusterPair = Buffer.from(`CLUSTER\u0001${configs.brokerConfig.brokerClusterName}\u0002`, 'utf8');
  const none = Buffer.alloc(0);

  return (request) => {
    const header = request.header;
    try {
      const topic = acceptedTopic(parts, request);
      const queueId = acceptedQueue(parts, topic, request);
      draft.reset();
      fillDraft(draft, parts, request, topic, queueId);
      draft.appendProperty = header.batch ? none : clusterPair;
      if (header.batch) refuseInBatch(topic);
      else if (topic.config.topicName.startsWith(RETRY_PREFIX)) redirectRetry(parts, draft, request, topic);
      if (!draft.resolveProperties())
        throw new RequestError('MESSAGE_ILLEGAL', 'the properties text is not valid JSON');
      if (!header.batch) divertHalf(parts, draft);
      const result = header.batch ? store.putMessages(draft) : store.putMessage(draft);
      if (!result.accepted) throw refusalOf(responses, result);
      statsManager.put(draft.topic, result.msgNum, result.wroteBytes);
      if (request.oneway) return noReply;
      return new ParkedSend(responses, result, queueId);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      return { code: error.code as 'SYSTEM_ERROR', remark: error.message, header: responses.failureHeader() };
    }
  };
}

/**
 * Steps 2 to 5 of the checks: the topic exists, or may be made, and takes messages. @throws RequestError
 * Java: AbstractSendMessageProcessor#msgCheck.
 */
export function acceptedTopic(parts: BrokerParts, request: Request<SendCommand>): Topic {
  const { configs, topics, clock } = parts;
  const { header } = request;
  const accept = configs.brokerConfig.startAcceptSendRequestTimeStamp;
  if (accept > 0 && clock.now() < accept) {
    throw new RequestError('SYSTEM_ERROR', `broker unable to service, until ${localTime(accept)}`);
  }
  const slot = header.plan.slot.topic;
  const known = header.isEscaped(slot)
    ? topics.select(header.topic)
    : topics.selectByBytes(header.bytes, header.startOf(slot), header.endOf(slot));
  if (known !== undefined) {
    if (!isWriteable(configs.brokerConfig.brokerPermission) && known.config.order) {
      throw new RequestError(
        'NO_PERMISSION',
        `the broker[${configs.brokerConfig.brokerIP1}] sending message is forbidden`,
      );
    }
    if (topics.isReserved(known.config.topicName)) throw reserved(known.config.topicName);
    if (!known.safe)
      throw new RequestError('SYSTEM_ERROR', topicNameProblem(known.config.topicName) ?? 'unsafe topic name');
    return known;
  }
  const name = header.topic;
  if (topics.isReserved(name)) throw reserved(name);
  return createdTopic(parts, request, checkedTopicName(parts, name));
}

function createdTopic(parts: BrokerParts, request: Request<SendCommand>, name: string): Topic {
  const { header } = request;
  const isRetry = name.startsWith(RETRY_PREFIX);
  const sysFlag = topicSysFlagOf(header.unitMode, isRetry);
  const created =
    parts.topics.createFromTemplate(name, header.defaultTopic, header.defaultTopicQueueNums, sysFlag) ??
    (isRetry ? parts.topics.createForGroup(name, 1, PermName.PERM_READ | PermName.PERM_WRITE, sysFlag) : undefined);
  if (created === undefined) {
    throw new RequestError('TOPIC_NOT_EXIST', `topic[${name}] not exist, apply first please!${FAQ}`);
  }
  return created;
}

/** Steps 6 and 7: the queue the message goes to. @throws RequestError */
export function acceptedQueue(parts: BrokerParts, topic: Topic, request: Request<SendCommand>): number {
  const { config } = topic;
  const queueId = request.header.queueId;
  if (queueId >= Math.max(config.writeQueueNums, config.readQueueNums)) {
    throw new RequestError(
      'SYSTEM_ERROR',
      `request queueId[${queueId}] is illegal, ${describeTopic(config)} Producer: ${request.connection.remoteAddress}`,
    );
  }
  if (queueId >= 0) return queueId;
  if (config.writeQueueNums <= 0) throw new RequestError('SYSTEM_ERROR', `${describeTopic(config)} has no queue`);
  return parts.random(config.writeQueueNums);
}

function fillDraft(
  draft: MessageDraft,
  parts: BrokerParts,
  request: Request<SendCommand>,
  topic: Topic,
  queueId: number,
): void {
  const { header } = request;
  draft.topic = topic.config.topicName;
  draft.topicBytes = topic.nameBytes;
  draft.queueId = queueId;
  draft.flag = header.flag;
  draft.sysFlag = header.sysFlag | (topic.config.topicFilterType === 'MULTI_TAG' ? MessageSysFlag.MULTI_TAGS_FLAG : 0);
  draft.bornTimestamp = header.bornTimestamp;
  draft.bornHost = request.connection.remoteHost;
  draft.storeHost = parts.storeHost;
  draft.reconsumeTimes = header.reconsumeTimes ?? 0;
  if (request.bodyEnd > request.bodyStart) {
    draft.body = request.bytes;
    draft.bodyStart = request.bodyStart;
    draft.bodyEnd = request.bodyEnd;
  }
  const slot = header.plan.slot.properties;
  const start = header.startOf(slot);
  if (start < 0) return;
  draft.properties = header.bytes;
  draft.propertiesStart = start;
  draft.propertiesEnd = header.endOf(slot);
  draft.propertiesEscaped = header.isEscaped(slot);
}

/** Java: SendMessageProcessor#sendBatchMessage. */
function refuseInBatch(topic: Topic): void {
  if (topic.config.topicName.startsWith(RETRY_PREFIX)) {
    throw new RequestError('MESSAGE_ILLEGAL', `batch request does not support retry group ${topic.config.topicName}`);
  }
}

/**
 * A consumer that could not send back sends to its retry topic itself; too often tried messages go to the dead letter
 * queue. Java: SendMessageProcessor#handleRetryAndDLQ.
 */
function redirectRetry(parts: BrokerParts, draft: MessageDraft, request: Request<SendCommand>, topic: Topic): void {
  const { header } = request;
  const group = checkedGroupName(parts, topic.config.topicName.slice(RETRY_PREFIX.length));
  const groupConfig = parts.groups.find(group);
  if (groupConfig === undefined) {
    throw new RequestError('SUBSCRIPTION_GROUP_NOT_EXIST', `subscription group not exist, ${group} ${FAQ}`);
  }
  const most = mostReconsumptions(request.version, header.maxReconsumeTimes, groupConfig.retryMaxTimes);
  if ((header.reconsumeTimes ?? 0) < most) return;
  const dlq = parts.topics.createForGroup(DLQ_PREFIX + group, 1, PermName.PERM_WRITE, 0);
  if (dlq === undefined) throw new RequestError('SYSTEM_ERROR', `topic[${DLQ_PREFIX + group}] not exist`);
  draft.topic = dlq.config.topicName;
  draft.topicBytes = dlq.nameBytes;
  draft.queueId = 0;
}

/** Half messages wait in a topic of their own. Java: SendMessageProcessor#sendMessage. */
function divertHalf(parts: BrokerParts, draft: MessageDraft): void {
  const { spans } = draft;
  if (spans.has(PropertySlot.TRAN_MSG) && spans.text(PropertySlot.TRAN_MSG, draft.text)?.toLowerCase() === 'true') {
    if (parts.configs.brokerConfig.rejectTransactionMessage) {
      const ip = parts.configs.brokerConfig.brokerIP1;
      throw new RequestError('NO_PERMISSION', `the broker[${ip}] sending transaction message is forbidden`);
    }
    refuseDelayedHalf(draft);
    toHalfMessage(draft);
  }
}

/**
 * A half message with a delay would lose the name of its topic, because both need REAL_TOPIC, and could never be
 * committed to it (deviation 7, ADR 0035). The official clients take DELAY out.
 */
function refuseDelayedHalf({ spans, text }: MessageDraft): void {
  const level = delayLevelOf(spans, text);
  if (level === undefined || level <= 0) return;
  throw new RequestError('MESSAGE_ILLEGAL', 'a transaction message (TRAN_MSG=true) cannot have a delay level (DELAY)');
}

/**
 * Java: SendMessageProcessor#handlePutMessageResult, the statuses that mean "not stored". Java has one text for all
 * causes of a status; here the cause follows in brackets (ADR 0018).
 */
function refusalOf(responses: SendResponses, result: PutRefusal): RequestError {
  switch (result.status) {
    case 'CREATE_MAPEDFILE_FAILED':
      return new RequestError(
        'SYSTEM_ERROR',
        `create mapped file failed, server is busy or broken. [${result.remark}]`,
      );
    case 'MESSAGE_ILLEGAL':
    case 'PROPERTIES_SIZE_EXCEEDED':
      return new RequestError('MESSAGE_ILLEGAL', `${MESSAGE_ILLEGAL} [${result.remark}]`);
    case 'SERVICE_NOT_AVAILABLE':
      return new RequestError('SERVICE_NOT_AVAILABLE', responses.serviceNotAvailable(result.remark));
    case 'OS_PAGECACHE_BUSY':
      return new RequestError('SYSTEM_ERROR', '[PC_SYNCHRONIZED]broker busy, start flow control for a while');
    default:
      return new RequestError('SYSTEM_ERROR', result.remark === '' ? 'UNKNOWN_ERROR' : result.remark);
  }
}

/** Java's text, also of END_TRANSACTION, where it begins with a capital letter. */
export const MESSAGE_ILLEGAL =
  'the message is illegal, maybe msg body or properties length not matched. ' +
  'msg body length limit 128k, msg properties length limit 32k.';

function reserved(name: string): RequestError {
  return new RequestError('SYSTEM_ERROR', `the topic[${name}] is conflict with system reserved words.`);
}

/** Java: UtilAll#timeMillisToHumanString2. */
function localTime(ms: number): string {
  const date = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${time},${String(date.getMilliseconds()).padStart(3, '0')}`;
}
