import { join, normalize } from 'node:path';
import type { Section } from './configs.ts';
import type { Table } from './key.ts';

/** What is known about the surroundings of an unknown key. */
export interface KeyContext {
  /** The tables the file is read into. */
  readonly sections: readonly { readonly table: Table }[];
  /** Tables of the other server, for a key in the wrong file, and what that server is called. */
  readonly other: { readonly name: string; readonly sections: readonly Section[] };
  /** storePathRootDir in force, of a broker. */
  readonly storeRoot: string | undefined;
}

/** What a notice says about a key that 4.6.0 does not have, without the place. `warn`: somebody believes in it. */
export interface Explanation {
  readonly level: 'info' | 'warn';
  readonly text: string;
}

/** Names the reason why a key has no effect and the key that was probably meant. */
export function explainUnknownKey(key: string, value: string, context: KeyContext): Explanation {
  const known = 'is not a key of 4.6.0 and has no effect';
  const path = FOLLOWING_PATHS[key];
  if (path !== undefined && context.storeRoot !== undefined) {
    return explainPath(key, value, join(context.storeRoot, path));
  }
  const gone = GONE[key];
  if (gone !== undefined) return { level: 'info', text: `${key} ${known}: ${gone}` };
  if (/^(tls|rocketmq|com\.rocketmq|user)\./.test(key)) {
    return {
      level: 'warn',
      text: `${key} has no effect here: it is a system property of Java, not a key of this file`,
    };
  }
  const meant = lookalike(key, context.sections) ?? nearest(key, context.sections);
  if (meant !== undefined) return { level: 'warn', text: `${key} ${known}; did you mean ${meant}?` };
  if (context.other.sections.some(({ table }) => Object.hasOwn(table, key))) {
    return { level: 'warn', text: `${key} has no effect here: it is a key of the ${context.other.name}` };
  }
  return { level: 'warn', text: key === '' ? 'a value without a key has no effect' : `${key} ${known}` };
}

/** Keys of other versions for paths that always follow storePathRootDir. Java: StorePathConfigHelper. */
const FOLLOWING_PATHS: Readonly<Record<string, string>> = {
  storePathConsumeQueue: 'consumequeue',
  storePathIndex: 'index',
  storeCheckpoint: 'checkpoint',
  abortFile: 'abort',
};

/** Keys of older versions without a successor. */
const GONE: Readonly<Record<string, string>> = {
  checkTransactionMessageEnable: 'half messages are always checked',
};

function explainPath(key: string, given: string, inUse: string): Explanation {
  const fact = `${key} is not a key of 4.6.0 and has no effect; the path in use follows storePathRootDir`;
  if (normalize(given).replace(/\/$/, '') === normalize(inUse)) {
    return { level: 'info', text: `${fact} and is the same, ${inUse}` };
  }
  return { level: 'warn', text: `${fact}: DIFFERENT from the ${JSON.stringify(given)} given here, it is ${inUse}` };
}

function lookalike(key: string, sections: KeyContext['sections']): string | undefined {
  for (const { table } of sections) {
    for (const [name, row] of Object.entries(table)) {
      if (row.lookalikes?.includes(key) !== true) continue;
      return row.lookalikeNote === undefined ? name : `${name} (${row.lookalikeNote})`;
    }
  }
  return undefined;
}

const LONGEST_COMPARED = 60;

/** The key with the smallest distance, when it is small enough to be a slip of the hand. */
function nearest(key: string, sections: KeyContext['sections']): string | undefined {
  if (key.length > LONGEST_COMPARED) return undefined;
  const plain = key.toLowerCase();
  let best: string | undefined;
  let bestDistance = key.length < 10 ? 3 : 4;
  for (const name of sections.flatMap(({ table }) => Object.keys(table))) {
    if (Math.abs(name.length - key.length) >= bestDistance) continue;
    const distance = editDistance(plain, name.toLowerCase());
    if (distance >= bestDistance) continue;
    best = name;
    bestDistance = distance;
  }
  return best;
}

/** Insertions, deletions and replacements that turn one text into the other. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
