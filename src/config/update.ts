import type { ConfigPart } from './configs.ts';
import { parseValue, printValue, setValue, storedValue } from './key.ts';
import { isNotYet } from './not-yet.ts';
import { parseProperties } from './properties.ts';

/** What became of UPDATE_BROKER_CONFIG or UPDATE_NAMESRV_CONFIG. */
export type Update =
  /** The body is no properties text. */
  | { readonly kind: 'malformed' }
  /** Nothing was changed, for these reasons. */
  | { readonly kind: 'refused'; readonly reasons: readonly string[] }
  | {
      readonly kind: 'done';
      /** New values by key: what has to be written to the file. */
      readonly changed: ReadonlyMap<string, string>;
      /** Those of them that count at the next start only. */
      readonly afterRestart: readonly string[];
    };

/**
 * Changes settings from the body of an update request. Paths, class names and features that are not there yet are
 * refused, and then nothing is changed (CVE-2023-33246, CVE-2023-37582); unknown keys and
 * unparsable values are ignored, as by Java. `save` is called with what is about to change, before it does: what it
 * throws leaves everything as it was. Java: Configuration#update.
 */
export function updateSettings(
  parts: readonly ConfigPart[],
  body: string,
  save: (changed: ReadonlyMap<string, string>) => void = () => {},
): Update {
  const parsed = parseProperties(body);
  if (parsed.kind === 'malformed') return { kind: 'malformed' };
  const wanted = new Map(parsed.entries.map(({ key, value }) => [key, value]));
  const reasons: string[] = [];
  const changes: (() => void)[] = [];
  const changed = new Map<string, string>();
  const afterRestart: string[] = [];
  for (const [key, given] of wanted) {
    const part = parts.find(({ table }) => Object.hasOwn(table, key));
    const row = part?.table[key];
    if (part === undefined || row === undefined) continue;
    const value = parseValue(row, given);
    if (value.kind === 'kept' || printValue(storedValue(part.config, key)) === given) continue;
    if (row.role === 'path' || row.role === 'class') reasons.push(`${key} can only be changed in the file`);
    else if (isNotYet(key, given)) reasons.push(`${key}=${given} is not available yet`);
    else if (value.kind === 'out-of-bounds') reasons.push(`${key}=${given} ${value.why}`);
    else {
      changes.push(() => setValue(part.config, key, value.value));
      changed.set(key, given);
      if (row.effect === 'restart') afterRestart.push(key);
    }
  }
  if (reasons.length > 0) return { kind: 'refused', reasons };
  if (changed.size > 0) save(changed);
  for (const change of changes) change();
  return { kind: 'done', changed, afterRestart };
}
