import { splitFrame, type FrameParts } from './frame.ts';
import { escapedSizeLimit, escapeJsonInto } from './json-text.ts';
import { OutputBuffer } from './output-buffer.ts';
import { languages, ScannedCommand, scanJsonHeader, type Language } from './scanned-command.ts';
import { fallBackJsonHeader } from './serialize-json.ts';
import { scanBinaryHeader, writeBinaryHeader } from './serialize-rocketmq.ts';

/** Ordinal of MQVersion.V4_6_0, sent in every command of ours. */
export const VERSION_4_6_0 = 333;
export const FLAG_RESPONSE = 1;
export const FLAG_ONEWAY = 2;

/** Serialize types by their byte on the wire. */
export const JSON_TYPE = 0;
export const ROCKETMQ_TYPE = 1;

/** A command as a plain value: what clients, relays, tests and cold paths use. */
export interface RemotingCommand {
  readonly code: number;
  readonly language?: Language | undefined;
  readonly version: number;
  readonly opaque: number;
  readonly flag: number;
  readonly remark?: string | undefined;
  /** undefined: the command carries no extFields object at all. */
  readonly extFields?: ReadonlyMap<string, string> | undefined;
  readonly body?: Buffer | undefined;
}

/**
 * Scans the header of a frame into `out`, whichever serialization it has.
 * @returns false when the bytes are no command; the connection is then closed, as Java does.
 */
export function scanHeader(bytes: Buffer, parts: FrameParts, out: ScannedCommand): boolean {
  if (parts.serializeType === ROCKETMQ_TYPE) return scanBinaryHeader(bytes, parts.headerStart, parts.headerEnd, out);
  if (scanJsonHeader(bytes, parts.headerStart, parts.headerEnd, out)) return true;
  return fallBackJsonHeader(bytes, parts.headerStart, parts.headerEnd, out);
}

/** Decodes a whole frame (prefix taken off) into a value with copies of everything, or undefined when malformed. */
export function decodeCommand(bytes: Buffer, start = 0, end = bytes.length): RemotingCommand | undefined {
  const parts: FrameParts = { serializeType: 0, headerStart: 0, headerEnd: 0, bodyEnd: 0 };
  if (!splitFrame(bytes, start, end, parts)) return undefined;
  const scanned = new ScannedCommand();
  if (!scanHeader(bytes, parts, scanned)) return undefined;
  return commandOf(scanned, parts.bodyEnd > parts.headerEnd ? bytes.subarray(parts.headerEnd, parts.bodyEnd) : undefined);
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

/** Appends the JSON header as fastjson writes it: keys in alphabetical order, nothing absent. */
function writeJsonHeader(command: RemotingCommand, out: OutputBuffer): void {
  out.text(`{"code":${command.code},`);
  if (command.extFields !== undefined) {
    out.text('"extFields":{');
    let separator = '"';
    for (const [name, value] of command.extFields) {
      out.text(separator);
      writeJsonText(name, out);
      out.text('":"');
      writeJsonText(value, out);
      out.text('"');
      separator = ',"';
    }
    out.text('},');
  }
  out.text(`"flag":${command.flag},"language":"${command.language ?? 'JAVA'}","opaque":${command.opaque},`);
  if (command.remark !== undefined) {
    out.text('"remark":"');
    writeJsonText(command.remark, out);
    out.text('",');
  }
  out.text(`"serializeTypeCurrentRPC":"JSON","version":${command.version}}`);
}

/** Appends text escaped for the inside of a JSON string. */
export function writeJsonText(value: string, out: OutputBuffer): void {
  const bytes = Buffer.from(value, 'utf8');
  out.reserve(escapedSizeLimit(bytes.length));
  out.length = escapeJsonInto(bytes, 0, bytes.length, out.bytes, out.length);
}
