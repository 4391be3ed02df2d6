import { describe, expect, it } from 'vitest';
import { AssemblyBudget, FrameDecoder } from './frame.ts';
import {
  decodeCommand,
  encodeCommand,
  JSON_TYPE,
  type RemotingCommand,
  ROCKETMQ_TYPE,
  VERSION_4_6_0,
} from './remoting-command.ts';

const request: RemotingCommand = {
  code: 30,
  language: 'JAVA',
  version: VERSION_4_6_0,
  opaque: 7,
  flag: 0,
  remark: undefined,
  extFields: new Map([
    ['queueId', '3'],
    ['topic', 'TopicTest'],
  ]),
  body: undefined,
};
const response: RemotingCommand = {
  code: 17,
  language: 'JAVA',
  version: VERSION_4_6_0,
  opaque: 7,
  flag: 1,
  remark: 'topic[X] not exist',
  extFields: undefined,
  body: Buffer.from('hi'),
};

/** Frames made by the Java 4.6.0 classes. */
const vectors: { name: string; type: number; hex: string; command: RemotingCommand }[] = [
  {
    name: 'request, JSON',
    type: JSON_TYPE,
    hex:
      '00000094000000907b22636f6465223a33302c226578744669656c6473223a7b2271756575654964223a2233222c22746f706963' +
      '223a22546f70696354657374227d2c22666c6167223a302c226c616e6775616765223a224a415641222c226f7061717565223a37' +
      '2c2273657269616c697a655479706543757272656e74525043223a224a534f4e222c2276657273696f6e223a3333337d',
    command: request,
  },
  {
    name: 'request, ROCKETMQ',
    type: ROCKETMQ_TYPE,
    hex:
      '0000003b01000037001e00014d0000000700000000000000000000002200077175657565496400000001330005746f7069630000' +
      '0009546f70696354657374',
    command: request,
  },
  {
    name: 'response with a body, JSON',
    type: JSON_TYPE,
    hex:
      '000000840000007e7b22636f6465223a31372c22666c6167223a312c226c616e6775616765223a224a415641222c226f70617175' +
      '65223a372c2272656d61726b223a22746f7069635b585d206e6f74206578697374222c2273657269616c697a6554797065437572' +
      '72656e74525043223a224a534f4e222c2276657273696f6e223a3333337d6869',
    command: response,
  },
  {
    name: 'response with a body, ROCKETMQ',
    type: ROCKETMQ_TYPE,
    hex: '0000002d01000027001100014d000000070000000100000012746f7069635b585d206e6f74206578697374000000006869',
    command: response,
  },
];

function decodeInPieces(bytes: Buffer, cuts: readonly number[]): (RemotingCommand | undefined)[] {
  const out: (RemotingCommand | undefined)[] = [];
  const decoder = new FrameDecoder(new AssemblyBudget(1_000_000));
  let at = 0;
  for (const cut of [...cuts, bytes.length]) {
    const chunk = Buffer.from(bytes.subarray(at, cut));
    const problem = decoder.feed(chunk, (frame, start, end) => {
      out.push(decodeCommand(frame, start, end));
      return true;
    });
    expect(problem).toBeUndefined();
    chunk.fill(0xff);
    at = cut;
  }
  return out;
}

describe('vectors recorded from the Java classes', () => {
  it.each(vectors)('$name: encodes to the same bytes', ({ command, type, hex }) => {
    expect(encodeCommand(command, type).toString('hex')).toBe(hex);
  });

  it.each(vectors)('$name: decodes whole, byte by byte and in every pair of pieces', ({ command, hex }) => {
    const bytes = Buffer.from(hex, 'hex');
    expect(decodeInPieces(bytes, [])).toEqual([command]);
    expect(decodeInPieces(bytes, [...bytes.keys()].slice(1))).toEqual([command]);
    for (let cut = 1; cut < bytes.length; cut++) expect(decodeInPieces(bytes, [cut])).toEqual([command]);
  });

  it('decodes all of them out of one stream', () => {
    const bytes = Buffer.concat(vectors.map(({ hex }) => Buffer.from(hex, 'hex')));
    expect(decodeInPieces(bytes, [3, 100, 170, 171, 300])).toEqual(vectors.map(({ command }) => command));
  });
});

describe('malformed frames', () => {
  const header = '{"code":1}';
  const frame = (type: number, headerLength: number, text: string) => {
    const bytes = Buffer.alloc(4 + text.length);
    bytes.writeUInt32BE(((type << 24) | headerLength) >>> 0);
    bytes.write(text, 4);
    return bytes;
  };

  it('takes a plain one', () => {
    expect(decodeCommand(frame(0, header.length, header))).toMatchObject({ code: 1, language: 'JAVA', version: 0 });
  });

  it.each([
    ['another serialize type', frame(2, header.length, header)],
    ['a header longer than the frame', frame(0, header.length + 1, header)],
    ['no room for the header length', Buffer.alloc(3)],
    ['an empty header', frame(0, 0, '')],
    ['no JSON', frame(0, 4, 'abcd')],
    ['JSON, but no object', frame(0, 2, '[]')],
    ['an unclosed object', frame(0, 9, '{"code":1')],
    ['an unclosed object behind an empty one', frame(0, 15, '{"extFields":{}')],
    ['a number out of range', frame(0, 19, '{"code":4294967296}')],
    ['too short a binary header', frame(1, 20, ' '.repeat(20))],
  ])('refuses %s', (_name, bytes) => {
    expect(decodeCommand(bytes)).toBeUndefined();
  });
});

describe('binary headers', () => {
  const whole = encodeCommand({ ...request, remark: 'r' }, ROCKETMQ_TYPE).subarray(4);

  it('reads null for an empty remark and empty extFields', () => {
    const bytes = encodeCommand({ ...request, remark: '', extFields: new Map() }, ROCKETMQ_TYPE);
    expect(decodeCommand(bytes, 4)).toMatchObject({ remark: undefined, extFields: undefined });
  });

  it('sign-extends code and version, and knows no language beyond its list', () => {
    const bytes = Buffer.from(whole);
    bytes.writeInt16BE(-5, 4);
    bytes[6] = 200;
    bytes.writeInt16BE(-1, 7);
    expect(decodeCommand(bytes)).toMatchObject({ code: -5, language: undefined, version: -1 });
  });

  it('lets the last of two equal keys win', () => {
    const bytes = encodeCommand(
      {
        ...request,
        extFields: new Map([
          ['a', '1'],
          ['b', '2'],
        ]),
      },
      ROCKETMQ_TYPE,
    );
    const at = bytes.lastIndexOf('b');
    bytes[at] = 0x61;
    expect(decodeCommand(bytes, 4)?.extFields).toEqual(new Map([['a', '2']]));
  });

  it('refuses every length that does not fit', () => {
    for (const position of [17, 22]) {
      for (const length of [1000, 0x7fffffff]) {
        const bytes = Buffer.from(whole);
        bytes.writeInt32BE(length, position);
        expect(decodeCommand(bytes)).toBeUndefined();
      }
    }
    const bytes = Buffer.from(whole);
    bytes.writeInt16BE(-1, 26);
    expect(decodeCommand(bytes)).toBeUndefined();
  });
});
