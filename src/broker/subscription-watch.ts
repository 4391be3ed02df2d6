import { RETRY_PREFIX } from '../codec/system-topics.ts';
import type { Connection } from '../remoting/connection.ts';
import { LogLimit } from '../remoting/log-limit.ts';
import type { Clock } from '../util/clock.ts';
import { javaStringHash } from '../util/java-hash.ts';
import type { Logger } from '../util/logger.ts';
import type { ConsumerGroup, Subscription } from './consumer-manager.ts';
import { SUB_ALL } from './filter/tag-filter.ts';

/** One group is named in the log this often at most, and all groups together this often. */
const GROUP_LINE_EVERY_MS = 60_000;
const LINES_PER_SECOND = 10;
/** Topics of one group that are looked at, and subscriptions of one topic that are told apart. */
const MOST_TOPICS = 1000;
const MOST_VARIANTS = 4;
/** Longer subscriptions are told apart by their hash. */
const TEXT_CHARACTERS = 200;
/** What a member of the group subscribes to of a topic that only others name. */
const NOTHING = 'nothing';

/** Who announced a subscription last. */
interface Holder {
  readonly connection: Connection;
  readonly clientId: string;
}

interface Watched {
  /** Topic to subscription text to its holder, the newest last. */
  readonly topics: Map<string, Map<string, Holder>>;
  lastLineMs: number;
}

/** Told of every heartbeat that contradicts another member. */
export type MismatchListener = (group: string, topic: string) => void;

/**
 * Finds members of one group that subscribe differently. A broker keeps one subscription per group and topic, that of
 * the newest heartbeat, and members share the queues of all topics between them: so each contradiction loses messages,
 * and in Java nobody hears of it. Delivery stays Java's; here it is counted, and logged with both clients (ADR 0040).
 */
export class SubscriptionWatch {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #lines: LogLimit;
  readonly #listener: MismatchListener;
  /** A group that is dropped takes its entry along. */
  readonly #watched = new WeakMap<ConsumerGroup, Watched>();

  constructor(options: { clock: Clock; log: Logger; listener: MismatchListener }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#lines = new LogLimit(options.clock, LINES_PER_SECOND);
    this.#listener = options.listener;
  }

  /** Takes what a member of the group has just announced. Clients that subscribe to nothing pull as they like. */
  onHeartbeat(group: ConsumerGroup, member: Holder, subscriptions: readonly Subscription[]): void {
    const named = namedTexts(group.group, subscriptions);
    if (named.size === 0) return;
    const watched = this.#watched.get(group) ?? { topics: new Map(), lastLineMs: Number.NEGATIVE_INFINITY };
    this.#watched.set(group, watched);
    for (const topic of new Set([...named.keys(), ...watched.topics.keys()])) {
      const variants = watched.topics.get(topic) ?? this.#newTopic(watched, topic);
      if (variants === undefined) continue;
      const text = named.get(topic) ?? NOTHING;
      const contradicted = announce(group, variants, text, member);
      if (variants.size === 1 && text === NOTHING) watched.topics.delete(topic);
      if (contradicted !== undefined) this.#tell(group, watched, topic, [text, member], contradicted);
    }
  }

  #newTopic(watched: Watched, topic: string): Map<string, Holder> | undefined {
    if (watched.topics.size >= MOST_TOPICS) return undefined;
    const variants = new Map<string, Holder>();
    watched.topics.set(topic, variants);
    return variants;
  }

  #tell(
    { group }: ConsumerGroup,
    watched: Watched,
    topic: string,
    [text, { clientId, connection }]: readonly [string, Holder],
    [otherText, other]: readonly [string, Holder],
  ): void {
    this.#listener(group, topic);
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - watched.lastLineMs < GROUP_LINE_EVERY_MS || !this.#lines.allows()) return;
    watched.lastLineMs = nowMs;
    this.#log.warn(
      {
        group,
        topic,
        clientId,
        peer: connection.remoteAddress,
        subscription: text,
        otherClientId: other.clientId,
        otherPeer: other.connection.remoteAddress,
        otherSubscription: otherText,
      },
      'two clients of one group subscribe differently: each gets only a part of its messages, the rest is lost to it',
    );
  }
}

/**
 * Notes the member's subscription of a topic and forgets those of members that are gone or have changed theirs.
 * @returns the newest subscription of another member that differs, with its holder.
 */
function announce(
  { channels }: ConsumerGroup,
  variants: Map<string, Holder>,
  text: string,
  member: Holder,
): readonly [string, Holder] | undefined {
  let contradicted: readonly [string, Holder] | undefined;
  for (const [other, holder] of variants) {
    if (other === text) continue;
    if (holder.connection === member.connection || !channels.has(holder.connection)) variants.delete(other);
    else contradicted = [other, holder];
  }
  variants.delete(text);
  variants.set(text, member);
  const [oldest] = variants.keys();
  if (variants.size > MOST_VARIANTS && oldest !== undefined) variants.delete(oldest);
  return contradicted;
}

/** Topics with comparable texts. Not every kind of consumer names the retry topic of its group. */
function namedTexts(group: string, subscriptions: readonly Subscription[]): Map<string, string> {
  const texts = new Map<string, string>();
  for (const subscription of subscriptions) {
    if (subscription.topic !== RETRY_PREFIX + group) texts.set(subscription.topic, textOf(subscription));
  }
  return texts;
}

/** Tags in any order are the same subscription. */
function textOf({ expressionType, subString = '', classFilterMode }: Subscription): string {
  const kind = classFilterMode ? 'class' : expressionType === '' ? 'TAG' : expressionType;
  const tags = subString.split('||').map((tag) => tag.trim());
  const text = kind === 'TAG' ? [...new Set(tags)].sort().join('||') || SUB_ALL : subString;
  const whole = `${kind} ${text}`;
  if (whole.length <= TEXT_CHARACTERS) return whole;
  return `${whole.slice(0, TEXT_CHARACTERS)}… (hash ${javaStringHash(whole)})`;
}
