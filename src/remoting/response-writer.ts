import type { CommandRow } from '../codec/commands.ts';
import type { HeaderSchema } from '../codec/header.ts';
import type { OutputBuffer } from '../codec/output-buffer.ts';
import { FLAG_RESPONSE, JSON_TYPE, VERSION_4_6_0, writeCommand } from '../codec/remoting-command.ts';

/** One response without its body. */
export interface ResponseHead {
  readonly opaque: number;
  readonly code: number;
  readonly remark: string | undefined;
  readonly header: Readonly<Record<string, unknown>> | undefined;
  readonly bodyBytes: number;
}

/** Appends prefix and header of a response frame; the caller appends `bodyBytes` bytes behind it. */
export function writeResponse(out: OutputBuffer, row: CommandRow, head: ResponseHead): void {
  const frameStart = out.length;
  const extFields =
    head.header !== undefined || row.responseHeader ? extFieldsOf(row.response, head.header ?? {}) : undefined;
  writeCommand(
    {
      code: head.code,
      version: VERSION_4_6_0,
      opaque: head.opaque,
      flag: FLAG_RESPONSE,
      remark: head.remark,
      extFields,
    },
    JSON_TYPE,
    out,
  );
  out.putInt32At(frameStart, out.length - frameStart - 4 + head.bodyBytes);
}

/** A header value as extFields: absent fields are left out. Java: RemotingCommand#makeCustomHeaderToNet. */
export function extFieldsOf(schema: HeaderSchema, header: Readonly<Record<string, unknown>>): Map<string, string> {
  const out = new Map<string, string>();
  for (const name of Object.keys(schema)) {
    const value = header[name];
    if (value !== undefined) out.set(schema[name]?.wire ?? name, String(value));
  }
  return out;
}
