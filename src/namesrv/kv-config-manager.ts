import { decodeBody, encodeBodyText } from '../codec/bodies/schema.ts';
import { kvConfigSerializeWrapper } from '../codec/bodies/topic-config.ts';
import { DecodeError } from '../codec/fast-json.ts';
import type { StateFile } from '../util/state-file.ts';

/** What the table may hold, so that every answer with a whole namespace fits a frame. Java has no limits. */
export interface KvLimits {
  readonly entries: number;
  /** Of all namespaces, keys and values together. */
  readonly characters: number;
}

export const kvLimits: KvLimits = { entries: 200_000, characters: 4_194_304 };

/** Namespace → key → value, kept in `kvConfigPath`. Java: KVConfigManager. */
export class KVConfigManager {
  readonly #table = new Map<string, Map<string, string>>();
  readonly #file: StateFile;
  readonly #limits: KvLimits;
  #entries = 0;
  #characters = 0;

  constructor(file: StateFile, limits = kvLimits) {
    this.#file = file;
    this.#limits = limits;
  }

  /** Reads the file, whatever its size. @throws StateFileError */
  load(): void {
    const loaded = this.#file.load((text) => {
      const table = decodeBody(kvConfigSerializeWrapper, text);
      return table instanceof DecodeError ? undefined : table;
    });
    for (const [namespace, values] of loaded?.configTable ?? []) {
      this.#namespace(namespace);
      for (const [key, value] of values) this.#set(namespace, key, value);
    }
  }

  /**
   * In the file first, then in the table; false when there is no room for it. Throws FsError, and then nothing has
   * changed. Java: KVConfigManager#putKVConfig.
   */
  put(namespace: string, key: string, value: string): boolean {
    const old = this.#table.get(namespace)?.get(key);
    const isNew = old === undefined;
    const grows = isNew ? namespace.length + key.length + value.length : value.length - old.length;
    const { entries, characters } = this.#limits;
    if ((isNew && this.#entries >= entries) || (grows > 0 && this.#characters + grows > characters)) return false;
    this.#persist(namespace, new Map(this.#table.get(namespace)).set(key, value));
    this.#set(namespace, key, value);
    return true;
  }

  get(namespace: string, key: string): string | undefined {
    return this.#table.get(namespace)?.get(key);
  }

  /** All of a namespace; an emptied one still is there. Java: KVConfigManager#getKVListByNamespace. */
  list(namespace: string): ReadonlyMap<string, string> | undefined {
    return this.#table.get(namespace);
  }

  /**
   * An emptied namespace stays. Throws FsError, and then nothing has changed.
   * Java: KVConfigManager#deleteKVConfig.
   */
  delete(namespace: string, key: string): void {
    const values = this.#table.get(namespace);
    const old = values?.get(key);
    if (values === undefined || old === undefined) return;
    const left = new Map(values);
    left.delete(key);
    this.#persist(namespace, left);
    values.delete(key);
    this.#entries -= 1;
    this.#characters -= key.length + old.length;
  }

  #set(namespace: string, key: string, value: string): void {
    const values = this.#namespace(namespace);
    const old = values.get(key);
    if (old === undefined) this.#entries += 1;
    this.#characters += old === undefined ? key.length + value.length : value.length - old.length;
    values.set(key, value);
  }

  /** A namespace is never removed, so its name counts for good, as an entry of its own. */
  #namespace(namespace: string): Map<string, string> {
    const known = this.#table.get(namespace);
    if (known !== undefined) return known;
    const values = new Map<string, string>();
    this.#table.set(namespace, values);
    this.#entries += 1;
    this.#characters += namespace.length;
    return values;
  }

  #persist(namespace: string, values: ReadonlyMap<string, string>): void {
    const configTable = new Map<string, ReadonlyMap<string, string>>(this.#table).set(namespace, values);
    this.#file.saveNow(encodeBodyText(kvConfigSerializeWrapper, { configTable }));
  }
}
