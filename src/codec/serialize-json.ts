import Long from 'long';
import type { RemotingCommand } from './command-value.ts';
import { DecodeError, type JsonValue, parseJson } from './fast-json.ts';
import { JsonWriter, writeJsonValue } from './fast-json-writer.ts';
import type { OutputBuffer } from './output-buffer.ts';
import { languageCode, languages, MOST_FIELDS, type ScannedCommand } from './scanned-command.ts';

/** A header that is not in the compact form every client writes may be this long; longer ones close the connection. */
export const MOST_FALL_BACK_BYTES = 1_048_576;

/**
 * Scans a JSON header that the fast scanner did not take, with all the leniency of Java's FastJSON: white space, keys
 * in any case, quoted numbers, single quotes, any escape, null for absent. Strings go to a scratch buffer made for this
 * command, and the spans of `out` point into it. Java: RemotingSerializable#decode(RemotingCommand.class).
 * @returns false when Java would not parse it either (or it breaks a bound): the connection is closed.
 */
export function fallBackJsonHeader(bytes: Buffer, start: number, end: number, out: ScannedCommand): boolean {
  out.reset(bytes);
  out.fellBack = true;
  if (end - start > MOST_FALL_BACK_BYTES) return false;
  const value = parseJson(bytes.subarray(start, end));
  if (value instanceof DecodeError || !(value instanceof Map)) return false;
  const texts: Texts = { remark: undefined, extFields: [] };
  for (const [key, item] of value) {
    if (typeof key !== 'string' || item === null) continue;
    if (!takeTopField(smartKey(key), item, out, texts)) return false;
  }
  writeScratch(texts, out);
  return true;
}

/** What has to live in the scratch buffer. */
interface Texts {
  remark: string | undefined;
  extFields: readonly (readonly [name: string, value: string])[];
}

/** FastJSON matches names without regard to case, `_` and `-`. Java: TypeUtils#fnv1a_64_lower. */
function smartKey(key: string): string {
  return key.replace(/[_-]/g, '').toLowerCase();
}

/** Takes one top-level pair; false when the value has a type that FastJSON refuses. Unknown keys are ignored. */
function takeTopField(key: string, value: JsonValue, out: ScannedCommand, texts: Texts): boolean {
  switch (key) {
    case 'language':
      return takeLanguage(value, out);
    case 'remark':
      texts.remark = textOf(value);
      return true;
    case 'extfields':
      return takeExtFields(value, out, texts);
    case 'code':
    case 'flag':
    case 'version':
    case 'opaque':
      return takeInt(key, value, out);
    default:
      return true;
  }
}

function takeInt(key: 'code' | 'flag' | 'version' | 'opaque', value: JsonValue, out: ScannedCommand): boolean {
  if (value === '' || value === 'null') return true;
  const number = intOf(value);
  if (number === undefined) return false;
  out[key] = number;
  if (key === 'opaque') out.hasOpaque = true;
  return true;
}

/** Java: TypeUtils#castToInt. */
function intOf(value: JsonValue): number | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'string' && !/^[+-]?\d+$/.test(value)) return undefined;
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const number = Math.trunc(Number(value));
  return number === (number | 0) ? number | 0 : undefined;
}

/** A name in any case or an ordinal. An unknown name is null in Java, an unknown ordinal an error. */
function takeLanguage(value: JsonValue, out: ScannedCommand): boolean {
  if (typeof value === 'string') {
    out.language = languageCode(value);
    return true;
  }
  if (typeof value !== 'number' || languages[value] === undefined) return false;
  out.language = value;
  return true;
}

function takeExtFields(value: JsonValue, out: ScannedCommand, texts: Texts): boolean {
  if (!(value instanceof Map)) return false;
  const extFields: [string, string][] = [];
  for (const [key, item] of value) {
    if (typeof key !== 'string') return false;
    if (item !== null) extFields.push([key, textOf(item)]);
    if (extFields.length > MOST_FIELDS) return false;
  }
  out.hasExtFields = true;
  texts.extFields = extFields;
  return true;
}

/** A value where Java wants a String: numbers and booleans as their text, anything else as JSON. */
function textOf(value: JsonValue): string {
  if (typeof value === 'string') return value;
  if (Long.isLong(value)) return value.toString();
  const out = new JsonWriter();
  writeJsonValue(value, out);
  return out.text();
}

function writeScratch(texts: Texts, out: ScannedCommand): void {
  let size = Buffer.byteLength(texts.remark ?? '', 'utf8');
  for (const [name, value] of texts.extFields)
    size += Buffer.byteLength(name, 'utf8') + Buffer.byteLength(value, 'utf8');
  const scratch = Buffer.allocUnsafeSlow(size);
  out.bytes = scratch;
  let at = 0;
  if (texts.remark !== undefined) {
    out.remarkStart = at;
    at += scratch.write(texts.remark, at, 'utf8');
    out.remarkEnd = at;
  }
  for (const [name, value] of texts.extFields) {
    const keyStart = at;
    const keyEnd = keyStart + scratch.write(name, keyStart, 'utf8');
    at = keyEnd + scratch.write(value, keyEnd, 'utf8');
    out.addField(keyStart, keyEnd, keyEnd, at, 0);
  }
}

/** Appends the JSON header of a command as FastJSON writes it: keys in alphabetical order, nothing absent. */
export function writeJsonHeader(command: RemotingCommand, out: OutputBuffer): void {
  out.text(`{"code":${command.code},`);
  if (command.extFields !== undefined) {
    out.text('"extFields":{');
    let separator = '"';
    for (const [name, value] of command.extFields) {
      out.text(separator);
      out.jsonText(name);
      out.text('":"');
      out.jsonText(value);
      out.text('"');
      separator = ',"';
    }
    out.text('},');
  }
  out.text(`"flag":${command.flag},"language":"${command.language ?? 'JAVA'}","opaque":${command.opaque},`);
  if (command.remark !== undefined) {
    out.text('"remark":"');
    out.jsonText(command.remark);
    out.text('",');
  }
  out.text(`"serializeTypeCurrentRPC":"JSON","version":${command.version}}`);
}
