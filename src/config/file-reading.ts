import { oddAddress, suspiciousAddress } from './address-list.ts';
import type { ConfigPart, Section } from './configs.ts';
import { type KeyRow, parseValue, printValue, setValue, storedValue } from './key.ts';
import type { Notice } from './notice.ts';
import { type PropertyEntry, parseProperties } from './properties.ts';
import { explainUnknownKey } from './unknown-keys.ts';

interface Target {
  readonly row: KeyRow;
  readonly config: object;
}

/**
 * Reads one properties file into settings objects and gathers what there is to say about it, entry by entry. Owns
 * notices, refusals and the place each key was set at.
 */
export class FileReading {
  /** Every key of the file with its last value. */
  readonly properties = new Map<string, string>();
  /** Reasons of ours not to start, with file, line and key. */
  readonly refusals: string[] = [];
  /** Set when the text is no properties file at all. */
  malformed: string | undefined;
  readonly #targets = new Map<string, Target>();
  readonly #parts: readonly ConfigPart[];
  readonly #other: { readonly name: string; readonly sections: readonly Section[] };
  readonly #storeRoot: () => string | undefined;
  readonly #places = new Map<string, string>();
  readonly #notices: { readonly line: number; readonly notice: Notice }[] = [];
  #line = 0;

  constructor(
    parts: readonly ConfigPart[],
    other: { readonly name: string; readonly sections: readonly Section[] },
    storeRoot: () => string | undefined,
  ) {
    this.#parts = parts;
    this.#other = other;
    this.#storeRoot = storeRoot;
    for (const { table, config } of parts) {
      for (const [key, row] of Object.entries(table)) this.#targets.set(key, { row, config });
    }
  }

  /** Applies a file; unknown keys are explained last, because the paths in use must be known by then. */
  read(fileName: string, text: string): void {
    const parsed = parseProperties(text);
    if (parsed.kind === 'malformed') {
      this.malformed = `${fileName}:${parsed.line}: ${parsed.why}, so the whole file cannot be read`;
      return;
    }
    const last = new Map(parsed.entries.map((entry) => [entry.key, entry]));
    const unknown: PropertyEntry[] = [];
    for (const entry of parsed.entries) {
      this.#line = entry.line;
      const at = `${fileName}:${entry.line}`;
      const winner = last.get(entry.key);
      if (winner !== undefined && winner !== entry) {
        this.note('warn', at, `${entry.key} is given again in line ${winner.line}, which counts`);
        continue;
      }
      this.properties.set(entry.key, entry.value);
      this.#places.set(entry.key, at);
      if (this.#targets.has(entry.key)) this.give(entry.key, entry.value, at);
      else unknown.push(entry);
    }
    for (const entry of unknown) {
      this.#line = entry.line;
      const context = {
        sections: this.#parts,
        other: this.#other,
        storeRoot: this.#storeRoot(),
      };
      const { level, text: explanation } = explainUnknownKey(entry.key, entry.value, context);
      this.note(level, `${fileName}:${entry.line}`, explanation);
    }
    this.#line = Number.MAX_SAFE_INTEGER;
  }

  /** Sets one known key from text given at a place, as Java would, and says what is odd about it. */
  give(key: string, given: string, at: string): void {
    const target = this.#targets.get(key);
    if (target === undefined) return;
    const { row, config } = target;
    this.#places.set(key, at);
    const shown = `${key}=${JSON.stringify(given)}`;
    const parsed = parseValue(row, given);
    switch (parsed.kind) {
      case 'kept': {
        const current = printValue(storedValue(config, key));
        const hint = commentHint(given) ?? blankHint(given);
        this.note(
          'warn',
          at,
          `${shown} ${parsed.why}, ${key}=${current} stays${hint === undefined ? '' : `; ${hint}`}`,
        );
        return;
      }
      case 'out-of-bounds':
        this.refusals.push(`${at}: ${shown} ${parsed.why}`);
        return;
      case 'value':
        setValue(config, key, parsed.value);
    }
    if (row.role === 'address') this.#checkAddress(key, given, at);
    else if (row.kind === 'text' && parsed.remark === undefined) this.#checkText(shown, given, at);
    if (parsed.remark !== undefined) {
      const hint = commentHint(given) ?? blankHint(given);
      this.note('warn', at, `${shown} ${parsed.remark}${hint === undefined ? '' : `; ${hint}`}`);
    }
    this.#noteEffect(key, target, at);
  }

  /** Adds a notice of a place. */
  note(level: 'info' | 'warn', at: string, text: string): void {
    this.#notices.push({ line: this.#line, notice: { level, text: `${at}: ${text}` } });
  }

  /** Where a key was set last: file and line, the command line, or the surroundings of the process. */
  origin(key: string): string {
    return this.#places.get(key) ?? 'the environment';
  }

  /** True when the file or the command line set the key. */
  isSet(key: string): boolean {
    return this.#places.has(key);
  }

  /** All notices, in file order. */
  notices(): Notice[] {
    return this.#notices.toSorted((a, b) => a.line - b.line).map(({ notice }) => notice);
  }

  #checkAddress(key: string, given: string, at: string): void {
    const why = suspiciousAddress(given);
    const odd = oddAddress(given);
    if (why !== undefined) this.refusals.push(`${at}: ${key}=${JSON.stringify(given)}: ${why}`);
    else if (odd !== undefined) this.note('warn', at, `${key}=${JSON.stringify(given)}: ${odd}`);
  }

  #checkText(shown: string, given: string, at: string): void {
    const hint = commentHint(given) ?? blankHint(given);
    if (hint !== undefined) this.note('warn', at, `${shown}: ${hint}`);
    if (/[\x80-\xff]/.test(given)) {
      this.note('warn', at, `${shown}: bytes beyond ASCII are read as Latin-1; write such letters as \\uXXXX`);
    }
  }

  #noteEffect(key: string, { row, config }: Target, at: string): void {
    if (typeof row.effect === 'object') {
      this.note('info', at, `${key} is accepted and has no effect: ${row.effect.accepted}`);
      return;
    }
    const stored = storedValue(config, key);
    const used = (config as Record<string, unknown>)[key];
    if (stored !== used) this.note('info', at, `${key}=${printValue(stored)} is used as ${String(used)}`);
  }
}

function commentHint(given: string): string | undefined {
  return /(^|[ \t\f])#/.test(given) ? 'a properties file has no comments behind a value' : undefined;
}

function blankHint(given: string): string | undefined {
  return /[ \t\f]$/.test(given) ? 'the blank at the end belongs to the value' : undefined;
}
