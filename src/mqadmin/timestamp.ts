import { CommandError } from './command.ts';

/** `yyyy-MM-dd#HH:mm:ss:SSS`, as lenient in its widths as Java's SimpleDateFormat. */
const WRITTEN = /^(\d{1,4})-(\d{1,2})-(\d{1,2})#(\d{1,2}):(\d{1,2}):(\d{1,2}):(\d{1,3})$/;

/**
 * A time that an option gives: ms, or local `yyyy-MM-dd#HH:mm:ss:SSS`; undefined without the option. Throws
 * CommandError. Java: PrintMessageSubCommand#timestampFormat.
 */
export function timestampOf(letter: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^-?\d{1,15}$/.test(value)) return Number(value);
  const found = WRITTEN.exec(value);
  if (found === null) throw new CommandError(`-${letter} ${value}: a time is ms, or yyyy-MM-dd#HH:mm:ss:SSS`);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0] = found.slice(1).map(Number);
  return new Date(year, month - 1, day, hour, minute, second, ms).getTime();
}
