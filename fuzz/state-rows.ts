import { commands } from '../src/codec/commands.ts';
import type { RemotingCommand } from '../src/codec/remoting-command.ts';
import type { SeenFrame } from './server-model.ts';

/** How many different rows of each kind a run may make on the servers. */
const CAPS = { topic: 200, queue: 400, group: 120, offset: 1500, kv: 80, broker: 120, bodyText: 1500 } as const;
type RowKind = keyof typeof CAPS;

/**
 * Tables that a client can grow, grow by design: a topic stays when its producer is gone. A run that is to show leaks
 * must not make new rows for ever, so it makes a bounded number of each kind and afterwards only meets them again.
 * With a million frames the bounds are reached long before the first half is over.
 */
export class StateRows {
  readonly #known = new Map<RowKind, Set<string>>();

  /** True when the frames make no row beyond the bounds; their rows then count as made. */
  admits(frames: readonly SeenFrame[]): boolean {
    const fresh = frames
      .filter(({ fate }) => fate === 'handled')
      .flatMap(({ command }) => rowsOf(command))
      .filter(([kind, row]) => this.#known.get(kind)?.has(row) !== true);
    if (fresh.some(([kind]) => this.#sizeOf(kind) + fresh.length > CAPS[kind])) return false;
    for (const [kind, row] of fresh) {
      const rows = this.#known.get(kind);
      if (rows === undefined) this.#known.set(kind, new Set([row]));
      else rows.add(row);
    }
    return true;
  }

  /** Kind, rows made and bound, for the report. */
  summary(): string {
    const kinds = Object.keys(CAPS) as RowKind[];
    return kinds.map((kind) => `${kind} ${this.#sizeOf(kind)}/${CAPS[kind]}`).join(', ');
  }

  #sizeOf(kind: RowKind): number {
    return this.#known.get(kind)?.size ?? 0;
  }
}

type Row = readonly [kind: RowKind, row: string];

/** Any name that the servers might take; which they do take is their business. */
function rowsOf({ code, extFields, body }: RemotingCommand): Row[] {
  const value = (name: string): string => extFields?.get(name) ?? '';
  switch (code) {
    case commands.SEND_MESSAGE.code:
      return sendRows(value('topic'), value('queueId'));
    case commands.SEND_MESSAGE_V2.code:
    case commands.SEND_BATCH_MESSAGE.code:
      return sendRows(value('b'), value('e'));
    case commands.UPDATE_AND_CREATE_TOPIC.code:
      return [['topic', value('topic')]];
    case commands.PULL_MESSAGE.code:
    case commands.UPDATE_CONSUMER_OFFSET.code:
      return [
        ['group', value('consumerGroup')],
        ['offset', `${value('topic')}@${value('consumerGroup')}@${value('queueId')}`],
      ];
    case commands.PUT_KV_CONFIG.code:
      return [['kv', `${value('namespace')}@${value('key')}@${value('value').length >> 12}`]];
    case commands.REGISTER_BROKER.code: {
      const broker = `${value('clusterName')}@${value('brokerName')}@${value('brokerAddr')}@${value('brokerId')}`;
      return [['broker', broker], ...bodyRows(body)];
    }
    case commands.HEART_BEAT.code:
    case commands.LOCK_BATCH_MQ.code:
      return bodyRows(body);
    default:
      return [];
  }
}

function sendRows(topic: string, queueId: string): Row[] {
  return [
    ['topic', topic],
    ['queue', `${topic}@${queueId}`],
  ];
}

const STRING = /["']((?:[^"'\\]|\\.){1,200})["']/g;

/** Every text of a JSON body may be a name. */
function bodyRows(body: Buffer | undefined): Row[] {
  if (body === undefined) return [];
  const texts = new Set(body.toString('latin1').match(STRING) ?? []);
  return [...texts].map((text) => ['bodyText', text]);
}
