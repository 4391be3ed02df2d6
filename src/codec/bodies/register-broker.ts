import { deflateSync, inflateSync } from 'node:zlib';
import { DecodeError } from '../fast-json.ts';
import { bean, decodeBody, encodeBody, type Kind, list, property, text, type ValueOf } from './schema.ts';
import {
  dataVersion,
  type TopicConfig,
  type TopicConfigSerializeWrapper,
  topicConfigSerializeWrapper,
} from './topic-config.ts';

/** Body of REGISTER_BROKER (103), not compressed. Java: RegisterBrokerBody. */
export const registerBrokerBody = bean({
  filterServerList: property(list(text), () => []),
  topicConfigSerializeWrapper: property(
    topicConfigSerializeWrapper,
    (): TopicConfigSerializeWrapper => ({ dataVersion: { counter: 0, timestamp: 0 }, topicConfigTable: new Map() }),
  ),
});
export type RegisterBrokerBody = ValueOf<typeof registerBrokerBody>;

/** Most bytes a compressed registration may unfold to: about 400,000 topics. */
export const MAX_REGISTRATION_BYTES = 32 * 1024 * 1024;

const addresses = list(text);

/**
 * Encodes a registration. Compressed it is zlib level 9 over length-prefixed parts: data version as JSON, topic count,
 * a line per topic (topicSysFlag and order are lost), filter servers as JSON. Java: RegisterBrokerBody#encode.
 */
export function encodeRegisterBrokerBody(body: RegisterBrokerBody, compressed: boolean): Buffer {
  if (!compressed) return encodeBody(registerBrokerBody, body);
  const { dataVersion: version, topicConfigTable } = body.topicConfigSerializeWrapper;
  const parts = prefixed(encodeBody(dataVersion, version));
  parts.push(int32(topicConfigTable.size));
  for (const topic of topicConfigTable.values()) parts.push(...prefixed(Buffer.from(topicLine(topic), 'utf8')));
  parts.push(...prefixed(encodeBody(addresses, body.filterServerList)));
  return deflateSync(Buffer.concat(parts), { level: 9 });
}

/** Decodes what {@link encodeRegisterBrokerBody} and Java write. Never throws. */
export function decodeRegisterBrokerBody(bytes: Buffer, compressed: boolean): RegisterBrokerBody | DecodeError {
  if (!compressed) return decodeBody(registerBrokerBody, bytes);
  const plain = inflate(bytes);
  return plain instanceof DecodeError ? plain : decodeParts(new PartReader(plain));
}

function inflate(bytes: Buffer): Buffer | DecodeError {
  try {
    return inflateSync(bytes, { maxOutputLength: MAX_REGISTRATION_BYTES });
  } catch (error) {
    return new DecodeError(
      `registration cannot be inflated: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function decodeParts(reader: PartReader): RegisterBrokerBody | DecodeError {
  const version = reader.json(dataVersion);
  if (version instanceof DecodeError) return version;
  const topicConfigTable = decodeTopics(reader);
  if (topicConfigTable instanceof DecodeError) return topicConfigTable;
  const filterServerList = reader.json(addresses);
  if (filterServerList instanceof DecodeError) return filterServerList;
  return { filterServerList, topicConfigSerializeWrapper: { dataVersion: version, topicConfigTable } };
}

function decodeTopics(reader: PartReader): Map<string, TopicConfig> | DecodeError {
  const count = reader.int32();
  const topics = new Map<string, TopicConfig>();
  for (let index = 0; index < count; index++) {
    const line = reader.part();
    if (line instanceof DecodeError) return line;
    const topic = topicOf(line.toString('utf8'));
    if (topic instanceof DecodeError) return topic;
    topics.set(topic.topicName as string, topic);
  }
  return topics;
}

/** Walks length-prefixed parts; a missing int32 reads as -1, which no part may have as its length. */
class PartReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  int32(): number {
    if (this.#bytes.length - this.#at < 4) return -1;
    this.#at += 4;
    return this.#bytes.readInt32BE(this.#at - 4);
  }

  part(): Buffer | DecodeError {
    const length = this.int32();
    if (length < 0 || length > this.#bytes.length - this.#at) return new DecodeError('registration is cut off');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  json<T>(kind: Kind<T>): T | DecodeError {
    const part = this.part();
    return part instanceof DecodeError ? part : decodeBody(kind, part);
  }
}

/** Java: TopicConfig#encode. */
function topicLine(topic: TopicConfig): string {
  const { topicName, readQueueNums, writeQueueNums, perm, topicFilterType } = topic;
  return `${topicName ?? 'null'} ${readQueueNums} ${writeQueueNums} ${perm} ${topicFilterType}`;
}

/** A line that Java cannot take fails the whole registration there too, with an exception. Java: TopicConfig#decode. */
function topicOf(line: string): TopicConfig | DecodeError {
  const found = TOPIC_LINE.exec(line);
  if (found === null) return new DecodeError(`topic line '${line.slice(0, 200)}' is not readable`);
  const [, topicName, readQueueNums, writeQueueNums, perm, topicFilterType] = found as unknown as string[];
  return {
    order: false,
    perm: Number(perm),
    readQueueNums: Number(readQueueNums),
    topicFilterType: topicFilterType === 'MULTI_TAG' ? 'MULTI_TAG' : 'SINGLE_TAG',
    topicName: topicName as string,
    topicSysFlag: 0,
    writeQueueNums: Number(writeQueueNums),
  };
}

const TOPIC_LINE = /^([^ ]+) (-?\d{1,9}) (-?\d{1,9}) (-?\d{1,9}) (SINGLE_TAG|MULTI_TAG)$/;

function prefixed(bytes: Buffer): Buffer[] {
  return [int32(bytes.length), bytes];
}

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}
