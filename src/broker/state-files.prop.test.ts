import fc from 'fast-check';
import Long from 'long';
import { describe, expect, it } from 'vitest';
import { decodeBody, encodeBodyText, type Kind } from '../codec/bodies/schema.ts';
import {
  consumerOffsetSerializeWrapper,
  subscriptionGroupWrapper,
  topicConfigSerializeWrapper,
} from '../codec/bodies/topic-config.ts';
import { DecodeError } from '../codec/fast-json.ts';
import { type ConsumerFilterData, decodeConsumerFilters, encodeConsumerFilters } from './consumer-filter-file.ts';
import { decodeDelayOffsets, encodeDelayOffsets } from './delay-offset-file.ts';

const name = fc.string({ unit: 'binary', maxLength: 20 });
const int = fc.integer();
const long = fc.maxSafeInteger().map((value) => value + 0 || 0);
const table = <T>(values: fc.Arbitrary<T>) =>
  fc.array(fc.tuple(name, values), { maxLength: 5 }).map((entries) => new Map(entries));
const numbers = fc.array(fc.tuple(int, long), { maxLength: 8 }).map((entries) => new Map(entries));
const dataVersion = fc.record({ counter: long, timestamp: long });

const topic = fc.record({
  order: fc.boolean(),
  perm: int,
  readQueueNums: int,
  topicFilterType: fc.constantFrom('SINGLE_TAG' as const, 'MULTI_TAG' as const),
  topicName: name,
  topicSysFlag: int,
  writeQueueNums: int,
});
const group = fc.record({
  brokerId: long,
  consumeBroadcastEnable: fc.boolean(),
  consumeEnable: fc.boolean(),
  consumeFromMinEnable: fc.boolean(),
  groupName: name,
  notifyConsumerIdsChangedEnable: fc.boolean(),
  retryMaxTimes: int,
  retryQueueNums: int,
  whichBrokerWhenConsumeSlowly: long,
});
const exactLong = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => Long.fromString(String(value)));
const filter: fc.Arbitrary<ConsumerFilterData> = fc.record(
  {
    clientVersion: exactLong,
    bornTime: long,
    deadTime: long,
    consumerGroup: name,
    topic: name,
    expression: name,
    expressionType: name,
    bloomFilterData: fc.record({ bitNum: int, bitPos: fc.array(int, { maxLength: 5 }) }),
  },
  { requiredKeys: ['clientVersion', 'bornTime', 'deadTime'] },
);

interface File<T> {
  readonly name: string;
  readonly values: fc.Arbitrary<T>;
  decode(text: string): unknown;
  encode(value: T): string;
}

function bodyFile<T>(name: string, kind: Kind<T>, values: fc.Arbitrary<T>): File<T> {
  return {
    name,
    values,
    decode: (text) => {
      const value = decodeBody(kind, text);
      return value instanceof DecodeError ? undefined : value;
    },
    encode: (value) => encodeBodyText(kind, value, { pretty: true }),
  };
}

const files = [
  bodyFile(
    'topics.json',
    topicConfigSerializeWrapper,
    fc.record({ dataVersion, topicConfigTable: table(topic) }),
  ) as File<unknown>,
  bodyFile(
    'subscriptionGroup.json',
    subscriptionGroupWrapper,
    fc.record({ dataVersion, subscriptionGroupTable: table(group) }),
  ) as File<unknown>,
  bodyFile(
    'consumerOffset.json',
    consumerOffsetSerializeWrapper,
    fc.record({ offsetTable: table(numbers) }),
  ) as File<unknown>,
  {
    name: 'delayOffset.json',
    values: numbers,
    decode: decodeDelayOffsets,
    encode: encodeDelayOffsets,
  } as File<unknown>,
  {
    name: 'consumerFilter.json',
    values: table(table(filter)),
    decode: decodeConsumerFilters,
    encode: encodeConsumerFilters,
  } as File<unknown>,
];

/** Filters carry a `dead` beside what was given: it follows from the times. */
function withoutDead(value: unknown): unknown {
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, withoutDead(item)]));
  if (typeof value !== 'object' || value === null || !('dead' in value)) return value;
  const { dead, ...rest } = value;
  expect(typeof dead).toBe('boolean');
  return rest;
}

describe.each(files)('$name', ({ values, decode, encode }) => {
  it('gives back what was written', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(withoutDead(decode(encode(value)))).toEqual(value);
      }),
    );
  });

  it('decodes or gives undefined for any bytes and any damage, and never throws', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => void decode(Buffer.from(bytes).toString())));
    fc.assert(
      fc.property(values, fc.nat(), fc.nat(7), fc.boolean(), (value, position, bit, cut) => {
        const bytes = Buffer.from(encode(value));
        const at = position % bytes.length;
        if (!cut) bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << bit), at);
        const read = decode((cut ? bytes.subarray(0, at) : bytes).toString());
        if (cut) expect(read).toBeUndefined();
      }),
    );
  });
});
