import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';

/**
 * One line of a recorded trace, in the order in which things happened in the broker's only thread: a positional write
 * when it had returned, the start and the return of an fdatasync (`id` pairs them), and an answer to a send with
 * SEND_OK when its bytes were handed to the socket, with the ids it carries.
 */
export type TraceEvent =
  | { readonly op: 'pwrite'; readonly path: string; readonly from: number; readonly to: number }
  | { readonly op: 'fdatasync-start' | 'fdatasync-end'; readonly path: string; readonly id: number }
  | { readonly op: 'send-ok'; readonly msgId: string };

/** Reads a trace of JSON lines; a torn last line (the process was killed) is left out. */
export function readTrace(file: string): TraceEvent[] {
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as TraceEvent);
}

/** A stored record as a byte range of the log. */
export interface RecordRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Every SEND_OK of the trace must come after the return of an fdatasync that started when the whole record had been
 * written. `rangeOf` tells where a message id lies, or undefined for one that is not in the store. Returns one line
 * per answer that came too early.
 */
export function answersBeforeFlush(
  events: readonly TraceEvent[],
  rangeOf: (msgId: string) => RecordRange | undefined,
): string[] {
  const files = new Map<string, FlushState>();
  const problems: string[] = [];
  for (const event of events) {
    if (event.op === 'send-ok') {
      for (const msgId of event.msgId.split(',')) {
        const range = rangeOf(msgId);
        if (range === undefined) problems.push(`${msgId} was answered and is not stored`);
        else if (!isFlushed(files, range))
          problems.push(`${msgId} (${range.from}..${range.to}) was answered unflushed`);
      }
    } else if (basename(dirname(event.path)) === 'commitlog') {
      const state = files.get(event.path) ?? newFlushState(event.path);
      files.set(event.path, state);
      apply(state, event);
    }
  }
  return problems;
}

/** What of one log file is on disk: the written ranges not flushed yet, and what each running fdatasync will cover. */
interface FlushState {
  readonly start: number;
  written: number;
  unflushed: RecordRange[];
  readonly running: Map<number, readonly RecordRange[]>;
}

function newFlushState(path: string): FlushState {
  return { start: Number(basename(path)), written: 0, unflushed: [], running: new Map() };
}

function apply(state: FlushState, event: Exclude<TraceEvent, { op: 'send-ok' }>): void {
  if (event.op === 'pwrite') {
    state.unflushed.push({ from: state.start + event.from, to: state.start + event.to });
    state.written = Math.max(state.written, state.start + event.to);
  } else if (event.op === 'fdatasync-start') {
    state.running.set(event.id, state.unflushed);
    state.unflushed = [...state.unflushed];
  } else {
    const covered = new Set(state.running.get(event.id));
    state.running.delete(event.id);
    state.unflushed = state.unflushed.filter((range) => !covered.has(range));
  }
}

function isFlushed(files: ReadonlyMap<string, FlushState>, { from, to }: RecordRange): boolean {
  const state = [...files.values()].filter(({ start }) => start <= from).sort((a, b) => b.start - a.start)[0];
  if (state === undefined || state.written < to) return false;
  return !state.unflushed.some((range) => range.from < to && from < range.to);
}
