import type { Spread } from '../statistics.ts';
import { formatNumber } from '../table.ts';

export type Verdict = 'ok' | 'MISSED' | '';

/** One line of the table: one figure of one part. */
export interface Row {
  readonly what: string;
  readonly figure: string;
  readonly ours: Spread | undefined;
  readonly java: Spread | undefined;
  /** Ours divided by Java's, medians. */
  readonly ratio: number | undefined;
  readonly floor: string;
  readonly verdict: Verdict;
  /** Lowest and highest one-minute load average at the begin of the runs. */
  readonly load: readonly [number, number];
}

export const rowHead = ['', 'figure', 'ours', 'min–max', 'Java', 'min–max', 'ratio', 'floor', 'verdict', 'load'];

export function rowCells(row: Row): string[] {
  return [
    row.what,
    row.figure,
    median(row.ours),
    range(row.ours),
    median(row.java),
    range(row.java),
    row.ratio === undefined ? '' : formatNumber(row.ratio),
    row.floor,
    row.verdict,
    row.load.map((value) => value.toFixed(1)).join('–'),
  ];
}

/** `isMet` is undefined when one side was not measured. */
export function verdictOf(isMet: boolean | undefined): Verdict {
  if (isMet === undefined) return '';
  return isMet ? 'ok' : 'MISSED';
}

function median(spread: Spread | undefined): string {
  return spread === undefined ? '' : formatNumber(spread.median);
}

function range(spread: Spread | undefined): string {
  if (spread === undefined || spread.min === spread.max) return '';
  return `${formatNumber(spread.min)}–${formatNumber(spread.max)}`;
}
