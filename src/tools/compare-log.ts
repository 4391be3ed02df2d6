import { MessageConst } from '../codec/message-const.ts';
import type { CompareCounts } from './compare-counts.ts';
import type { FileWindow } from './file-window.ts';
import { LogRecord } from './log-record.ts';

/**
 * Compares two CommitLog files of equal length record by record: times and hosts are masked, properties are compared
 * as a set. From a place on where the two have records of different length the rest is compared byte by byte.
 */
export function compareLogFiles(counts: CompareCounts, path: string, a: FileWindow, b: FileWindow): void {
  const left = new LogRecord();
  const right = new LogRecord();
  let at = 0;
  while (at < a.sizeBytes) {
    const status = left.read(a, at);
    const other = right.read(b, at);
    if (status === 'blank' && other === 'blank') {
      counts.range(path, `blank record at ${at}`, a, b, at, at + 8);
      counts.mask('behind a blank', a.sizeBytes - at - 8);
      return;
    }
    if (status !== 'ok' || other !== 'ok' || left.totalSize !== right.totalSize) break;
    compareRecords({ counts, path, a, b }, left, right);
    at = left.end;
  }
  counts.range(path, `bytes from ${at} on`, a, b, at, a.sizeBytes);
}

interface Sides {
  readonly counts: CompareCounts;
  readonly path: string;
  readonly a: FileWindow;
  readonly b: FileWindow;
}

function compareRecords(sides: Sides, left: LogRecord, right: LogRecord): void {
  const { counts, path, a, b } = sides;
  const from = left.position;
  const part = (name: string, start: number, end: number): void => {
    counts.range(path, `${name} of the record at ${from}`, a, b, from + start, from + end);
  };
  const properties: readonly [Buffer, Buffer] = [Buffer.from(left.properties), Buffer.from(right.properties)];
  for (const [name, start, end] of HEAD) part(name, start, end);
  const born = left.bornHost.length;
  const store = left.storeHost.length;
  counts.mask('timestamp', 16);
  counts.mask('host', born + store);
  const reconsumeAt = 56 + born + store;
  part('RECONSUMETIMES', reconsumeAt, reconsumeAt + 4);
  part('PREPAREDTRANSACTIONOFFSET', reconsumeAt + 4, reconsumeAt + 12);
  part('BODYLEN', reconsumeAt + 12, reconsumeAt + 16);
  const bodyEnd = left.bodyPosition - from + left.bodyLength;
  part('BODY', reconsumeAt + 16, bodyEnd);
  const propertiesAt = left.totalSize - properties[0].length;
  part('TOPIC and PROPERTIESLEN', bodyEnd, propertiesAt);
  if (left.bodyLength !== right.bodyLength || properties[0].length !== properties[1].length) {
    part('PROPERTIES', propertiesAt, left.totalSize);
  } else compareProperties(sides, from, propertiesAt, properties);
}

const HEAD = [
  ['TOTALSIZE', 0, 4],
  ['MAGICCODE', 4, 8],
  ['BODYCRC', 8, 12],
  ['QUEUEID', 12, 16],
  ['FLAG', 16, 20],
  ['QUEUEOFFSET', 20, 28],
  ['PHYSICALOFFSET', 28, 36],
  ['SYSFLAG', 36, 40],
] as const;

function compareProperties(
  { counts, path }: Sides,
  from: number,
  propertiesAt: number,
  texts: readonly [Buffer, Buffer],
): void {
  const [a, b] = texts.map((text) => maskedPairs(text.toString('latin1')));
  if (a === undefined || b === undefined) return;
  counts.mask('timestamp', a.timeBytes);
  counts.mask('host', a.hostBytes);
  counts.comparedBytes += texts[0].length - a.timeBytes - a.hostBytes;
  const onlyA = a.pairs.filter((pair) => !b.pairs.includes(pair));
  const onlyB = b.pairs.filter((pair) => !a.pairs.includes(pair));
  const same = a.pairs.length === b.pairs.length && a.pairs.every((pair, index) => pair === b.pairs[index]);
  if (same) return;
  const show = (pairs: readonly string[]): string => pairs.join(' ').replaceAll('\u0001', '=');
  const what = `PROPERTIES of the record at ${from}`;
  counts.differ({ path, offset: from + propertiesAt, what, a: show(onlyA), b: show(onlyB) });
}

/** The pairs of a properties text, sorted, with what tells of time and host taken out. */
function maskedPairs(text: string): { pairs: string[]; timeBytes: number; hostBytes: number } {
  let timeBytes = 0;
  let hostBytes = 0;
  const pairs = text.split('\u0002').map((pair) => {
    const nameEnd = pair.indexOf('\u0001');
    const name = pair.slice(0, nameEnd);
    const value = pair.slice(nameEnd + 1);
    if (nameEnd < 0) return pair;
    if (TIMES.has(name) && /^\d+$/.test(value)) {
      timeBytes += value.length;
      return `${name}\u0001*${value.length}`;
    }
    if (name === MessageConst.PROPERTY_ORIGIN_MESSAGE_ID && value.length > OFFSET_DIGITS) {
      hostBytes += value.length - OFFSET_DIGITS;
      return `${name}\u0001*${value.length}${value.slice(-OFFSET_DIGITS)}`;
    }
    return pair;
  });
  return { pairs: pairs.sort(), timeBytes, hostBytes };
}

const TIMES: ReadonlySet<string> = new Set([
  MessageConst.PROPERTY_CONSUME_START_TIMESTAMP,
  MessageConst.PROPERTY_REPLY_MESSAGE_ARRIVE_TIME,
  MessageConst.PROPERTY_PUSH_REPLY_TIME,
]);
/** Hex digits of the physical offset at the end of a message id; the host stands before it. */
const OFFSET_DIGITS = 16;
