import { BLANK_MAGIC, MESSAGE_MAGIC } from '../codec/message.ts';
import type { FileWindow } from './file-window.ts';
import { LogRecord } from './log-record.ts';

/**
 * What a log file consists of, in order; offsets are physical. `record`: an intact one, in the record that was given.
 * `blank`: the head of the blank record that ends the file. `end`: zeros from here to the end of the file.
 * `damaged`: bytes that are none of these; a place that is follows at `to`, or the file ends there (`tail`).
 */
export type LogPlace =
  | { readonly kind: 'record' }
  | { readonly kind: 'blank' | 'end'; readonly from: number }
  | DamagedPlace;

export interface DamagedPlace {
  readonly kind: 'damaged';
  readonly from: number;
  readonly to: number;
  readonly what: string;
  readonly tail: boolean;
}

/**
 * Walks a log file from its begin. A record is intact when its lengths add up, its body has its checksum and it stands
 * where it says. Behind damage the walk goes on where the record's length leads, if something intact stands there,
 * else at the next intact record or blank anywhere in the file: both tell their own position.
 */
export function* placesIn(window: FileWindow, fileFrom: number, record: LogRecord): Generator<LogPlace> {
  let at = 0;
  while (at < window.sizeBytes) {
    const found = look(window, fileFrom, at, record);
    if (found === 'record') {
      at = record.end;
      yield RECORD;
    } else if (found === 'blank') {
      yield { kind: 'blank', from: fileFrom + at };
      return;
    } else if (found === 'end') {
      yield { kind: 'end', from: fileFrom + at };
      return;
    } else {
      const next = nextIntact(window, fileFrom, at, found.candidates);
      const to = fileFrom + (next ?? window.sizeBytes);
      yield { kind: 'damaged', from: fileFrom + at, to, what: found.what, tail: next === undefined };
      if (next === undefined) return;
      at = next;
    }
  }
  // A file that is full ends in a blank record of at least 8 bytes.
  const end = fileFrom + window.sizeBytes;
  yield { kind: 'damaged', from: end, to: end, what: 'the file has no blank record at its end', tail: true };
}

const RECORD: LogPlace = { kind: 'record' };

interface Trouble {
  readonly what: string;
  /** Positions where the next record may begin. */
  readonly candidates: readonly number[];
}

function look(
  window: FileWindow,
  fileFrom: number,
  at: number,
  record: LogRecord,
): 'record' | 'blank' | 'end' | Trouble {
  const status = record.read(window, at);
  if (status === 'blank') {
    const rest = window.sizeBytes - at;
    if (record.totalSize === rest) return 'blank';
    return { what: `a blank record of ${record.totalSize} bytes where ${rest} are left`, candidates: [] };
  }
  if (status === 'zero') {
    if (window.isZero(at, window.sizeBytes)) return 'end';
    return { what: 'zeros before other bytes', candidates: [] };
  }
  if (status === 'magic') return { what: 'MAGICCODE is none', candidates: [at + record.totalSize] };
  if (status === 'lengths') {
    const what = `TOTALSIZE is ${record.totalSize}, which the lengths inside do not add up to`;
    return { what, candidates: [at + record.totalSize, record.partsEnd] };
  }
  const { phyOffset, totalSize } = record;
  if (phyOffset !== fileFrom + at) return { what: `PHYSICALOFFSET is ${phyOffset}`, candidates: [at + totalSize] };
  if (!record.isBodyIntact(window)) {
    return { what: 'the body does not have the checksum of BODYCRC', candidates: [at + totalSize] };
  }
  // The checksum moved the window; a second look brings topic and properties back.
  record.read(window, at);
  return 'record';
}

function nextIntact(
  window: FileWindow,
  fileFrom: number,
  at: number,
  candidates: readonly number[],
): number | undefined {
  const probe = new LogRecord();
  for (const candidate of [...candidates].sort((a, b) => a - b)) {
    if (candidate > at && candidate < window.sizeBytes && isIntact(window, fileFrom, candidate, probe)) {
      return candidate;
    }
  }
  for (let from = at + 1; from < window.sizeBytes; ) {
    const magicAt = nextMagic(window, from + 4);
    if (magicAt === undefined) break;
    if (isIntact(window, fileFrom, magicAt - 4, probe)) return magicAt - 4;
    from = magicAt - 4 + 1;
  }
  return undefined;
}

function isIntact(window: FileWindow, fileFrom: number, at: number, probe: LogRecord): boolean {
  const status = probe.read(window, at);
  if (status === 'blank') return probe.totalSize === window.sizeBytes - at;
  if (status !== 'ok' || probe.phyOffset !== fileFrom + at) return false;
  return probe.isBodyIntact(window);
}

/** Position of the next magic number of a record or a blank. */
function nextMagic(window: FileWindow, from: number): number | undefined {
  for (let at = from; at < window.sizeBytes; at += PIECE_BYTES - MAGIC_BYTES + 1) {
    const piece = window.view(at, Math.min(PIECE_BYTES, window.sizeBytes - at));
    const found = [MAGIC, BLANK].map((magic) => piece.indexOf(magic)).filter((index) => index >= 0);
    if (found.length > 0) return at + Math.min(...found);
    if (piece.length < PIECE_BYTES) break;
  }
  return undefined;
}

const PIECE_BYTES = 1 << 17;
const MAGIC_BYTES = 4;
const MAGIC = Buffer.alloc(MAGIC_BYTES);
MAGIC.writeInt32BE(MESSAGE_MAGIC);
const BLANK = Buffer.alloc(MAGIC_BYTES);
BLANK.writeInt32BE(BLANK_MAGIC);
