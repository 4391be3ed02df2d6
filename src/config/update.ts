import type { ConfigPart } from './configs.ts';
import { type KeyRow, parseValue, printValue, storedValue, type Value } from './key.ts';
import { isNotYet } from './not-yet.ts';
import { parseProperties } from './properties.ts';

/** The settings that an update would change. */
export interface Settings {
  readonly parts: readonly ConfigPart[];
  /** Every key of the file with its last value. */
  readonly fileProperties: ReadonlyMap<string, string>;
  /** Values that are written already and in force after a restart. */
  readonly waiting: ReadonlyMap<string, string>;
}

/** One key that changes. */
export interface Change {
  readonly key: string;
  /** The new value as the file has it. */
  readonly text: string;
  readonly value: Value;
  /** The object it lives in; undefined for a key of the file that no object has. */
  readonly config: object | undefined;
  /** False when it is read at start only. */
  readonly isLive: boolean;
}

/** What an update asks for. */
export type Plan =
  /** The body is no properties text. */
  | { readonly kind: 'malformed' }
  /** Nothing may be changed, for these reasons. */
  | { readonly kind: 'refused'; readonly reasons: readonly string[] }
  /** `ignored`: keys that are none, and keys whose value cannot be read. */
  | { readonly kind: 'changes'; readonly changes: readonly Change[]; readonly ignored: readonly string[] };

/**
 * What the body of an update request would change. Paths, class names, what starts processes and features that are not
 * there yet are refused (CVE-2023-33246, CVE-2023-37582); unknown keys and unparsable values are ignored, as by Java,
 * which changes only keys that it has: those of its objects and those of the file. Java: Configuration#update.
 */
export function plannedUpdate(body: string, settings: Settings): Plan {
  const parsed = parseProperties(body);
  if (parsed.kind === 'malformed') return { kind: 'malformed' };
  const reasons: string[] = [];
  const changes: Change[] = [];
  const ignored: string[] = [];
  for (const [key, given] of new Map(parsed.entries.map((entry) => [entry.key, entry.value]))) {
    const change = planned(key, given, settings);
    if (change === 'ignored') ignored.push(shortened(key));
    else if (change === 'same') continue;
    else if ('why' in change) reasons.push(change.why);
    else changes.push(change);
  }
  return reasons.length > 0 ? { kind: 'refused', reasons } : { kind: 'changes', changes, ignored };
}

type Planned = Change | 'ignored' | 'same' | { readonly why: string };

function planned(key: string, given: string, { parts, fileProperties, waiting }: Settings): Planned {
  const part = parts.find(({ table }) => Object.hasOwn(table, key));
  const row = part?.table[key];
  if (part === undefined || row === undefined) {
    const known = fileProperties.get(key);
    if (known === undefined) return 'ignored';
    if (known === given) return 'same';
    if (isNotYet(key, given)) return { why: `${key}=${shortened(given)} is not available yet` };
    return tooLong(key, given) ?? { key, text: given, value: given, config: undefined, isLive: false };
  }
  const value = parseValue(row, given);
  if (value.kind === 'kept') return 'ignored';
  if ((waiting.get(key) ?? printValue(storedValue(part.config, key))) === given) return 'same';
  if (isOnlyOfFile(row)) return { why: `${key} can only be changed in the file` };
  if (isNotYet(key, given)) return { why: `${key}=${given} is not available yet` };
  if (value.kind === 'out-of-bounds') return { why: `${key}=${shortened(given)} ${value.why}` };
  const change = { key, text: given, value: value.value, config: part.config, isLive: row.effect !== 'restart' };
  return tooLong(key, given) ?? change;
}

/** A setting that nobody may change over the network: what it names is opened, loaded or trusted. */
export function isOnlyOfFile(row: KeyRow): boolean {
  return row.role === 'path' || row.role === 'class' || row.role === 'trust';
}

/** A lengthy value would go into each message or fill the file. */
const MOST_VALUE_CHARACTERS = 4096;

function tooLong(key: string, given: string): { readonly why: string } | undefined {
  if (given.length <= MOST_VALUE_CHARACTERS) return undefined;
  return { why: `${key} would be longer than ${MOST_VALUE_CHARACTERS} characters` };
}

function shortened(text: string): string {
  return text.length <= MOST_TOLD ? text : `${text.slice(0, MOST_TOLD)}…`;
}

const MOST_TOLD = 100;
