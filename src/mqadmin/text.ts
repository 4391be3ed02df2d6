/** Texts as mqadmin's columns have them. */
import { localTimeText } from '../codec/time-text.ts';

/**
 * The format of Java's printf as far as the commands use it: `%s`, `%-20s`, `%12s`. Numbers are given as texts or as
 * they are; nothing is cut off. Java: Formatter.
 */
export function printf(format: string, ...values: readonly (string | number | boolean)[]): string {
  let at = 0;
  return format.replaceAll(/%(-?)(\d*)s/g, (_, left: string, width: string) => {
    const value = String(values[at++]);
    return left === '-' ? value.padEnd(Number(width)) : value.padStart(Number(width));
  });
}

/** At most the first `most` characters. Java: UtilAll#frontStringAtLeast. */
export function front(text: string, most: number): string {
  return text.slice(0, most);
}

/** A number with zeros before it. Java: `%03d` of Formatter. */
export function digits(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

/** Local `yyyy-MM-dd HH:mm:ss,SSS`. Java: UtilAll#timeMillisToHumanString2. */
export function timeWithMillis(timeMs: number): string {
  return `${timeText(timeMs)},${localTimeText(timeMs).slice(-3)}`;
}

/** Local `yyyy-MM-dd HH:mm:ss`. Java: UtilAll#formatDate, YYYY_MM_DD_HH_MM_SS. */
export function timeText(timeMs: number): string {
  return localTimeText(timeMs).replace('#', ' ').slice(0, -4);
}

const EIGHT_HOURS_MS = 8 * 60 * 60 * 1000;

/** `yyyy-MM-dd HH:mm:ss` in GMT+8, wherever this runs. Java: CLusterSendMsgRTCommand#getCurTime. */
export function timeTextInChina(timeMs: number): string {
  return new Date(timeMs + EIGHT_HOURS_MS).toISOString().slice(0, 19).replace('T', ' ');
}
