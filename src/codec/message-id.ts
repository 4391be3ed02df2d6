/** A socket address as messages carry it: 4 or 16 address bytes, then the port as int32. So 8 or 20 bytes. */
export type HostBytes = Uint8Array;

/** Bytes of an IPv4 host in a record or id: address and port. */
export const HOST_V4_BYTES = 8;
/** Bytes of an IPv6 host in a record or id: address and port. */
export const HOST_V6_BYTES = 20;

/** Bytes of a host, given its bit of SYSFLAG by itself: 0 for IPv4. */
export function hostBytes(v6Bit: number): number {
  return v6Bit === 0 ? HOST_V4_BYTES : HOST_V6_BYTES;
}

/** A parsed offset message id. */
export interface OffsetMsgId {
  /** Where the message is stored: address bytes and port. */
  host: Buffer;
  /** CommitLog position, in bytes. */
  phyOffset: number;
}

/**
 * The id a broker gives: upper-case hex of store host and physical offset; 32 or 56 digits.
 * Java: MessageDecoder#createMessageId.
 */
export function encodeOffsetMsgId(host: HostBytes, phyOffset: number): string {
  const bytes = Buffer.allocUnsafe(host.length + 8);
  bytes.set(host, 0);
  bytes.writeInt32BE(Math.floor(phyOffset / 0x100000000), host.length);
  bytes.writeUInt32BE(phyOffset >>> 0, host.length + 4);
  return bytes.toString('hex').toUpperCase();
}

/** Writes the id of {@link encodeOffsetMsgId} as ASCII without allocation; returns its length (32 or 56). */
export function writeOffsetMsgId(target: Uint8Array, position: number, host: HostBytes, phyOffset: number): number {
  let at = position;
  for (let index = 0; index < host.length; index++) at = writeHexByte(target, at, host[index] as number);
  at = writeHexWord(target, at, Math.floor(phyOffset / 0x100000000));
  at = writeHexWord(target, at, phyOffset >>> 0);
  return at - position;
}

function writeHexWord(target: Uint8Array, position: number, word: number): number {
  let at = writeHexByte(target, position, (word >>> 24) & 0xff);
  at = writeHexByte(target, at, (word >>> 16) & 0xff);
  at = writeHexByte(target, at, (word >>> 8) & 0xff);
  return writeHexByte(target, at, word & 0xff);
}

function writeHexByte(target: Uint8Array, at: number, byte: number): number {
  const high = byte >>> 4;
  const low = byte & 15;
  target[at] = high < 10 ? 48 + high : 55 + high;
  target[at + 1] = low < 10 ? 48 + low : 55 + low;
  return at + 2;
}

/**
 * Reads an offset message id, either case; undefined when it is not 32 or 56 hex digits or its offset is negative or
 * not a safe integer. Java: MessageDecoder#decodeMessageId, which throws or reads garbage instead.
 */
export function decodeOffsetMsgId(text: string): OffsetMsgId | undefined {
  const bytes = hexBytes(text);
  if (bytes === undefined) return undefined;
  const hostLength = bytes.length - 8;
  const phyOffset = bytes.readInt32BE(hostLength) * 0x100000000 + bytes.readUInt32BE(hostLength + 4);
  if (phyOffset < 0 || !Number.isSafeInteger(phyOffset)) return undefined;
  return { host: bytes.subarray(0, hostLength), phyOffset };
}

/** What a client's unique id (property UNIQ_KEY) is made of. */
export interface UniqueId {
  /** Address of the client, as text. */
  ip: string;
  /** Two bytes in which Java puts the high half of the process id: 0 on most machines. */
  pid: number;
  /** Hash that tells class loaders of one process apart. */
  classLoaderHash: number;
  /** Milliseconds since the first of the month, 00:00 in the client's time zone. */
  sinceMonthStartMs: number;
  /** Wraps at 65536. */
  counter: number;
}

/** Reads a client's unique id; undefined when it is not 32 or 56 hex digits. Java: MessageClientIDSetter. */
export function decodeUniqueId(text: string): UniqueId | undefined {
  const bytes = hexBytes(text);
  if (bytes === undefined) return undefined;
  const at = bytes.length - 12;
  return {
    ip: formatIp(bytes.subarray(0, at)),
    pid: bytes.readUInt16BE(at),
    classLoaderHash: bytes.readInt32BE(at + 2),
    sinceMonthStartMs: bytes.readInt32BE(at + 6),
    counter: bytes.readUInt16BE(at + 10),
  };
}

function hexBytes(text: string): Buffer | undefined {
  if (text.length !== 32 && text.length !== 56) return undefined;
  return /^[0-9a-fA-F]+$/.test(text) ? Buffer.from(text, 'hex') : undefined;
}

/** Address text and port to 8 or 20 bytes; undefined when the text is no address or the port is out of range. */
export function encodeHost(ip: string, port: number): Buffer | undefined {
  const address = parseIp(ip);
  if (address === undefined || !Number.isInteger(port) || port < 0 || port > 65535) return undefined;
  const bytes = Buffer.allocUnsafe(address.length + 4);
  bytes.set(address, 0);
  bytes.writeInt32BE(port, address.length);
  return bytes;
}

/** `ip:port`, an IPv6 address in brackets. Java: RemotingHelper#parseChannelRemoteAddr and its kin. */
export function formatHost(host: HostBytes): string {
  const ip = formatIp(host.subarray(0, host.length - 4));
  const port = Buffer.from(host.buffer, host.byteOffset, host.length).readInt32BE(host.length - 4);
  return host.length === HOST_V4_BYTES ? `${ip}:${port}` : `[${ip}]:${port}`;
}

/**
 * 4 bytes to dotted text, 16 bytes to eight groups of hex without the `::` abbreviation, as Java prints them.
 * An IPv4-mapped address prints as IPv4, because Java turns it into one. Java: InetAddress#getHostAddress.
 */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (isMappedIpv4(bytes)) return bytes.subarray(12, 16).join('.');
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2) {
    groups.push((((bytes[at] as number) << 8) | (bytes[at + 1] as number)).toString(16));
  }
  return groups.join(':');
}

/**
 * Address text to 4 or 16 bytes, or undefined. Takes `::`, a dotted tail and a zone (`%eth0`, dropped); an IPv4-mapped
 * address (`::ffff:1.2.3.4`) gives its 4 bytes, as Java's InetAddress does.
 */
export function parseIp(text: string): Buffer | undefined {
  if (!text.includes(':')) return parseIpv4(text);
  const zone = text.indexOf('%');
  const bytes = parseIpv6(zone < 0 ? text : text.slice(0, zone));
  return bytes !== undefined && isMappedIpv4(bytes) ? bytes.subarray(12, 16) : bytes;
}

function parseIpv4(text: string): Buffer | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes = Buffer.allocUnsafe(4);
  for (let index = 0; index < 4; index++) {
    const part = parts[index] as string;
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return undefined;
    bytes[index] = Number(part);
  }
  return bytes;
}

function parseIpv6(text: string): Buffer | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = groupBytes(halves[0] as string, halves.length === 1);
  const tail = halves.length === 2 ? groupBytes(halves[1] as string, true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const gap = 16 - head.length - tail.length;
  if (halves.length === 1 ? gap !== 0 : gap < 2) return undefined;
  return Buffer.from([...head, ...new Array<number>(gap).fill(0), ...tail]);
}

function groupBytes(text: string, dottedTailAllowed: boolean): number[] | undefined {
  if (text === '') return [];
  const groups = text.split(':');
  if (groups.length > 8) return undefined;
  const bytes: number[] = [];
  for (const [index, group] of groups.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >>> 8, value & 0xff);
    } else {
      const dotted = dottedTailAllowed && index === groups.length - 1 ? parseIpv4(group) : undefined;
      if (dotted === undefined) return undefined;
      bytes.push(...dotted);
    }
  }
  return bytes;
}

function isMappedIpv4(bytes: Uint8Array): boolean {
  for (let at = 0; at < 10; at++) if (bytes[at] !== 0) return false;
  return bytes[10] === 0xff && bytes[11] === 0xff;
}
