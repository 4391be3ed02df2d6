import type { HeldPull } from '../broker/pull-request-hold-service.ts';
import type { SubscriptionGroupConfig } from '../broker/subscription-group-manager.ts';
import { FAQ, RequestError, type ResponseName } from '../codec/response-codes.ts';
import { isReadable, PullSysFlag } from '../codec/sys-flags.ts';
import type { Connection } from '../remoting/connection.ts';
import { type HandlerResult, type LateResult, noReply, type Reply, type Request } from '../remoting/handler.ts';
import type { MessageFilter } from '../store/ports.ts';
import type { GetMessageResult, GetMessageStatus } from '../store/results.ts';
import { checkedGroupName, checkedTopicName } from './checked-names.ts';
import { storeOffsetMovedEvent } from './offset-moved.ts';
import type { BrokerParts } from './parts.ts';
import { filterOf, type PullHeader } from './pull-filter.ts';
import { FoundReply } from './pull-reply.ts';

type Pull = 'PULL_MESSAGE';

const STOPPING = 'the broker is stopping, pull again later';

/** One run of a pull: the first may wait for messages and commits the offset, the one after a wake-up does neither. */
interface Attempt {
  readonly header: PullHeader;
  readonly connection: Connection;
  readonly opaque: number;
  readonly first: boolean;
  readonly startMs: number;
}

/** 11: reads one queue, or waits for messages in it. Java: PullMessageProcessor#processRequest. */
export function pullMessage(
  parts: BrokerParts,
): (request: Request<Pull>) => HandlerResult<Pull> | Promise<LateResult<Pull>> {
  const found = new FoundReply();
  return ({ header, connection, opaque }) =>
    attempt(parts, found, {
      header: copied(header),
      connection,
      opaque,
      first: true,
      startMs: parts.clock.monotonicMs(),
    });
}

/** The header's fields, each read once. Every pull needs most of them; `detach()` goes by name and freezes. */
function copied(view: PullHeader): PullHeader {
  return {
    consumerGroup: view.consumerGroup,
    topic: view.topic,
    queueId: view.queueId,
    queueOffset: view.queueOffset,
    maxMsgNums: view.maxMsgNums,
    sysFlag: view.sysFlag,
    commitOffset: view.commitOffset,
    suspendTimeoutMillis: view.suspendTimeoutMillis,
    subscription: view.subscription,
    subVersion: view.subVersion,
    expressionType: view.expressionType,
  };
}

function attempt(
  parts: BrokerParts,
  found: FoundReply,
  pull: Attempt,
): HandlerResult<Pull> | Promise<LateResult<Pull>> {
  const { topic, queueId, queueOffset, maxMsgNums } = pull.header;
  const group = checkedGroup(parts, pull.header);
  checkedTopic(parts, pull);
  const filter = filterOf(parts, pull.header, group);
  const { memory } = found;
  const read = parts.store.getMessage({ topic, queueId, offset: queueOffset, maxMsgNums, into: memory }, filter);
  if (read instanceof Promise) return read.then((result) => answer(parts, found, pull, group, filter, result));
  if (read?.status !== 'FOUND' || read.body.buffer !== memory.buffer) {
    return answer(parts, found, pull, group, filter, read);
  }
  commitOffset(parts, pull);
  counted(parts, pull, read);
  return found.with(read, suggestion(parts, group, read));
}

/** Rows 1 to 3 of the checks. */
function checkedGroup(parts: BrokerParts, header: PullHeader): SubscriptionGroupConfig {
  const { brokerConfig } = parts.configs;
  if (!isReadable(brokerConfig.brokerPermission)) {
    throw new RequestError('NO_PERMISSION', `the broker[${brokerConfig.brokerIP1}] pulling message is forbidden`);
  }
  const name = checkedGroupName(parts, header.consumerGroup);
  const group = parts.groups.find(name);
  if (group === undefined) {
    throw new RequestError('SUBSCRIPTION_GROUP_NOT_EXIST', `subscription group [${name}] does not exist, ${FAQ}`);
  }
  if (!group.consumeEnable) throw new RequestError('NO_PERMISSION', `subscription group no permission, ${name}`);
  return group;
}

/** Rows 4 to 6 of the checks. */
function checkedTopic(parts: BrokerParts, pull: Attempt): void {
  const { topic: name, queueId } = pull.header;
  const topic = parts.topics.select(name)?.config;
  if (topic === undefined) {
    checkedTopicName(parts, name);
    throw new RequestError('TOPIC_NOT_EXIST', `topic[${name}] not exist, apply first please! ${FAQ}`);
  }
  if (!isReadable(topic.perm))
    throw new RequestError('NO_PERMISSION', `the topic[${name}] pulling message is forbidden`);
  if (queueId < 0 || queueId >= topic.readQueueNums) {
    throw new RequestError(
      'SYSTEM_ERROR',
      `queueId[${queueId}] is illegal, topic:[${name}] topicConfig.readQueueNums:[${topic.readQueueNums}] ` +
        `consumer:[/${pull.connection.remoteAddress}]`,
    );
  }
}

/** Java: the status switch of PullMessageProcessor#processRequest. */
const RESPONSES = {
  FOUND: () => 'SUCCESS',
  MESSAGE_WAS_REMOVING: () => 'PULL_RETRY_IMMEDIATELY',
  NO_MATCHED_MESSAGE: () => 'PULL_RETRY_IMMEDIATELY',
  NO_MATCHED_LOGIC_QUEUE: (offset) => (offset !== 0 ? 'PULL_OFFSET_MOVED' : 'PULL_NOT_FOUND'),
  NO_MESSAGE_IN_QUEUE: (offset) => (offset !== 0 ? 'PULL_OFFSET_MOVED' : 'PULL_NOT_FOUND'),
  OFFSET_FOUND_NULL: () => 'PULL_NOT_FOUND',
  OFFSET_OVERFLOW_ONE: () => 'PULL_NOT_FOUND',
  OFFSET_OVERFLOW_BADLY: () => 'PULL_OFFSET_MOVED',
  OFFSET_TOO_SMALL: () => 'PULL_OFFSET_MOVED',
} as const satisfies Record<GetMessageStatus, (offset: number) => ResponseName>;

/** Java: the case SUCCESS of PullMessageProcessor#processRequest. */
function counted({ statsManager, clock }: BrokerParts, { header, startMs }: Attempt, found: GetMessageResult): void {
  const elapsedMs = clock.monotonicMs() - startMs;
  statsManager.get(
    header.consumerGroup,
    header.topic,
    header.queueId,
    found.messageCount,
    found.body.length,
    elapsedMs,
  );
}

function answer(
  parts: BrokerParts,
  found: FoundReply,
  pull: Attempt,
  group: SubscriptionGroupConfig,
  filter: MessageFilter | undefined,
  result: GetMessageResult | undefined,
): LateResult<Pull> {
  if (result === undefined) throw new RequestError('SYSTEM_ERROR', 'store getMessage return null');
  const { header } = pull;
  const code = RESPONSES[result.status](header.queueOffset);
  commitOffset(parts, pull);
  if (code === 'PULL_NOT_FOUND' && pull.first && (header.sysFlag & PullSysFlag.FLAG_SUSPEND) !== 0) {
    if (parts.holds.suspend(heldPull(parts, found, pull, filter))) return noReply;
  }
  if (code === 'SUCCESS') counted(parts, pull, result);
  if (code === 'PULL_OFFSET_MOVED') storeOffsetMovedEvent(parts, header, result.nextBeginOffset);
  return {
    code,
    remark: result.status,
    header: {
      suggestWhichBrokerId: suggestion(parts, group, result),
      nextBeginOffset: result.nextBeginOffset,
      minOffset: result.minOffset,
      maxOffset: result.maxOffset,
    },
    body: code === 'SUCCESS' ? result.body : undefined,
  };
}

/** Only on the first run, and whatever the pull found. */
function commitOffset(parts: BrokerParts, { header, first }: Attempt): void {
  if (!first || (header.sysFlag & PullSysFlag.FLAG_COMMIT_OFFSET) === 0) return;
  parts.offsets.commit(header.consumerGroup, header.topic, header.queueId, header.commitOffset);
}

function suggestion(parts: BrokerParts, group: SubscriptionGroupConfig, result: GetMessageResult): number {
  if (!parts.configs.brokerConfig.slaveReadEnable) return 0;
  return result.suggestPullingFromSlave ? group.whichBrokerWhenConsumeSlowly : group.brokerId;
}

function heldPull(parts: BrokerParts, found: FoundReply, pull: Attempt, filter: MessageFilter | undefined): HeldPull {
  const { header, connection, opaque } = pull;
  const { longPollingEnable, shortPollingTimeMills } = parts.configs.brokerConfig;
  return {
    connection,
    topic: header.topic,
    queueId: header.queueId,
    offset: header.queueOffset,
    suspendedAtMs: parts.clock.now(),
    timeoutMs: longPollingEnable ? header.suspendTimeoutMillis : shortPollingTimeMills,
    filter,
    rerun: () => {
      rerun(parts, found, { header, connection, opaque, first: false, startMs: parts.clock.monotonicMs() });
    },
    refuse: () => connection.reply(opaque, 'PULL_MESSAGE', { code: 'SYSTEM_ERROR', remark: STOPPING }),
  };
}

/** What was found is answered at once: the memory it lies in serves the next pull. */
function rerun(parts: BrokerParts, found: FoundReply, pull: Attempt): void {
  try {
    const result = attempt(parts, found, pull);
    if (result instanceof Promise) {
      result.then((reply) => replyTo(pull, reply)).catch((error: unknown) => failed(parts, pull, error));
    } else replyTo(pull, result);
  } catch (error) {
    failed(parts, pull, error);
  }
}

function replyTo({ connection, opaque }: Attempt, reply: HandlerResult<Pull>): void {
  if (reply === noReply || 'ticket' in reply) return;
  if ('writeNow' in reply) connection.replyWritten(opaque, reply);
  else connection.reply(opaque, 'PULL_MESSAGE', reply);
}

function failed(parts: BrokerParts, pull: Attempt, error: unknown): void {
  if (error instanceof RequestError) {
    replyTo(pull, { code: error.code as Reply<Pull>['code'], remark: error.message });
  } else parts.log.error({ error, topic: pull.header.topic }, 'a held pull could not be answered');
}
