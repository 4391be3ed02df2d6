import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError } from '../fast-json.ts';
import { consumeStats } from './consume-stats.ts';
import { heartbeatData, subscriptionData } from './heartbeat.ts';
import { lockBatchRequestBody } from './message-queue.ts';
import {
  decodeRegisterBrokerBody,
  encodeRegisterBrokerBody,
  MAX_REGISTRATION_BYTES,
  type RegisterBrokerBody,
} from './register-broker.ts';
import { topicRouteData } from './route.ts';
import {
  bean,
  bool,
  decodeBody,
  double,
  encodeBody,
  encodeBodyText,
  int,
  list,
  long,
  optional,
  property,
  set,
  text,
} from './schema.ts';
import {
  consumerOffsetSerializeWrapper,
  subscriptionGroupConfig,
  type TopicConfig,
  topicConfig,
  topicConfigSerializeWrapper,
  topicList,
} from './topic-config.ts';

function message(decoded: unknown): string {
  return decoded instanceof DecodeError ? decoded.message : `decoded ${JSON.stringify(decoded)}`;
}

describe('decodeBody', () => {
  it('takes the Java defaults for what is missing or null', () => {
    expect(decodeBody(topicConfig, '{}')).toEqual({
      order: false,
      perm: 6,
      readQueueNums: 16,
      topicFilterType: 'SINGLE_TAG',
      topicSysFlag: 0,
      writeQueueNums: 16,
    });
    expect(decodeBody(topicConfig, '{"perm":null,"topicName":null,"topicFilterType":"X"}')).toEqual(
      decodeBody(topicConfig, '{}'),
    );
    expect(decodeBody(subscriptionGroupConfig, '{}')).toMatchObject({ retryMaxTimes: 16, retryQueueNums: 1 });
    expect(decodeBody(subscriptionData, '{"topic":"T"}')).toEqual({
      classFilterMode: false,
      codeSet: [],
      expressionType: 'TAG',
      subVersion: 0,
      tagsSet: [],
      topic: 'T',
    });
  });

  it('gives every caller its own default lists and maps', () => {
    const first = decodeBody(topicConfigSerializeWrapper, '{}');
    const second = decodeBody(topicConfigSerializeWrapper, '{}');
    expect(first).toEqual(second);
    if (first instanceof DecodeError || second instanceof DecodeError) throw new Error('not decoded');
    expect(first.topicConfigTable).not.toBe(second.topicConfigTable);
    expect(first.dataVersion).not.toBe(second.dataVersion);
  });

  it('skips unknown properties and prefers an exact name over a similar one', () => {
    const body = '{"PERM":2,"perm":4,"Perm":1,"future":{"x":[1,{2:3}]},"read_queue_nums":3}';
    expect(decodeBody(topicConfig, body)).toMatchObject({ perm: 4, readQueueNums: 3 });
    expect(decodeBody(topicConfig, '{"Perm":1}')).toMatchObject({ perm: 1 });
  });

  it('keeps a property called __proto__ harmless', () => {
    const decoded = decodeBody(heartbeatData, '{"__proto__":{"clientID":"x"},"clientID":"c"}');
    expect(decoded).toMatchObject({ clientID: 'c' });
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
  });

  it('says what is wrong', () => {
    expect(message(decodeBody(topicConfig, '{"perm":"x"}'))).toBe('body.perm is not a number');
    expect(message(decodeBody(topicConfig, '{"perm":4294967297}'))).toBe('body.perm is not an int');
    expect(message(decodeBody(topicConfig, '{"order":"x"}'))).toBe('body.order is not a boolean');
    expect(message(decodeBody(topicConfig, '[]'))).toBe('body is not an object');
    expect(message(decodeBody(topicConfig, ''))).toBe('body is empty');
    expect(message(decodeBody(topicConfig, '{"perm":'))).toContain('JSON: no value');
    expect(message(decodeBody(lockBatchRequestBody, '{"mqSet":{}}'))).toBe('body.mqSet is not a list');
    expect(message(decodeBody(lockBatchRequestBody, '{"mqSet":[{"queueId":[]}]}'))).toBe(
      'body.mqSet[0].queueId is not a number',
    );
    expect(message(decodeBody(consumerOffsetSerializeWrapper, '{"offsetTable":{"t@g":{"x":1}}}'))).toBe(
      'key of body.offsetTable.t@g is not a number',
    );
    expect(message(decodeBody(consumeStats, '{"offsetTable":{"{}":{}}}'))).toBe(
      'key of body.offsetTable is not an object',
    );
  });

  it('reads quoted and bare integer keys, and longs up to their ends', () => {
    const decoded = decodeBody(
      consumerOffsetSerializeWrapper,
      '{"offsetTable":{"t@g":{0:1,"1":"2",2:9007199254740993,3:9223372036854775807}}}',
    );
    expect(decoded).toEqual({
      offsetTable: new Map([
        [
          't@g',
          new Map([
            [0, 1],
            [1, 2],
            [2, 9007199254740992],
            [3, 2 ** 63],
          ]),
        ],
      ]),
    });
    expect(encodeBodyText(consumerOffsetSerializeWrapper, decoded as never)).toContain('3:9223372036854775807');
  });

  it('never throws, whatever the JSON', () => {
    const names = fc.constantFrom('clientID', 'consumerDataSet', 'subscriptionDataSet', 'groupName', 'codeSet', 'x');
    const value = fc.jsonValue().map((each) => JSON.stringify(each));
    fc.assert(
      fc.property(fc.array(fc.tuple(names, value)), (pairs) => {
        const body = `{"consumerDataSet":[{${pairs.map(([name, each]) => `${name}:${each}`).join(',')}}]}`;
        decodeBody(heartbeatData, body);
        decodeBody(topicRouteData, body);
      }),
    );
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void decodeBody(heartbeatData, Buffer.from(bytes))));
  });
});

describe('encodeBody', () => {
  const everything = bean({
    zInt: property(int, 0),
    aText: optional(text),
    items: property(list(double), () => []),
    names: property(set(text), () => []),
    flag: property(bool, false),
    big: property(long, 0),
  });

  it('writes properties in alphabetical order and leaves absent ones out', () => {
    const value = { zInt: -1, items: [1, 0.5, Number.NaN], names: ['a"b', '订'], flag: true, big: 2 ** 53 };
    expect(encodeBody(everything, value).toString()).toBe(
      '{"big":9007199254740992,"flag":true,"items":[1.0,0.5,null],"names":["a\\"b","订"],"zInt":-1}',
    );
  });

  it('round-trips', () => {
    const value = fc.record(
      {
        zInt: fc.integer(),
        aText: fc.string({ unit: 'binary' }),
        items: fc.array(fc.double({ noNaN: true, noDefaultInfinity: true })),
        names: fc.uniqueArray(fc.string()),
        flag: fc.boolean(),
        big: fc.maxSafeInteger().map((each) => each || 0),
      },
      { requiredKeys: ['zInt', 'items', 'names', 'flag', 'big'] },
    );
    fc.assert(
      fc.property(value, fc.boolean(), fc.boolean(), (each, pretty, standardJson) => {
        const decoded = decodeBody(everything, encodeBody(everything, each, { pretty, standardJson }));
        expect(decoded).toEqual({ ...each, items: each.items.map((item) => item || 0) });
      }),
    );
  });

  it('quotes and sorts map keys when standard JSON is asked for', () => {
    const route = {
      brokerDatas: [
        {
          brokerAddrs: new Map([
            [10, 'c'],
            [0, 'a'],
            [2, 'b'],
          ]),
          brokerName: 'b',
          cluster: 'C',
        },
      ],
      filterServerTable: new Map([
        ['z', ['1']],
        ['a', []],
      ]),
      queueDatas: [],
    };
    expect(encodeBodyText(topicRouteData, route)).toBe(
      '{"brokerDatas":[{"brokerAddrs":{10:"c",0:"a",2:"b"},"brokerName":"b","cluster":"C"}],' +
        '"filterServerTable":{"z":["1"],"a":[]},"queueDatas":[]}',
    );
    expect(encodeBodyText(topicRouteData, route, { standardJson: true })).toBe(
      '{"brokerDatas":[{"brokerAddrs":{"0":"a","2":"b","10":"c"},"brokerName":"b","cluster":"C"}],' +
        '"filterServerTable":{"a":[],"z":["1"]},"queueDatas":[]}',
    );
    const stats = {
      consumeTps: 0,
      offsetTable: new Map([
        [
          { topic: 'T', brokerName: 'b', queueId: 1 },
          { brokerOffset: 1, consumerOffset: 2, lastTimestamp: 3 },
        ],
      ]),
    };
    expect(JSON.parse(encodeBodyText(consumeStats, stats, { standardJson: true }))).toEqual({
      consumeTps: 0,
      offsetTable: {
        '{"brokerName":"b","queueId":1,"topic":"T"}': { brokerOffset: 1, consumerOffset: 2, lastTimestamp: 3 },
      },
    });
  });
});

describe('register broker body', () => {
  const topic = (topicName: string): TopicConfig => ({
    order: false,
    perm: 6,
    readQueueNums: 3,
    topicFilterType: 'SINGLE_TAG',
    topicName,
    topicSysFlag: 0,
    writeQueueNums: 2,
  });
  const body: RegisterBrokerBody = {
    filterServerList: ['127.0.0.1:1'],
    topicConfigSerializeWrapper: {
      dataVersion: { counter: 1, timestamp: 123 },
      topicConfigTable: new Map([
        ['A', topic('A')],
        ['%RETRY%b', topic('%RETRY%b')],
      ]),
    },
  };

  it('round-trips in both forms', () => {
    for (const compressed of [false, true]) {
      expect(decodeRegisterBrokerBody(encodeRegisterBrokerBody(body, compressed), compressed)).toEqual(body);
    }
  });

  const part = (content: string) => {
    const bytes = Buffer.from(content);
    const length = Buffer.alloc(4);
    length.writeInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const count = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
  };
  const compressed = (...parts: Buffer[]) => message(decodeRegisterBrokerBody(deflateSync(Buffer.concat(parts)), true));

  it('refuses what Java refuses', () => {
    const version = part('{"counter":1,"timestamp":2}');
    expect(compressed(version, count(1), part('T 1 2 6 SINGLE_TAG'), part('[]'))).toContain('decoded');
    for (const line of ['T 1 2 6', 'T 1 2 6 X', 'T a 2 6 SINGLE_TAG', '', 'T  1 2 6 SINGLE_TAG']) {
      expect([line, compressed(version, count(1), part(line), part('[]'))]).toEqual([
        line,
        `topic line '${line}' is not readable`,
      ]);
    }
    expect(compressed(version, count(2), part('T 1 2 6 SINGLE_TAG'), count(-1))).toBe('registration is cut off');
    expect(compressed(version, count(2_000_000_000), part('[]'))).toContain('topic line');
    expect(compressed(version)).toBe('registration is cut off');
    expect(compressed(count(1000))).toBe('registration is cut off');
    expect(compressed(part('{'), count(0), part('[]'))).toContain('JSON');
    expect(message(decodeRegisterBrokerBody(Buffer.from('xx'), true))).toContain('cannot be inflated');
    expect(message(decodeRegisterBrokerBody(Buffer.alloc(0), true))).toContain('cannot be inflated');
  });

  it('does not unfold a bomb', () => {
    const bomb = deflateSync(Buffer.alloc(MAX_REGISTRATION_BYTES + 1));
    expect(message(decodeRegisterBrokerBody(bomb, true))).toContain('cannot be inflated');
  });
});

describe('state files', () => {
  it('are written with the pretty form byte for byte', () => {
    const files = [
      [topicList, '{\n\t"topicList":["T1","T2"]\n}'],
      [
        consumerOffsetSerializeWrapper,
        '{\n\t"offsetTable":{\n\t\t"T@g":{0:3,1:2,2:1,3:2\n\t\t},\n\t\t"U@g":{}\n\t}\n}',
      ],
      [consumerOffsetSerializeWrapper, '{\n\t"offsetTable":{}\n}'],
    ] as const;
    for (const [kind, content] of files) {
      const value = decodeBody<never>(kind as never, content);
      expect(encodeBodyText<never>(kind as never, value as never, { pretty: true })).toBe(content);
    }
  });
});
