import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoDir } from '../peer/peer.ts';

/** One command of the sweep, a row of cases.tsv. */
export interface Case {
  readonly id: string;
  readonly limitMs: number;
  /** Whether integers of its output are compared. */
  readonly exact: boolean;
  /** Given for a command that never ends: lines after which it has shown enough; 0 = runs to its limit. */
  readonly enoughLines?: number;
  readonly args: string;
}

/** A case where ours answers otherwise on purpose, a row of deviations.tsv. */
export interface Deviation {
  /** `stock`: the stock mqadmin sees it on our broker; `own`: our mqadmin prints something else than the stock one. */
  readonly tool: string;
  readonly id: string;
  readonly reason: string;
  /** Number of the ADR. */
  readonly adr: string;
}

const folder = join(repoDir, 'compat-tests', 'mqadmin');

function rows(name: string): string[][] {
  const text = readFileSync(join(folder, name), 'utf8');
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => line.split('\t'));
}

/** All cases, in their order: later ones see what earlier ones have changed. */
export function readCases(): Case[] {
  return rows('cases.tsv').map(([id = '', limit = '', mode = '', args = '']) => {
    const [kind, lines] = mode.split(' ');
    const limitMs = Number(limit) * 1000;
    return {
      id,
      limitMs,
      exact: kind === 'values',
      ...(lines === undefined ? {} : { enoughLines: Number(lines) }),
      args,
    };
  });
}

/** All rows of deviations.tsv. */
export function readDeviations(): Deviation[] {
  return rows('deviations.tsv').map(([tool = '', id = '', reason = '', adr = '']) => ({ tool, id, reason, adr }));
}

/** The words of a case with the values of a cluster filled in. */
export function fillIn(args: string, values: ReadonlyMap<string, string>, nowMs: number): string[] {
  const longAgo = String(nowMs - 3_600_000);
  const filled = args.replaceAll(/\{([A-Z]+)\}/g, (_, name: string) =>
    name === 'LONGAGO' ? longAgo : (values.get(name) ?? `{${name}}`),
  );
  return filled.split(' ').filter((word) => word !== '');
}

/** What is on record for each case (NAME in this folder): its state, `ended` or `endless`, then its lines. */
export function readRecord(name: string): Map<string, string[]> {
  const record = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of readFileSync(join(folder, name), 'utf8').split('\n')) {
    if (line.startsWith('== ')) {
      const [id = '', state = ''] = line.slice(3).split(' ');
      lines = [state];
      record.set(id, lines);
    } else if (line !== '') {
      lines.push(line);
    }
  }
  return record;
}

/** The text that `readRecord` reads. */
export function printRecord(record: ReadonlyMap<string, readonly string[]>): string {
  return [...record].map(([id, [state, ...lines]]) => [`== ${id} ${state}`, ...lines, ''].join('\n')).join('\n');
}
