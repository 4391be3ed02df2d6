import type { CommandRow } from '../codec/commands.ts';

/**
 * A request header as extFields, absent fields left out; undefined for a command without header, for which Java sends
 * no extFields at all. Java: RemotingCommand#makeCustomHeaderToNet.
 */
export function requestExtFields(row: CommandRow, header: object): Map<string, string> | undefined {
  const names = Object.keys(row.request);
  if (names.length === 0) return undefined;
  const values = header as Readonly<Record<string, unknown>>;
  const out = new Map<string, string>();
  for (const name of names) {
    const value = values[name];
    if (value !== undefined) out.set(row.request[name]?.wire ?? name, String(value));
  }
  return out;
}
