import { decodeBody, encodeBodyText } from '../codec/bodies/schema.ts';
import { consumerOffsetSerializeWrapper } from '../codec/bodies/topic-config.ts';
import { DecodeError } from '../codec/fast-json.ts';
import type { Logger } from '../util/logger.ts';
import type { StateFile } from '../util/state-file.ts';
import { MOST_QUEUES } from './topic-config-manager.ts';

/** Keys (`topic@group`) one broker keeps offsets for. New ones beyond are refused; Java has no limit. */
const MOST_KEYS = 500_000;
const SEPARATOR = '@';

export type OffsetTable = ReadonlyMap<string, ReadonlyMap<number, number>>;

/** How far each group has consumed each queue, `config/consumerOffset.json`. Java: ConsumerOffsetManager. */
export class ConsumerOffsetManager {
  readonly #table = new Map<string, Map<number, number>>();
  readonly #file: StateFile;
  readonly #log: Logger;
  #dirty = false;

  constructor(options: { file: StateFile; log: Logger }) {
    this.#file = options.file;
    this.#log = options.log;
  }

  /** @throws StateFileError */
  load(): void {
    const loaded = this.#file.load((text) => {
      const table = decodeBody(consumerOffsetSerializeWrapper, text);
      return table instanceof DecodeError ? undefined : table;
    });
    for (const [key, offsets] of loaded?.offsetTable ?? []) this.#table.set(key, new Map(offsets));
  }

  get table(): OffsetTable {
    return this.#table;
  }

  /**
   * Remembers an offset; it may go back, which is logged only, as in Java.
   * @returns false when the table is full or the queue number is no queue's. Java: ConsumerOffsetManager#commitOffset.
   */
  commit(group: string, topic: string, queueId: number, offset: number): boolean {
    const key = topic + SEPARATOR + group;
    let offsets = this.#table.get(key);
    const stored = offsets?.get(queueId);
    if (stored === undefined && (queueId < 0 || queueId >= MOST_QUEUES)) return false;
    if (offsets === undefined) {
      if (this.#table.size >= MOST_KEYS) return false;
      offsets = new Map();
      this.#table.set(key, offsets);
    }
    if (stored !== undefined && offset < stored) {
      this.#log.warn({ group, topic, queueId, offset, stored }, 'a consumer offset goes back');
    }
    if (stored !== offset) {
      offsets.set(queueId, offset);
      this.#dirty = true;
    }
    return true;
  }

  /** The stored offset, or −1. Java: ConsumerOffsetManager#queryOffset. */
  query(group: string, topic: string, queueId: number): number {
    return this.#table.get(topic + SEPARATOR + group)?.get(queueId) ?? -1;
  }

  /**
   * Gives a group the offsets that another has of a topic, in place of its own; nothing without any.
   * @returns false when the table is full. Java: ConsumerOffsetManager#cloneOffset.
   */
  clone(fromGroup: string, toGroup: string, topic: string): boolean {
    const offsets = this.#table.get(topic + SEPARATOR + fromGroup);
    if (offsets === undefined) return true;
    const key = topic + SEPARATOR + toGroup;
    if (!this.#table.has(key) && this.#table.size >= MOST_KEYS) return false;
    this.#table.set(key, new Map(offsets));
    this.#dirty = true;
    return true;
  }

  /** All offsets of a group for a topic, or undefined. Java: ConsumerOffsetManager#queryOffset(group, topic). */
  offsetsOf(group: string, topic: string): ReadonlyMap<number, number> | undefined {
    return this.#table.get(topic + SEPARATOR + group);
  }

  /** Topics with offsets, by group: one look at the table for all groups. */
  topicsByGroup(): Map<string, string[]> {
    const topics = new Map<string, string[]>();
    for (const key of this.#table.keys()) {
      const at = key.indexOf(SEPARATOR);
      const group = key.slice(at + 1);
      const known = topics.get(group);
      if (known === undefined) topics.set(group, [key.slice(0, at)]);
      else known.push(key.slice(0, at));
    }
    return topics;
  }

  /** Topics a group has offsets for. Java: ConsumerOffsetManager#whichTopicByConsumer. */
  topicsOf(group: string): Set<string> {
    const topics = new Set<string>();
    for (const key of this.#table.keys()) {
      const at = key.indexOf(SEPARATOR);
      if (key.slice(at + 1) === group) topics.add(key.slice(0, at));
    }
    return topics;
  }

  /** Groups that have offsets for a topic. Java: ConsumerOffsetManager#whichGroupByTopic. */
  groupsOf(topic: string): Set<string> {
    const groups = new Set<string>();
    for (const key of this.#table.keys()) {
      const at = key.indexOf(SEPARATOR);
      if (key.slice(0, at) === topic) groups.add(key.slice(at + 1));
    }
    return groups;
  }

  /** Writes the table in the background when it changed since the last time. */
  async persist(): Promise<void> {
    if (!this.#dirty) return;
    this.#dirty = false;
    if (!(await this.#file.save(() => this.#text()))) this.#dirty = true;
  }

  /** Writes the table at once, as the last act of a stop. Throws FsError. */
  persistNow(): void {
    this.#file.saveNow(this.#text());
    this.#dirty = false;
  }

  #text(): string {
    return encodeBodyText(consumerOffsetSerializeWrapper, { offsetTable: this.#table }, { pretty: true });
  }
}
