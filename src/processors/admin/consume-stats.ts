import {
  type ConsumeStats,
  consumeStats,
  consumeStatsList,
  type OffsetWrapper,
} from '../../codec/bodies/consume-stats.ts';
import { encodeBody } from '../../codec/bodies/schema.ts';
import { formatHost } from '../../codec/message-id.ts';
import { RequestError } from '../../codec/response-codes.ts';
import type { HandlerResult, LateResult, Request } from '../../remoting/handler.ts';
import type { BrokerParts } from '../parts.ts';
import { type OwnQueue, queuesOf } from './topic.ts';

/** 208: how far a group is behind, by queue. Java: AdminBrokerProcessor#getConsumeStats. */
export function getConsumeStats(
  parts: BrokerParts,
): (request: Request<'GET_CONSUME_STATS'>) => HandlerResult<'GET_CONSUME_STATS'> {
  return (request) => {
    const { consumerGroup, topic } = request.header;
    const blank = topic === undefined || topic.trim() === '';
    const topics = blank ? parts.offsets.topicsOf(consumerGroup) : [topic];
    const offsetTable = new Map<OwnQueue, OffsetWrapper>();
    for (const name of topics) {
      const config = parts.topics.select(name)?.config;
      if (config === undefined || !parts.consumers.mayRead(consumerGroup, name)) continue;
      addQueues(parts, consumerGroup, queuesOf(parts, name, config.readQueueNums), offsetTable);
    }
    // No TPS is measured before the statistics of the issue on message kinds; Java's first sample is null too.
    return { code: 'SUCCESS', body: encodeBody(consumeStats, { consumeTps: 0, offsetTable }) };
  };
}

/** Queues that are looked at before others get their turn: each may cost a read of the disk. */
const QUEUES_PER_TURN = 256;
/** Queues in one answer: about as many as fit into a frame that official clients take, 16 MiB. */
const MOST_QUEUES_TOLD = 100_000;

/**
 * 317: how far each group of this broker is behind in each of its topics, by writable queue. Looked up in turns, so
 * that sends and pulls do not wait. Java: AdminBrokerProcessor#fetchAllConsumeStatsInBroker.
 */
export function getBrokerConsumeStats(
  parts: BrokerParts,
): (request: Request<'GET_BROKER_CONSUME_STATS'>) => Promise<LateResult<'GET_BROKER_CONSUME_STATS'>> {
  return async (request) => {
    const { isOrder } = request.header;
    const turns = new Turns(parts);
    const topicsByGroup = parts.offsets.topicsByGroup();
    const groups: Map<string, ConsumeStats[]>[] = [];
    let totalDiff = 0;
    for (const group of [...parts.groups.table().subscriptionGroupTable.keys()]) {
      const ofGroup: ConsumeStats[] = [];
      for (const topic of topicsByGroup.get(group) ?? []) {
        const config = parts.topics.select(topic)?.config;
        if (config === undefined || (isOrder && !config.order) || !parts.consumers.mayRead(group, topic)) continue;
        const offsetTable = new Map<OwnQueue, OffsetWrapper>();
        addQueues(parts, group, queuesOf(parts, topic, config.writeQueueNums), offsetTable);
        for (const { brokerOffset, consumerOffset } of offsetTable.values()) totalDiff += brokerOffset - consumerOffset;
        ofGroup.push({ consumeTps: 0, offsetTable });
        await turns.took(offsetTable.size);
      }
      groups.push(new Map([[group, ofGroup]]));
    }
    const brokerAddr = formatHost(parts.storeHost);
    return { code: 'SUCCESS', body: encodeBody(consumeStatsList, { brokerAddr, consumeStatsList: groups, totalDiff }) };
  };
}

/** Gives way to others after every so many queues, and ends what would become too long for an answer. */
class Turns {
  readonly #parts: BrokerParts;
  #queues = 0;
  #sinceTurn = 0;

  constructor(parts: BrokerParts) {
    this.#parts = parts;
  }

  async took(queues: number): Promise<void> {
    this.#queues += queues;
    this.#sinceTurn += queues;
    if (this.#queues > MOST_QUEUES_TOLD) {
      const text = `more than ${MOST_QUEUES_TOLD} queues of groups: ask for single groups`;
      throw new RequestError('SYSTEM_ERROR', text);
    }
    if (this.#sinceTurn < QUEUES_PER_TURN) return;
    this.#sinceTurn = 0;
    await new Promise<void>((resolve) => this.#parts.clock.atTurnEnd(resolve));
  }
}

function addQueues(
  parts: BrokerParts,
  group: string,
  queues: readonly OwnQueue[],
  table: Map<OwnQueue, OffsetWrapper>,
): void {
  for (const queue of queues) {
    const { topic, queueId } = queue;
    const brokerOffset = Math.max(0, parts.store.getMaxOffsetInQueue(topic, queueId));
    const consumerOffset = Math.max(0, parts.offsets.query(group, topic, queueId));
    const lastTimestamp =
      consumerOffset > 0 ? Math.max(0, parts.store.getMessageStoreTimeStamp(topic, queueId, consumerOffset - 1)) : 0;
    table.set(queue, { brokerOffset, consumerOffset, lastTimestamp });
  }
}
