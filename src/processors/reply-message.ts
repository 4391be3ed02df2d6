import type { Topic } from '../broker/topic-config-manager.ts';
import { commands } from '../codec/commands.ts';
import type { HeaderInput } from '../codec/header.ts';
import type { replyMessageRequest } from '../codec/headers/reply.ts';
import { MessageConst } from '../codec/message-const.ts';
import { encodeOffsetMsgId } from '../codec/message-id.ts';
import { type MessageProperties, parseProperties, serialiseProperties } from '../codec/message-properties.ts';
import type { OutputBuffer } from '../codec/output-buffer.ts';
import { RequestError, responseCode } from '../codec/response-codes.ts';
import { writeResponse } from '../codec/response-template.ts';
import type { Handler, Handlers, LateResult, ParkedReply, Request, TicketOutcome } from '../remoting/handler.ts';
import { LogLimit } from '../remoting/log-limit.ts';
import { RemotingError } from '../remoting/reply.ts';
import { MessageDraft } from '../store/message-draft.ts';
import type { PutTicket } from '../store/results.ts';
import type { BrokerParts } from './parts.ts';
import { acceptedQueue, acceptedTopic, type SendCommand } from './send-message.ts';
import { SendResponses } from './send-reply.ts';

type ReplyCommand = 'SEND_REPLY_MESSAGE' | 'SEND_REPLY_MESSAGE_V2';

const ROW = commands.SEND_REPLY_MESSAGE;
const PUSH = 'PUSH_REPLY_MESSAGE_TO_CLIENT';
/** How long the asker may take to take its answer. Java: Broker2Client#callClient. */
const PUSH_TIMEOUT_MS = 10_000;
const LINES_PER_SECOND = 10;

/** Handlers of 324 and 325, whose headers differ in the wire names only. */
export function replyHandlers(parts: BrokerParts): Pick<Handlers<'broker'>, ReplyCommand> {
  const reply = replyMessage(parts) as unknown;
  return {
    SEND_REPLY_MESSAGE: reply as Handler<'SEND_REPLY_MESSAGE'>,
    SEND_REPLY_MESSAGE_V2: reply as Handler<'SEND_REPLY_MESSAGE_V2'>,
  };
}

/** What of a request outlives its frame. */
interface Replied {
  readonly draft: MessageDraft;
  readonly properties: MessageProperties;
  readonly push: HeaderInput<typeof replyMessageRequest>;
  /** The queue the answer names. */
  readonly queueId: number;
}

/** What both steps of a delivery work with. */
interface Desk {
  readonly parts: BrokerParts;
  readonly responses: SendResponses;
  readonly lines: LogLimit;
}

/**
 * 324, 325: hands the answer to a request on to who asked, and stores it as well, whether it arrived or not.
 * Java: ReplyMessageProcessor#processReplyMessageRequest.
 */
function replyMessage(
  parts: BrokerParts,
): (request: Request<SendCommand>) => LateResult<SendCommand> | Promise<LateResult<SendCommand>> {
  const responses = new SendResponses(parts);
  const desk: Desk = { parts, responses, lines: new LogLimit(parts.clock, LINES_PER_SECOND) };
  return (request) => {
    try {
      const topic = acceptedTopic(parts, request);
      return deliver(desk, repliedWith(parts, request, topic, acceptedQueue(parts, topic, request)));
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      return { code: error.code as 'SYSTEM_ERROR', remark: error.message, header: responses.failureHeader() };
    }
  };
}

/** Copies the request. Java leaves the sysFlag out of the record, and the record without PUSH_REPLY_TIME. */
function repliedWith(parts: BrokerParts, request: Request<SendCommand>, topic: Topic, queueId: number): Replied {
  const { connection } = request;
  const { batch: _, maxReconsumeTimes: __, ...header } = request.header.detach();
  const draft = new MessageDraft();
  draft.topic = topic.config.topicName;
  draft.topicBytes = topic.nameBytes;
  draft.queueId = queueId;
  draft.flag = header.flag;
  draft.bornTimestamp = header.bornTimestamp;
  draft.bornHost = connection.remoteHost;
  draft.storeHost = parts.storeHost;
  draft.reconsumeTimes = header.reconsumeTimes ?? 0;
  if (request.body !== undefined) {
    draft.body = Buffer.from(request.body);
    draft.bodyEnd = draft.body.length;
  }
  draft.properties = Buffer.from(header.properties ?? '', 'utf8');
  draft.propertiesEnd = draft.properties.length;
  const { brokerConfig, nettyServerConfig } = parts.configs;
  const push = {
    ...header,
    bornHost: `/${connection.remoteAddress}`,
    storeHost: `/${brokerConfig.brokerIP1}:${nettyServerConfig.listenPort}`,
    storeTimestamp: parts.clock.now(),
  };
  return { draft, properties: parseProperties(header.properties ?? ''), push, queueId };
}

async function deliver(desk: Desk, replied: Replied): Promise<LateResult<SendCommand>> {
  const { parts, responses, lines } = desk;
  const failure = await pushed(desk, replied);
  const outcome: Outcome = { failure, queueId: replied.queueId };
  if (parts.configs.brokerConfig.storeReplyMessageEnable) {
    const result = parts.store.putMessage(replied.draft);
    if (result.accepted) {
      parts.statsManager.put(replied.draft.topic, 1, result.wroteBytes);
      return new ParkedReplyMessage(parts, responses, result, outcome);
    }
    const { status, remark } = result;
    if (lines.allows()) parts.log.warn({ topic: replied.draft.topic, status }, `a reply was not stored: ${remark}`);
  }
  return {
    code: failure === undefined ? 'SUCCESS' : 'SYSTEM_ERROR',
    remark: failure,
    header: headerOf(responses, outcome),
  };
}

/**
 * Hands the reply to its asker and waits until he has it.
 * @returns Java's words for why he has not. Java: ReplyMessageProcessor#pushReplyMessage.
 */
async function pushed({ parts, lines }: Desk, replied: Replied): Promise<string | undefined> {
  const clientId = replied.properties.get(MessageConst.PROPERTY_MESSAGE_REPLY_TO_CLIENT);
  if (clientId === undefined) {
    return `reply message properties[${MessageConst.PROPERTY_MESSAGE_REPLY_TO_CLIENT}] is null`;
  }
  const asker = parts.producers.findConnection(clientId);
  if (asker === undefined) return `push reply message fail, channel of <${clientId}> not found.`;
  const stamped = new Map(replied.properties).set(MessageConst.PROPERTY_PUSH_REPLY_TIME, String(parts.clock.now()));
  const header = { ...replied.push, properties: serialiseProperties(stamped) };
  try {
    const { code, remark } = await asker.request(PUSH, header, replied.draft.body, PUSH_TIMEOUT_MS);
    if (code === responseCode('SUCCESS')) return undefined;
    if (lines.allows()) parts.log.warn({ clientId, code, remark }, 'a client did not take the reply it asked for');
  } catch (error) {
    if (!(error instanceof RemotingError)) throw error;
    if (lines.allows()) parts.log.warn({ clientId, problem: error.message }, 'a reply did not reach who asked for it');
  }
  return `push reply message to ${clientId}fail.`;
}

/** How the push ended: why it failed, or undefined. */
interface Outcome {
  readonly failure: string | undefined;
  readonly queueId: number;
}

/** Java sets ids of zero beside a pushed reply, since its client cannot do without. */
function headerOf(
  responses: SendResponses,
  { failure, queueId }: Outcome,
  ids?: { msgId: string; queueOffset: number },
) {
  const made = ids ?? (failure === undefined ? { msgId: '0', queueOffset: 0 } : undefined);
  return { ...responses.failureHeader(), ...(made === undefined ? {} : { ...made, queueId }) };
}

/** The answer to a reply that is stored too: code and remark are of the push, the ids of the record. */
class ParkedReplyMessage implements ParkedReply {
  readonly ticket: PutTicket;
  readonly #parts: BrokerParts;
  readonly #responses: SendResponses;
  readonly #outcome: Outcome;

  constructor(parts: BrokerParts, responses: SendResponses, ticket: PutTicket, outcome: Outcome) {
    this.#parts = parts;
    this.#responses = responses;
    this.ticket = ticket;
    this.#outcome = outcome;
  }

  write(out: OutputBuffer, opaque: number, ended: TicketOutcome): void {
    const { phyOffset, queueOffset } = this.ticket;
    const { failure } = this.#outcome;
    const ids = { msgId: encodeOffsetMsgId(this.#parts.storeHost, phyOffset), queueOffset };
    writeResponse(out, ROW, {
      code: responseCode(failure === undefined ? 'SUCCESS' : 'SYSTEM_ERROR'),
      opaque,
      remark: failure,
      header: headerOf(this.#responses, this.#outcome, ended === 'failed' ? undefined : ids),
      bodyBytes: 0,
    });
  }
}
