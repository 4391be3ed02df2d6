import type { Clock } from '../util/clock.ts';
import { type Fs, FsError } from '../util/fs.ts';
import { writeWhole } from '../util/write-whole.ts';
import type { ConfigPart } from './configs.ts';
import { printValue, setValue, storedValue } from './key.ts';
import { configText } from './print.ts';
import { editProperties } from './properties.ts';
import { type Change, plannedUpdate } from './update.ts';

export interface ConfigurationOptions {
  readonly parts: readonly ConfigPart[];
  /** Every key of the file with its last value as it was at start, unknown ones too. */
  readonly fileProperties: ReadonlyMap<string, string>;
  readonly file: SettingsFile;
  readonly fs: Fs;
  readonly clock: Clock;
}

/** Where changed settings are written to. */
export interface SettingsFile {
  /** Absolute. */
  readonly path: string;
  /** False when nobody gave it with `-c`: a restart does not read it then, as with Java. */
  readonly isRead: boolean;
  /** What would keep the server from starting with this text in the file; empty: nothing. */
  readonly problemsOf: (text: string) => readonly string[];
}

/** What became of UPDATE_BROKER_CONFIG or UPDATE_NAMESRV_CONFIG. */
export type Updated =
  /** Nothing was changed; `why` is the remark of the answer. */
  | { readonly kind: 'refused'; readonly why: string }
  | {
      readonly kind: 'done';
      /** New values by key. */
      readonly changed: ReadonlyMap<string, string>;
      /** Keys that Java does not know either, or values that it cannot read: nothing became of them. */
      readonly ignored: readonly string[];
      /** What is to be said to somebody who expects more: which keys wait for a restart. */
      readonly remark: string | undefined;
    };

/**
 * The settings of a running server, how they are told and how they are changed: the file first, then the values. One
 * that is read at start only waits for the restart, but is told as Java tells it, which changes its objects at once.
 * Owns the version of the settings. Java: Configuration; ADR 0054.
 */
export class Configuration {
  readonly #options: ConfigurationOptions;
  readonly #fileProperties: Map<string, string>;
  /** Written, and in force after a restart. */
  readonly #waiting = new Map<string, string>();
  #dataVersion: { readonly counter: number; readonly timestamp: number };

  constructor(options: ConfigurationOptions) {
    this.#options = options;
    this.#fileProperties = new Map(options.fileProperties);
    this.#dataVersion = { counter: 0, timestamp: options.clock.now() };
  }

  /** Counts the updates. Java: Configuration#getDataVersionJson. */
  get dataVersionJson(): string {
    return JSON.stringify(this.#dataVersion);
  }

  /** All settings as properties text. Java: Configuration#getAllConfigsFormatString. */
  text(): string {
    return configText(this.#options.parts, this.#fileProperties, this.#waiting);
  }

  /** Changes settings as the body of a request says, all of them or none. */
  update(body: string): Updated {
    const plan = plannedUpdate(body, {
      parts: this.#options.parts,
      fileProperties: this.#fileProperties,
      waiting: this.#waiting,
    });
    if (plan.kind === 'malformed') return { kind: 'refused', why: 'string2Properties error' };
    if (plan.kind === 'refused') return { kind: 'refused', why: plan.reasons.join('; ') };
    const { changes, ignored } = plan;
    const changed = new Map(changes.map(({ key, text }) => [key, text]));
    const written: Written = changed.size === 0 ? { kind: 'written' } : this.#write(changed);
    if (written.kind === 'not written') return { kind: 'refused', why: `${written.why}, nothing was changed` };
    for (const change of changes) this.#apply(change);
    this.#dataVersion = { counter: this.#dataVersion.counter + 1, timestamp: this.#options.clock.now() };
    return { kind: 'done', changed, ignored, remark: this.#remark(changes, ignored, written.remark) };
  }

  #apply({ key, text, value, config, isLive }: Change): void {
    if (config === undefined) this.#fileProperties.set(key, text);
    else if (isLive) setValue(config, key, value);
    else if (printValue(storedValue(config, key)) === text) this.#waiting.delete(key);
    else this.#waiting.set(key, text);
  }

  #remark(changes: readonly Change[], ignored: readonly string[], more = ''): string | undefined {
    const waiting = changes.filter(({ config, isLive }) => config !== undefined && !isLive).map(({ key }) => key);
    const { file } = this.#options;
    const remarks = [
      waiting.length === 0 ? '' : `in force after a restart: ${waiting.join(', ')}`,
      ignored.length === 0 ? '' : `ignored, no setting or no value of it: ${ignored.join(', ')}`,
      changes.length === 0 || file.isRead ? '' : `written to ${file.path}, which a start reads only with -c`,
      more,
    ].filter((remark) => remark !== '');
    return remarks.length === 0 ? undefined : remarks.join('; ');
  }

  /** Only the changed lines, the old file as .bak beside it, as Java keeps it; both as readable as the old one was. */
  #write(changed: ReadonlyMap<string, string>): Written {
    const { fs, file } = this.#options;
    let edited: string | undefined;
    try {
      const old = fs.readFile(file.path, MOST_FILE_BYTES);
      edited = editProperties(old?.toString('latin1') ?? '', changed);
      const why = edited === undefined ? 'the file of the settings is no properties file' : this.#objection(edited);
      if (why !== undefined || edited === undefined) return { kind: 'not written', why: why ?? '' };
      if (old !== undefined) writeWhole(fs, `${file.path}.bak`, old, file.path);
      writeWhole(fs, file.path, Buffer.from(edited, 'latin1'));
      return { kind: 'written' };
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      const { code, operation } = error;
      // The file is there; only its name may not outlive a power failure.
      if (operation === 'fsyncDir' && this.#isThere(edited)) return { kind: 'written', remark: perhapsNotSafe(code) };
      return { kind: 'not written', why: `the settings could not be written (${code})` };
    }
  }

  #objection(edited: string): string | undefined {
    if (edited.length > MOST_FILE_BYTES) return 'the file of the settings would be too long';
    const [problem] = this.#options.file.problemsOf(edited);
    return problem === undefined ? undefined : `no start would be possible (${problem})`;
  }

  #isThere(edited: string | undefined): boolean {
    try {
      const { fs, file } = this.#options;
      return edited !== undefined && fs.readFile(file.path, MOST_FILE_BYTES)?.toString('latin1') === edited;
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      return false;
    }
  }
}

type Written =
  | { readonly kind: 'written'; readonly remark?: string }
  | { readonly kind: 'not written'; readonly why: string };

function perhapsNotSafe(code: string): string {
  return `written, but perhaps not safe from a power failure (${code})`;
}

/** What a start reads at most. */
const MOST_FILE_BYTES = 1_048_576;
