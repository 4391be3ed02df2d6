import { decodeBody, encodeBodyText } from '../codec/bodies/schema.ts';
import { kvConfigSerializeWrapper } from '../codec/bodies/topic-config.ts';
import { DecodeError } from '../codec/fast-json.ts';
import type { StateFile } from '../util/state-file.ts';

/** Java: NamesrvUtil.NAMESPACE_ORDER_TOPIC_CONFIG. */
export const ORDER_TOPIC_CONFIG = 'ORDER_TOPIC_CONFIG';

/** What the table may hold; Java has no limits. */
const MOST_NAMESPACES = 1_000;
const MOST_KEYS = 500_000;
const MOST_VALUE_CHARACTERS = 65_536;

/** Namespace → key → value, kept in `kvConfigPath`. Java: KVConfigManager. */
export class KvConfigManager {
  readonly #table = new Map<string, Map<string, string>>();
  readonly #file: StateFile;

  constructor(file: StateFile) {
    this.#file = file;
  }

  /** @throws StateFileError */
  load(): void {
    const loaded = this.#file.load((text) => {
      const table = decodeBody(kvConfigSerializeWrapper, text);
      return table instanceof DecodeError ? undefined : table;
    });
    for (const [namespace, values] of loaded?.configTable ?? []) this.#table.set(namespace, new Map(values));
  }

  /** False when the table or the value is too large. Throws FsError. Java: KVConfigManager#putKVConfig. */
  put(namespace: string, key: string, value: string): boolean {
    let values = this.#table.get(namespace);
    if (values === undefined) {
      if (this.#table.size >= MOST_NAMESPACES) return false;
      values = new Map();
      this.#table.set(namespace, values);
    }
    if (value.length > MOST_VALUE_CHARACTERS || (!values.has(key) && values.size >= MOST_KEYS)) return false;
    values.set(key, value);
    this.#persist();
    return true;
  }

  get(namespace: string, key: string): string | undefined {
    return this.#table.get(namespace)?.get(key);
  }

  /** All of a namespace; an emptied one still is there. Java: KVConfigManager#getKVListByNamespace. */
  list(namespace: string): ReadonlyMap<string, string> | undefined {
    return this.#table.get(namespace);
  }

  /** Throws FsError. Java: KVConfigManager#deleteKVConfig. */
  delete(namespace: string, key: string): void {
    if (this.#table.get(namespace)?.delete(key) === true) this.#persist();
  }

  #persist(): void {
    this.#file.saveNow(encodeBodyText(kvConfigSerializeWrapper, { configTable: this.#table }));
  }
}
