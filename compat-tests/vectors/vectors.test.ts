import { describe, expect, it } from 'vitest';
import { consumeStats } from '../../src/codec/bodies/consume-stats.ts';
import {
  checkClientRequestBody,
  consumerIdListBody,
  heartbeatData,
  producerData,
  subscriptionData,
} from '../../src/codec/bodies/heartbeat.ts';
import { lockBatchRequestBody, lockBatchResponseBody, offsetMovedEvent } from '../../src/codec/bodies/message-queue.ts';
import {
  decodeRegisterBrokerBody,
  encodeRegisterBrokerBody,
  type RegisterBrokerBody,
  registerBrokerBody,
} from '../../src/codec/bodies/register-broker.ts';
import { clusterInfo, topicRouteData } from '../../src/codec/bodies/route.ts';
import { decodeBody, encodeBodyText, type Kind } from '../../src/codec/bodies/schema.ts';
import {
  consumerOffsetSerializeWrapper,
  dataVersion,
  kvConfigSerializeWrapper,
  kvTable,
  subscriptionGroupConfig,
  subscriptionGroupWrapper,
  topicConfig,
  topicConfigSerializeWrapper,
  topicList,
} from '../../src/codec/bodies/topic-config.ts';
import { DecodeError, type JsonValue, parseJson } from '../../src/codec/fast-json.ts';
import { JsonWriter, quoteJson, writeJsonValue } from '../../src/codec/fast-json-writer.ts';
import { javaDoubleText } from '../../src/codec/java-number.ts';
import {
  checkRecord,
  decodeRecord,
  draftFrom,
  encodeRecord,
  type MessageExt,
  peekRecord,
  RecordDraft,
  RecordPeek,
  writeBlank,
} from '../../src/codec/message.ts';
import { BatchCursor, encodeBatch } from '../../src/codec/message-batch.ts';
import {
  decodeOffsetMsgId,
  decodeUniqueId,
  encodeHost,
  encodeOffsetMsgId,
  formatIp,
  parseIp,
} from '../../src/codec/message-id.ts';
import {
  PropertySlot,
  PropertySpans,
  parseProperties,
  scanProperties,
  serialiseProperties,
} from '../../src/codec/message-properties.ts';
import { permText } from '../../src/codec/sys-flags.ts';
import { bodyCrc } from '../../src/util/crc32.ts';
import { javaStringHash, javaStringHashOfUtf8 } from '../../src/util/java-hash.ts';
import { loadVector, loadVectors, type Vector, vectorFolders } from './load.ts';

const hexBytes = (hex: string) => Buffer.from(hex, 'hex');

interface Samples<S> extends Vector {
  readonly samples: readonly S[];
}
const samplesOf = <S>(folder: string, name: string) => loadVector<Samples<S>>(folder, name).samples;

it('knows every folder; commands.test.ts runs commands/, sql.test.ts runs sql/', () => {
  const known = ['batches', 'bodies', 'checks', 'commands', 'json', 'records', 'registrations', 'sql', 'texts'];
  expect(vectorFolders()).toEqual(known);
});

// ---- records ----

interface RecordVector extends Vector {
  readonly hex: string;
  readonly value: Record<string, unknown> & { readonly blankSize?: number };
}

/** `ip port` as the recorder writes hosts. */
function hostText(host: Buffer): string {
  return `${formatIp(host.subarray(0, host.length - 4))} ${host.readInt32BE(host.length - 4)}`;
}

function recordValue(record: MessageExt): Record<string, unknown> {
  const { bornHost, storeHost, body, properties, propertiesText: _, ...plain } = record;
  return {
    ...plain,
    bornHost: hostText(bornHost),
    storeHost: hostText(storeHost),
    bodyHex: body.toString('hex'),
    properties: Object.fromEntries(properties),
  };
}

const allRecords = loadVectors<RecordVector>('records');
const blanks = allRecords.filter((each) => each.value.blankSize !== undefined);
const records = allRecords.filter((each) => each.value.blankSize === undefined);

describe('stored records', () => {
  it.each(records)('$name decodes to what Java decodes, and back to the same bytes', ({ hex, value }) => {
    const bytes = Buffer.concat([Buffer.alloc(3, 0xee), hexBytes(hex), Buffer.alloc(5, 0xee)]);
    const end = bytes.length - 5;
    expect(recordValue(decodeRecord(bytes, 3, end) as MessageExt)).toEqual(value);
    const peek = new RecordPeek();
    expect(checkRecord(bytes, 3, end, { checkCrc: true }, peek)).toBe('ok');
    expect(peek.totalSize).toBe(end - 3);
    const draft = new RecordDraft();
    draftFrom(bytes, peek, draft);
    const target = Buffer.alloc(peek.totalSize);
    expect(encodeRecord(target, 0, draft)).toBe(peek.totalSize);
    expect(target.toString('hex')).toBe(hex);
  });

  it.each(records)('$name is short at every cut', ({ hex }) => {
    const bytes = hexBytes(hex);
    for (let limit = 0; limit < bytes.length; limit++) {
      expect(peekRecord(bytes, 0, limit, new RecordPeek())).toBe('short');
    }
  });

  it.each(blanks)('$name', ({ hex, value }) => {
    const bytes = hexBytes(hex);
    const peek = new RecordPeek();
    expect(peekRecord(bytes, 0, bytes.length, peek)).toBe('blank');
    expect(peek.totalSize).toBe(value.blankSize);
    const target = Buffer.alloc(8);
    writeBlank(target, 0, value.blankSize as number);
    expect(target.toString('hex')).toBe(hex);
  });
});

interface CheckSample {
  readonly hex: string;
  readonly checkCrc: boolean;
  readonly success: boolean;
  readonly size: number;
}

describe('checkRecord', () => {
  it.each(samplesOf<CheckSample>('checks', 'damaged'))('agrees with recovery on $hex (crc $checkCrc)', (sample) => {
    const bytes = hexBytes(sample.hex);
    const peek = new RecordPeek();
    const status = checkRecord(bytes, 0, bytes.length, { checkCrc: sample.checkCrc }, peek);
    if (sample.success) {
      expect([status, status === 'ok' ? peek.totalSize : 0]).toEqual([sample.size > 0 ? 'ok' : 'blank', sample.size]);
    } else {
      expect([status, Math.max(0, peek.totalSize)]).toEqual(['invalid', Math.max(0, sample.size)]);
    }
  });
});

// ---- batches, properties, ids, hashes ----

interface BatchVector extends Vector {
  readonly hex: string;
  readonly value: readonly { flag: number; bodyHex: string; propertiesHex: string }[];
}

describe('batch bodies', () => {
  it.each(loadVectors<BatchVector>('batches'))('$name', ({ hex, value }) => {
    const bytes = hexBytes(hex);
    const cursor = new BatchCursor();
    cursor.reset(bytes, 0, bytes.length);
    const members = [];
    while (cursor.next() === 'message') {
      members.push({
        flag: cursor.flag,
        bodyHex: bytes.toString('hex', cursor.bodyStart, cursor.bodyEnd),
        propertiesHex: bytes.toString('hex', cursor.propertiesStart, cursor.propertiesEnd),
      });
    }
    expect(members).toEqual(value);
    const again = value.map((each) => ({
      flag: each.flag,
      body: hexBytes(each.bodyHex),
      properties: hexBytes(each.propertiesHex),
    }));
    expect(encodeBatch(again).toString('hex')).toBe(hex);
  });
});

/** Java before 19 does not find the shortest digits of these; ours do not follow it there. */
const NOT_SHORTEST = new Set(['4.9E-324', '9.999999999999999E22']);

describe('texts', () => {
  it.each(samplesOf<{ hex: string; value: Record<string, string> }>('texts', 'properties'))(
    'properties $value',
    (sample) => {
      const bytes = hexBytes(sample.hex);
      expect(Object.fromEntries(parseProperties(bytes.toString('utf8')))).toEqual(sample.value);
      const spans = new PropertySpans();
      scanProperties(bytes, 0, bytes.length, spans);
      for (const [name, slot] of Object.entries(PropertySlot)) expect(spans.text(slot, bytes)).toBe(sample.value[name]);
    },
  );

  it('properties are written as Java writes them', () => {
    const vector = loadVector<Vector & { hex: string; value: Record<string, string> }>('texts', 'properties-written');
    const text = serialiseProperties(Object.entries(vector.value));
    expect(Buffer.from(text).toString('hex')).toBe(vector.hex);
  });

  it.each(samplesOf<{ hex: string; value: number }>('texts', 'hashes'))('hash of $hex is $value', ({ hex, value }) => {
    const bytes = hexBytes(hex);
    expect(javaStringHashOfUtf8(bytes, 0, bytes.length)).toBe(value);
    if (Buffer.from(bytes.toString('utf8')).equals(bytes)) expect(javaStringHash(bytes.toString('utf8'))).toBe(value);
  });

  it('CRCs', () => {
    for (const { hex, value } of samplesOf<{ hex: string; value: number }>('texts', 'crc')) {
      const bytes = hexBytes(hex);
      expect(bodyCrc(bytes, 0, bytes.length)).toBe(value);
    }
  });

  it.each(samplesOf<{ host: string; phyOffset: number; value: string }>('texts', 'offset-ids'))(
    'id $value',
    (sample) => {
      const [ip, port] = sample.host.split(' ') as [string, string];
      const host = encodeHost(ip, Number(port)) as Buffer;
      expect(encodeOffsetMsgId(host, sample.phyOffset)).toBe(sample.value);
      expect(decodeOffsetMsgId(sample.value)).toEqual({ host, phyOffset: sample.phyOffset });
    },
  );

  it('a unique id', () => {
    const { text, value } = loadVector<Vector & { text: string; value: { ip: string } }>('texts', 'unique-id');
    expect(parseIp(decodeUniqueId(text)?.ip as string)).toEqual(parseIp(value.ip));
  });

  it('permissions', () => {
    const samples = samplesOf<{ perm: number; value: string }>('texts', 'perms');
    expect(samples.map(({ perm }) => permText(perm))).toEqual(samples.map(({ value }) => value));
  });

  it('every character of a JSON string', () => {
    const escaped = new Map(
      samplesOf<{ code: number; value: string }>('texts', 'json-escapes').map((each) => [each.code, each.value]),
    );
    for (let code = 0; code < 0x10000; code++) {
      const text = String.fromCharCode(code);
      expect(quoteJson(text)).toBe(escaped.get(code) ?? `"${text}"`);
    }
  });

  it.each(samplesOf<{ bits: string; value: string }>('texts', 'doubles'))('double $value', ({ bits, value }) => {
    const double = hexBytes(bits).readDoubleBE(0);
    expect(Number(javaDoubleText(double))).toBe(Number(value));
    if (!NOT_SHORTEST.has(value)) expect(javaDoubleText(double)).toBe(value);
  });
});

// ---- JSON ----

interface BodyVector extends Vector {
  readonly type: string;
  readonly pretty: boolean;
  readonly text: string;
  readonly standardText: string;
}

const KINDS: Record<string, Kind<unknown>> = {
  HeartbeatData: heartbeatData,
  SubscriptionData: subscriptionData,
  CheckClientRequestBody: checkClientRequestBody,
  ProducerData: producerData,
  LockBatchRequestBody: lockBatchRequestBody,
  UnlockBatchRequestBody: lockBatchRequestBody,
  LockBatchResponseBody: lockBatchResponseBody,
  GetConsumerListByGroupResponseBody: consumerIdListBody,
  TopicConfig: topicConfig,
  SubscriptionGroupConfig: subscriptionGroupConfig,
  DataVersion: dataVersion,
  TopicConfigSerializeWrapper: topicConfigSerializeWrapper,
  SubscriptionGroupWrapper: subscriptionGroupWrapper,
  ConsumerOffsetSerializeWrapper: consumerOffsetSerializeWrapper,
  TopicRouteData: topicRouteData,
  ClusterInfo: clusterInfo,
  KVTable: kvTable,
  TopicList: topicList,
  OffsetMovedEvent: offsetMovedEvent,
  ConsumeStats: consumeStats,
  RegisterBrokerBody: registerBrokerBody,
  KVConfigSerializeWrapper: kvConfigSerializeWrapper,
};

/** A decoded body with maps as objects and object keys as their text, like Java's standard form; undefined left out. */
function standard(value: unknown): unknown {
  if (value instanceof Map) {
    const pairs = [...value].map(([key, item]) => [
      typeof key === 'object' ? JSON.stringify(key) : String(key),
      standard(item),
    ]);
    return Object.fromEntries(pairs);
  }
  if (Array.isArray(value)) return value.map(standard);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, standard(item)]));
}

/** Null properties are Java's defaults here. */
function withoutNulls(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, item) => (item === null ? undefined : item));
}

describe('JSON bodies', () => {
  it.each(loadVectors<BodyVector>('bodies'))('$name: $shows', ({ type, pretty, text, standardText }) => {
    const kind = KINDS[type] as Kind<unknown>;
    const value = decodeBody(kind, Buffer.from(text));
    expect(value).not.toBeInstanceOf(DecodeError);
    expect(standard(value)).toMatchObject(withoutNulls(JSON.parse(standardText)) as object);
    const rewritten = encodeBodyText(kind, value, { pretty });
    // A NaN comes back as Java's 0.
    expect(rewritten).toBe(text.replace('"consumeTps":null', '"consumeTps":0.0'));
    const quoted = JSON.parse(encodeBodyText(kind, value, { standardJson: true }));
    expect(withoutNulls(quoted)).toMatchObject(withoutNulls(JSON.parse(standardText)) as object);
  });

  it('a compressed registration', () => {
    const vector = loadVector<Vector & { hex: string; value: object }>('registrations', 'compressed');
    const decoded = decodeRegisterBrokerBody(hexBytes(vector.hex), true) as RegisterBrokerBody;
    expect(standard(decoded)).toEqual(vector.value);
    const again = decodeRegisterBrokerBody(encodeRegisterBrokerBody(decoded, true), true);
    expect(again).toEqual(decoded);
  });
});

interface LenientSample {
  readonly text: string;
  readonly accepted: boolean;
  readonly standardText?: string;
}

describe('leniency of FastJSON', () => {
  it.each(samplesOf<LenientSample>('json', 'generic'))('parses $text', ({ text, accepted, standardText }) => {
    const value = parseJson(text);
    expect(value instanceof DecodeError).toBe(!accepted);
    if (!accepted) return;
    const out = new JsonWriter();
    writeJsonValue(value as JsonValue, out);
    const quoted = out.text().replace('{{"x":1}:5}', '{"{\\"x\\":1}":5}');
    expect(JSON.parse(quoted, numbersAsText)).toEqual(JSON.parse(standardText as string, numbersAsText));
  });

  it.each(samplesOf<LenientSample>('json', 'typed'))('types $text', ({ text, accepted, standardText }) => {
    const value = decodeBody(topicConfig, text);
    expect(value instanceof DecodeError).toBe(!accepted);
    // An explicit null or unknown enum name sets Java's field to null; here it is the default.
    if (accepted) expect(value).toMatchObject(JSON.parse(standardText as string));
  });
});

function numbersAsText(_: string, value: unknown): unknown {
  return typeof value === 'number' ? String(value) : value;
}
