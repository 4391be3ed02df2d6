import type { ConfigPart } from './configs.ts';
import { printValue, storedValue } from './key.ts';
import { formatProperties } from './properties.ts';

/** `key=value` of every setting, or of the important ones, in Java's order. Java: MixAll#printObjectProperties. */
export function printedSettings(parts: readonly ConfigPart[], onlyImportant: boolean): string[] {
  return parts.flatMap(({ table, config }) =>
    Object.entries(table)
      .filter(([, row]) => !onlyImportant || row.important === true)
      .map(([key]) => `${key}=${printValue(storedValue(config, key))}`),
  );
}

/**
 * The body of GET_BROKER_CONFIG and GET_NAMESRV_CONFIG: every setting that has a value, then the unknown keys of the
 * file. `waiting` are values that count after a restart. Java's order is that of its hash table.
 * Java: Configuration#getAllConfigsFormatString.
 */
export function configText(
  parts: readonly ConfigPart[],
  fileProperties: ReadonlyMap<string, string>,
  waiting: ReadonlyMap<string, string> = new Map(),
): string {
  const all = new Map<string, string>();
  for (const { table, config } of parts) {
    for (const key of Object.keys(table)) {
      const value = storedValue(config, key);
      if (value !== undefined) all.set(key, printValue(value));
    }
  }
  for (const [key, value] of fileProperties) {
    if (!parts.some(({ table }) => Object.hasOwn(table, key))) all.set(key, value);
  }
  for (const [key, value] of waiting) all.set(key, value);
  return formatProperties(all);
}
