import { assert } from '../util/assert.ts';
import { JSON_TYPE, VERSION_4_6_0 } from './command-value.ts';
import type { CommandRow } from './commands.ts';
import type { HeaderSchema } from './header.ts';
import { javaLongText } from './java-number.ts';
import type { OutputBuffer } from './output-buffer.ts';

/**
 * Answers as bytes. Cold ones go through {@link writeResponse}; for the hot ones (send, pull, offsets, heartbeats) a
 * {@link ResponseTemplate} holds everything that is the same in every answer, and the handler patches numbers in.
 * All answers are JSON, whatever the request was. Java: RemotingCommand#encode, FastJSON's alphabetical key order.
 */

/** What an answer holds besides its body. */
export interface ResponseParts {
  /** Number of the response code. */
  readonly code: number;
  readonly opaque: number;
  readonly remark?: string | undefined;
  /** Values of the row's response schema; undefined ones are left out. */
  readonly header?: Readonly<Record<string, unknown>> | undefined;
  /** Length of the body that will follow the header; 0 when there is none. */
  readonly bodyBytes: number;
}

/** `i32 length | u8 type, u24 header length`. */
const PREFIX_BYTES = 8;

/**
 * Appends frame prefix and JSON header of an answer. The length in the prefix counts `bodyBytes` more: the caller
 * appends the body, or writes it to the socket behind this buffer.
 * @param row the request's row, which says whether extFields are there when no field is set; undefined when the
 *   request code is unknown
 * @returns bytes of the whole frame, prefix and body included
 */
export function writeResponse(out: OutputBuffer, row: CommandRow | undefined, parts: ResponseParts): number {
  const frameStart = beginFrame(out);
  out.raw(CODE_KEY);
  out.decimal(parts.code);
  if (row !== undefined && (row.responseHeader || parts.header !== undefined)) {
    writeExtFields(out, fieldKeys(row.response), parts.header);
  }
  out.raw(FLAGS_AND_OPAQUE);
  out.decimal(parts.opaque);
  if (parts.remark !== undefined) {
    out.raw(REMARK_KEY);
    out.jsonText(parts.remark);
    out.byte(QUOTE);
  }
  out.raw(LAST_KEYS);
  return endFrame(out, frameStart, parts.bodyBytes);
}

const QUOTE = 0x22;
const CODE_KEY = Buffer.from('{"code":', 'latin1');
const EXT_FIELDS_KEY = Buffer.from(',"extFields":{', 'latin1');
const FLAGS_AND_OPAQUE = Buffer.from(',"flag":1,"language":"JAVA","opaque":', 'latin1');
const REMARK_KEY = Buffer.from(',"remark":"', 'latin1');
const LAST_KEYS = Buffer.from(`,"serializeTypeCurrentRPC":"JSON","version":${VERSION_4_6_0}}`, 'latin1');
const BETWEEN_FIELDS = Buffer.from('",', 'latin1');
const END_OF_FIELDS = Buffer.from('"}', 'latin1');
const NO_FIELDS = Buffer.from('}', 'latin1');

interface FieldKey {
  readonly name: string;
  /** `"name":"` */
  readonly bytes: Buffer;
}

/** Keys of each response schema, made at its first answer. */
const keysOfSchema = new Map<HeaderSchema, readonly FieldKey[]>();

function fieldKeys(schema: HeaderSchema): readonly FieldKey[] {
  const known = keysOfSchema.get(schema);
  if (known !== undefined) return known;
  const made = Object.entries(schema).map(([name, { wire }]) => ({ name, bytes: Buffer.from(`"${wire ?? name}":"`) }));
  keysOfSchema.set(schema, made);
  return made;
}

function writeExtFields(out: OutputBuffer, keys: readonly FieldKey[], values: ResponseParts['header']): void {
  out.raw(EXT_FIELDS_KEY);
  let isFirst = true;
  for (const { name, bytes } of keys) {
    const value = values?.[name];
    if (value === undefined) continue;
    if (!isFirst) out.raw(BETWEEN_FIELDS);
    isFirst = false;
    out.raw(bytes);
    if (typeof value !== 'number') out.jsonText(String(value));
    else if (Number.isSafeInteger(value)) out.decimal(value);
    // An offset that a client has committed beyond 2^53 comes back, rounded as the header view read it.
    else out.text(javaLongText(value));
  }
  out.raw(isFirst ? NO_FIELDS : END_OF_FIELDS);
}

function beginFrame(out: OutputBuffer): number {
  const frameStart = out.length;
  out.reserve(PREFIX_BYTES);
  out.length = frameStart + PREFIX_BYTES;
  return frameStart;
}

function endFrame(out: OutputBuffer, frameStart: number, bodyBytes: number): number {
  const headerBytes = out.length - frameStart - PREFIX_BYTES;
  const frameBytes = PREFIX_BYTES + headerBytes + bodyBytes;
  out.putInt32At(frameStart, frameBytes - 4);
  out.putInt32At(frameStart + 4, (JSON_TYPE << 24) | headerBytes);
  return frameBytes;
}

/** What is the same in every answer that a template writes. */
export interface TemplateOptions<S extends HeaderSchema> {
  /** Number of the response code. */
  readonly code: number;
  readonly remark?: string;
  /** Fields with the same value in every answer. */
  readonly constants?: { readonly [F in keyof S]?: string };
  /** Fields whose value is written each time, in this order. */
  readonly fields: readonly (keyof S & string)[];
}

/**
 * An answer compiled to byte runs. Use:
 * ```
 * const frame = template.begin(out);   // up to and including the opening quote of the first field's value
 * out.hex64(offset);
 * template.next(out);                  // closes the value, opens the next field's, in the order of `fields`
 * out.decimal(queueId);
 * template.end(out, frame, opaque, bodyBytes);
 * ```
 * Values are digits or other text that needs no JSON escapes. Nothing else may be appended to `out` in between.
 */
export class ResponseTemplate<S extends HeaderSchema = HeaderSchema> {
  readonly #head: Buffer;
  readonly #between: readonly Buffer[];
  readonly #tail: Buffer;
  readonly #last: Buffer;
  #field = 0;

  constructor(row: CommandRow & { readonly response: S }, options: TemplateOptions<S>) {
    const wire = (name: string) => row.response[name]?.wire ?? name;
    const constants = Object.entries(options.constants ?? {}) as [string, string][];
    const fixed = constants.map(([name, value]) => `"${wire(name)}":${JSON.stringify(value)}`).join(',');
    const [first, ...others] = options.fields;
    let head = `{"code":${options.code}`;
    if (row.responseHeader) head += `,"extFields":{${fixed}`;
    if (first !== undefined) head += `${fixed === '' ? '' : ','}"${wire(first)}":"`;
    assert(row.responseHeader || options.fields.length + constants.length === 0, 'fields without a response header');
    this.#head = Buffer.concat([Buffer.alloc(PREFIX_BYTES), Buffer.from(head, 'utf8')]);
    this.#between = others.map((name) => Buffer.from(`","${wire(name)}":"`, 'utf8'));
    const close = `${first === undefined ? '' : '"'}${row.responseHeader ? '}' : ''}`;
    this.#tail = Buffer.from(close + FLAGS_AND_OPAQUE.toString('latin1'), 'latin1');
    const remark = options.remark === undefined ? '' : `,"remark":${JSON.stringify(options.remark)}`;
    this.#last = Buffer.from(remark + LAST_KEYS.toString('latin1'), 'utf8');
  }

  /** Starts an answer; the value of the first field comes next. Returns the position of the frame, for `end`. */
  begin(out: OutputBuffer): number {
    const frameStart = out.length;
    this.#field = 0;
    out.raw(this.#head);
    return frameStart;
  }

  /** Ends a field's value and begins the next one's. */
  next(out: OutputBuffer): void {
    out.raw(this.#between[this.#field++] as Buffer);
  }

  /**
   * Ends the last field's value and the header, and patches the lengths; the body follows.
   * @returns bytes of the whole frame, prefix and body included
   */
  end(out: OutputBuffer, frameStart: number, opaque: number, bodyBytes: number): number {
    assert(this.#field === this.#between.length, 'a response template with fields left out');
    out.raw(this.#tail);
    out.decimal(opaque);
    out.raw(this.#last);
    return endFrame(out, frameStart, bodyBytes);
  }
}
