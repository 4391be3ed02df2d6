import { type HeartbeatData, heartbeatData } from '../codec/bodies/heartbeat.ts';
import { type ClusterInfo, clusterInfo, type TopicRouteData, topicRouteData } from '../codec/bodies/route.ts';
import { decodeBody, encodeBody, type Kind } from '../codec/bodies/schema.ts';
import type { TopicConfig } from '../codec/bodies/topic-config.ts';
import { type CommandName, type Commands, commands } from '../codec/commands.ts';
import { DecodeError } from '../codec/fast-json.ts';
import type { HeaderInput, HeaderValues } from '../codec/header.ts';
import { decodeRecord, type MessageExt } from '../codec/message.ts';
import { serialiseProperties } from '../codec/message-properties.ts';
import { PullSysFlag } from '../codec/sys-flags.ts';
import { AUTO_CREATE_TOPIC } from '../codec/system-topics.ts';
import { addressList } from '../config/address-list.ts';
import type { RemotingClient } from '../remoting/client.ts';
import { type Answer, RemotingError } from '../remoting/reply.ts';
import { AnswerError, answerHeader, expectCode } from './answer.ts';

/** One message to send. */
export interface OutgoingMessage {
  readonly topic: string;
  readonly queueId: number;
  readonly body: Buffer;
  readonly properties?: Iterable<readonly [string, string]>;
  readonly flag?: number;
  readonly bornTimestamp: number;
}

/** A message was stored; the status says how safely. Java: SendResult. */
export interface SendResult {
  readonly status: 'SUCCESS' | 'FLUSH_DISK_TIMEOUT' | 'FLUSH_SLAVE_TIMEOUT' | 'SLAVE_NOT_AVAILABLE';
  /** Offset id of the record. */
  readonly msgId: string;
  readonly queueId: number;
  readonly queueOffset: number;
}

/** What to read. */
export interface PullRequest {
  readonly consumerGroup: string;
  readonly topic: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly maxMsgNums: number;
  /** Tags, `A || B`; everything unless told. */
  readonly subscription?: string;
  /** How long the broker may hold the request when there is nothing to read; not at all unless told. */
  readonly suspendTimeoutMs?: number;
}

/** What was read. Java: PullResult. */
export interface PullResult {
  readonly status: 'SUCCESS' | 'PULL_NOT_FOUND' | 'PULL_RETRY_IMMEDIATELY' | 'PULL_OFFSET_MOVED';
  readonly nextBeginOffset: number;
  readonly minOffset: number;
  readonly maxOffset: number;
  readonly messages: readonly MessageExt[];
}

export interface MqClientOptions {
  readonly remoting: RemotingClient;
  /** `host:port` of the name server, or of several, joined by `;`: the first that can be reached answers. */
  readonly namesrvAddr: string;
  readonly timeoutMs?: number;
  readonly producerGroup?: string;
}

const TIMEOUT_MS = 3000;
/** A broker looks at the requests it holds every 5 s; Java's client waits 10 s longer than it asked for, too. */
const HELD_LONGER_MS = 10_000;
const DEFAULT_TOPIC_QUEUES = 4;

/**
 * The small client of tools, benches and tests: one request, one answer, typed by THE TABLE. It keeps no state of its
 * own, finds no other broker and repeats nothing. Every method rejects with RemotingError when there is no answer and
 * with {@link AnswerError} when it is a refusal.
 */
export class MqClient {
  readonly #options: MqClientOptions;
  /** Addresses of the name servers, at least one. */
  readonly namesrvs: readonly string[];

  constructor(options: MqClientOptions) {
    this.#options = options;
    this.namesrvs = addressList(options.namesrvAddr);
  }

  /** Any request; the answer whatever its code. */
  ask<C extends CommandName>(
    address: string,
    command: C,
    header: HeaderInput<Commands[C]['request']>,
    body?: Buffer,
    timeoutMs = this.#options.timeoutMs ?? TIMEOUT_MS,
  ): Promise<Answer<Commands[C]['response']>> {
    return this.#options.remoting.invoke(address, command, header, body, timeoutMs);
  }

  /** A request that has to succeed: the header of its answer. */
  async askHeader<C extends CommandName>(
    address: string,
    command: C,
    header: HeaderInput<Commands[C]['request']>,
    body?: Buffer,
  ): Promise<HeaderValues<Commands[C]['response']>> {
    const answer = expectCode(await this.ask(address, command, header, body), address, 'SUCCESS');
    return answerHeader(commands[command].response as Commands[C]['response'], answer.extFields);
  }

  /** A request that has to succeed: the body of its answer. */
  async askBody<C extends CommandName, T>(
    address: string,
    command: C,
    header: HeaderInput<Commands[C]['request']>,
    kind: Kind<T>,
    timeoutMs?: number,
  ): Promise<T> {
    const asked = await this.ask(address, command, header, undefined, timeoutMs);
    return bodyOf(expectCode(asked, address, 'SUCCESS'), kind, address);
  }

  /** Asks the name servers one after another until one can be reached. */
  async askNamesrv<T>(ask: (address: string) => Promise<T>): Promise<T> {
    let lastError: unknown;
    for (const address of this.namesrvs) {
      try {
        return await ask(address);
      } catch (error) {
        if (!(error instanceof RemotingError)) throw error;
        lastError = error;
      }
    }
    throw lastError;
  }

  /** Where a topic is; undefined when the name server does not know it. */
  route(topic: string): Promise<TopicRouteData | undefined> {
    return this.askNamesrv(async (address) => {
      const asked = await this.ask(address, 'GET_ROUTEINTO_BY_TOPIC', { topic });
      const answer = expectCode(asked, address, 'SUCCESS', 'TOPIC_NOT_EXIST');
      return answer.codeName === 'SUCCESS' ? bodyOf(answer, topicRouteData, address) : undefined;
    });
  }

  clusters(): Promise<ClusterInfo> {
    return this.askNamesrv((address) => this.askBody(address, 'GET_BROKER_CLUSTER_INFO', {}, clusterInfo));
  }

  /** Creates a topic on one broker, or replaces its settings. */
  async createTopic(address: string, topic: TopicConfig & { readonly topicName: string }): Promise<void> {
    const { topicName, readQueueNums, writeQueueNums, perm, topicFilterType, topicSysFlag, order } = topic;
    await this.askHeader(address, 'UPDATE_AND_CREATE_TOPIC', {
      topic: topicName,
      defaultTopic: AUTO_CREATE_TOPIC,
      readQueueNums,
      writeQueueNums,
      perm,
      topicFilterType,
      topicSysFlag,
      order,
    });
  }

  async heartbeat(address: string, data: HeartbeatData): Promise<void> {
    await this.askHeader(address, 'HEART_BEAT', {}, encodeBody(heartbeatData, data));
  }

  /** Stores one message. */
  async send(address: string, message: OutgoingMessage): Promise<SendResult> {
    const { topic, queueId, bornTimestamp, flag = 0, properties = [] } = message;
    const header = {
      producerGroup: this.#options.producerGroup ?? 'CLIENT_INNER_PRODUCER',
      topic,
      defaultTopic: AUTO_CREATE_TOPIC,
      defaultTopicQueueNums: DEFAULT_TOPIC_QUEUES,
      queueId,
      sysFlag: 0,
      bornTimestamp,
      flag,
      properties: serialiseProperties(properties),
      reconsumeTimes: 0,
      unitMode: false,
      batch: false,
    };
    const asked = await this.ask(address, 'SEND_MESSAGE_V2', header, message.body);
    const answer = expectCode(
      asked,
      address,
      'SUCCESS',
      'FLUSH_DISK_TIMEOUT',
      'FLUSH_SLAVE_TIMEOUT',
      'SLAVE_NOT_AVAILABLE',
    );
    const {
      msgId = '',
      queueId: stored = -1,
      queueOffset = -1,
    } = answerHeader(commands.SEND_MESSAGE_V2.response, answer.extFields);
    return { status: answer.codeName as SendResult['status'], msgId, queueId: stored, queueOffset };
  }

  /** Reads messages of one queue, or waits for them. */
  async pull(address: string, request: PullRequest): Promise<PullResult> {
    const { suspendTimeoutMs = 0, subscription = '*', ...what } = request;
    const header = {
      ...what,
      sysFlag: PullSysFlag.FLAG_SUBSCRIPTION | (suspendTimeoutMs > 0 ? PullSysFlag.FLAG_SUSPEND : 0),
      commitOffset: 0,
      suspendTimeoutMillis: suspendTimeoutMs,
      subscription,
      subVersion: 0,
      expressionType: 'TAG',
    };
    const heldMs = suspendTimeoutMs > 0 ? suspendTimeoutMs + HELD_LONGER_MS : 0;
    const timeoutMs = heldMs + (this.#options.timeoutMs ?? TIMEOUT_MS);
    const asked = await this.ask(address, 'PULL_MESSAGE', header, undefined, timeoutMs);
    const answer = expectCode(
      asked,
      address,
      'SUCCESS',
      'PULL_NOT_FOUND',
      'PULL_RETRY_IMMEDIATELY',
      'PULL_OFFSET_MOVED',
    );
    const offsets = answerHeader(commands.PULL_MESSAGE.response, answer.extFields);
    const { nextBeginOffset = 0, minOffset = 0, maxOffset = 0 } = offsets;
    const status = answer.codeName as PullResult['status'];
    return { status, nextBeginOffset, minOffset, maxOffset, messages: recordsOf(answer.body) };
  }
}

function bodyOf<T>(answer: Answer, kind: Kind<T>, address: string): T {
  const decoded = decodeBody(kind, answer.body ?? '');
  if (decoded instanceof DecodeError) throw new AnswerError({ ...answer, remark: decoded.message }, address);
  return decoded;
}

/** The records of a body, one behind the other. Java: MessageDecoder#decodes. */
export function recordsOf(body: Buffer | undefined): MessageExt[] {
  const records: MessageExt[] = [];
  for (let at = 0; body !== undefined && at < body.length; ) {
    const record = decodeRecord(body, at);
    if (typeof record === 'string') break;
    records.push(record);
    at += record.totalSize;
  }
  return records;
}
