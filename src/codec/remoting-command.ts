import {
  FLAG_ONEWAY,
  FLAG_RESPONSE,
  JSON_TYPE,
  type RemotingCommand,
  ROCKETMQ_TYPE,
  VERSION_4_6_0,
} from './command-value.ts';
import { type FrameParts, splitFrame } from './frame.ts';
import { OutputBuffer } from './output-buffer.ts';
import { languages, ScannedCommand, scanJsonHeader } from './scanned-command.ts';
import { fallBackJsonHeader, writeJsonHeader } from './serialize-json.ts';
import { scanBinaryHeader, writeBinaryHeader } from './serialize-rocketmq.ts';

export { FLAG_ONEWAY, FLAG_RESPONSE, JSON_TYPE, type RemotingCommand, ROCKETMQ_TYPE, VERSION_4_6_0 };

/**
 * Scans the header of a frame into `out`, whichever serialization it has.
 * @returns false when the bytes are no command; the connection is then closed, as Java does.
 */
export function scanHeader(bytes: Buffer, parts: FrameParts, out: ScannedCommand): boolean {
  const { headerStart, headerEnd } = parts;
  if (parts.serializeType === ROCKETMQ_TYPE) return scanBinaryHeader(bytes, headerStart, headerEnd, out);
  if (out.repeated.take(bytes, headerStart, headerEnd, out)) return true;
  if (!scanJsonHeader(bytes, headerStart, headerEnd, out)) {
    return fallBackJsonHeader(bytes, headerStart, headerEnd, out);
  }
  out.repeated.scanned(bytes, headerStart, headerEnd, out);
  return true;
}

/** Decodes a whole frame (prefix taken off) into a value with copies of everything, or undefined when malformed. */
export function decodeCommand(bytes: Buffer, start = 0, end = bytes.length): RemotingCommand | undefined {
  const parts: FrameParts = { serializeType: 0, headerStart: 0, headerEnd: 0, bodyEnd: 0 };
  if (!splitFrame(bytes, start, end, parts)) return undefined;
  const scanned = new ScannedCommand();
  if (!scanHeader(bytes, parts, scanned)) return undefined;
  return commandOf(
    scanned,
    parts.bodyEnd > parts.headerEnd ? bytes.subarray(parts.headerEnd, parts.bodyEnd) : undefined,
  );
}

/** A plain value of what was scanned; the body is copied. */
export function commandOf(scanned: ScannedCommand, body: Buffer | undefined): RemotingCommand {
  return {
    code: scanned.code,
    language: languages[scanned.language],
    version: scanned.version,
    opaque: scanned.opaque,
    flag: scanned.flag,
    remark: scanned.remark(),
    extFields: scanned.hasExtFields ? scanned.extFields() : undefined,
    body: body === undefined ? undefined : Buffer.from(body),
  };
}

/** Encodes a command as one frame, prefix included. */
export function encodeCommand(command: RemotingCommand, serializeType = JSON_TYPE): Buffer {
  const out = new OutputBuffer(256 + (command.body?.length ?? 0));
  writeCommand(command, serializeType, out);
  return out.bytes.subarray(0, out.length);
}

/** Appends a command as one frame to `out`. */
export function writeCommand(command: RemotingCommand, serializeType: number, out: OutputBuffer): void {
  const frameStart = out.length;
  out.int32(0);
  out.int32(0);
  if (serializeType === ROCKETMQ_TYPE) writeBinaryHeader(command, out);
  else writeJsonHeader(command, out);
  const headerBytes = out.length - frameStart - 8;
  out.putInt32At(frameStart + 4, (serializeType << 24) | headerBytes);
  const bodyBytes = command.body?.length ?? 0;
  out.putInt32At(frameStart, 4 + headerBytes + bodyBytes);
  if (command.body !== undefined) out.raw(command.body);
}
