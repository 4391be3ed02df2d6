import type { RemotingCommand } from './command-value.ts';
import type { OutputBuffer } from './output-buffer.ts';
import { languages, type ScannedCommand } from './scanned-command.ts';

const FIXED_BYTES = 2 + 1 + 2 + 4 + 4 + 4;

/**
 * Scans a binary header in `bytes[start, end)` into `out`. Java: RocketMQSerializable#rocketMQProtocolDecode.
 * @returns false when the lengths do not fit the header.
 */
export function scanBinaryHeader(bytes: Buffer, start: number, end: number, out: ScannedCommand): boolean {
  out.reset(bytes);
  if (end - start < FIXED_BYTES + 4) return false;
  out.code = bytes.readInt16BE(start);
  const language = bytes[start + 2] as number;
  out.language = language < languages.length ? language : -1;
  out.version = bytes.readInt16BE(start + 3);
  out.opaque = bytes.readInt32BE(start + 5);
  out.hasOpaque = true;
  out.flag = bytes.readInt32BE(start + 9);
  const remarkLength = bytes.readInt32BE(start + 13);
  let at = start + FIXED_BYTES;
  if (remarkLength > 0) {
    if (remarkLength > end - at - 4) return false;
    out.remarkStart = at;
    at += remarkLength;
    out.remarkEnd = at;
  }
  if (end - at < 4) return false;
  const extLength = bytes.readInt32BE(at);
  at += 4;
  if (extLength <= 0) return true;
  if (extLength > end - at) return false;
  out.hasExtFields = true;
  return scanEntries(bytes, at, at + extLength, out);
}

function scanEntries(bytes: Buffer, start: number, end: number, out: ScannedCommand): boolean {
  let at = start;
  while (at < end) {
    if (end - at < 2) return false;
    const keyLength = bytes.readInt16BE(at);
    const keyStart = at + 2;
    if (keyLength < 0 || keyLength + 4 > end - keyStart) return false;
    const keyEnd = keyStart + keyLength;
    const valueLength = bytes.readInt32BE(keyEnd);
    const valueStart = keyEnd + 4;
    if (valueLength < 0 || valueLength > end - valueStart) return false;
    if (!out.addField(keyStart, keyEnd, valueStart, valueStart + valueLength, 0)) return false;
    at = valueStart + valueLength;
  }
  return true;
}

/** Appends the binary header of a command. Java: RocketMQSerializable#rocketMQProtocolEncode. */
export function writeBinaryHeader(command: RemotingCommand, out: OutputBuffer): void {
  out.int16(command.code);
  out.byte(Math.max(0, languages.indexOf(command.language ?? 'JAVA')));
  out.int16(command.version);
  out.int32(command.opaque);
  out.int32(command.flag);
  const remark = Buffer.from(command.remark ?? '', 'utf8');
  out.int32(remark.length);
  out.raw(remark);
  const lengthAt = out.length;
  out.int32(0);
  for (const [name, value] of command.extFields ?? []) {
    const key = Buffer.from(name, 'utf8');
    const text = Buffer.from(value, 'utf8');
    out.int16(key.length);
    out.raw(key);
    out.int32(text.length);
    out.raw(text);
  }
  out.putInt32At(lengthAt, out.length - lengthAt - 4);
}
