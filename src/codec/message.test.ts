import { describe, expect, it } from 'vitest';
import {
  BLANK_MAGIC,
  checkRecord,
  decodeRecord,
  draftFrom,
  encodeRecord,
  encodeRecordHead,
  finishRecord,
  MAX_PROPERTIES_BYTES,
  type MessageExt,
  patchOffsets,
  peekRecord,
  RecordDraft,
  RecordPeek,
  recordSizeBytes,
  writeBlank,
} from './message.ts';
import { encodeHost } from './message-id.ts';

// Recorded from MessageDecoder.encode of 4.6.0 (spec vectors V5 and V6).
const V5 =
  '00000073daa320a73610a6860000000100000005000000000000000200000000000003e8000000000000015d3ef798007f00000100001388' +
  '0000015d3ef798010a00000100002a9f0000000000000000000000000000000568656c6c6f09546f70696354657374000a54414753015461' +
  '674102';
const V6 =
  '0000008bdaa320a73610a6860000000100000005000000000000000200000000000003e8000000300000015d3ef79800fd00000000000000' +
  '0000000000000002000013880000015d3ef79801fd00000000000000000000000000000100002a9f00000000000000000000000000000005' +
  '68656c6c6f09546f70696354657374000a54414753015461674102';

function draftV5(): RecordDraft {
  const draft = new RecordDraft();
  draft.queueId = 1;
  draft.flag = 5;
  draft.queueOffset = 2;
  draft.phyOffset = 1000;
  draft.bornTimestamp = 1500000000000;
  draft.bornHost = encodeHost('127.0.0.1', 5000) as Buffer;
  draft.storeTimestamp = 1500000000001;
  draft.storeHost = encodeHost('10.0.0.1', 10911) as Buffer;
  draft.body = Buffer.from('xhelloy');
  draft.bodyStart = 1;
  draft.bodyEnd = 6;
  draft.topic = Buffer.from('TopicTest');
  draft.topicEnd = 9;
  draft.properties = Buffer.from('TAGS\u0001TagA\u0002');
  draft.propertiesEnd = 10;
  return draft;
}

function decoded(bytes: Buffer, position = 0): MessageExt {
  const record = decodeRecord(bytes, position);
  if (typeof record === 'string') throw new Error(record);
  return record;
}

describe('encodeRecord', () => {
  it('writes the bytes Java writes, at any position', () => {
    const target = Buffer.alloc(200, 0xee);
    expect(encodeRecord(target, 7, draftV5())).toBe(115);
    expect(target.toString('hex', 7, 7 + 115)).toBe(V5);
    expect(target.subarray(0, 7).every((byte) => byte === 0xee)).toBe(true);
    expect(target.subarray(122).every((byte) => byte === 0xee)).toBe(true);
  });

  it('sets the IPv6 bits from the hosts, whatever the flag says', () => {
    const draft = draftV5();
    draft.bornHost = encodeHost('fd00::2', 5000) as Buffer;
    draft.storeHost = encodeHost('fd00::1', 10911) as Buffer;
    const target = Buffer.alloc(200);
    expect(encodeRecord(target, 0, draft)).toBe(139);
    expect(target.toString('hex', 0, 139)).toBe(V6);
    const lying = draftV5();
    lying.sysFlag = 0x31;
    encodeRecord(target, 0, lying);
    expect(decoded(target).sysFlag).toBe(0x01);
  });

  it('takes the properties later', () => {
    const target = Buffer.alloc(200);
    const propertiesAt = encodeRecordHead(target, 3, draftV5());
    const length = target.write('TAGS\u0001TagA\u0002', propertiesAt);
    expect(finishRecord(target, 3, propertiesAt, length)).toBe(115);
    expect(target.toString('hex', 3, 118)).toBe(V5);
  });

  it('writes bodies on both sides of the copy switch and the size that was computed', () => {
    for (const length of [0, 1, 31, 32, 33, 300, 5000]) {
      const draft = draftV5();
      draft.body = Buffer.alloc(length + 2, 0x61);
      draft.bodyStart = 1;
      draft.bodyEnd = 1 + length;
      const size = recordSizeBytes(8, 8, length, 9, 10);
      const target = Buffer.alloc(size);
      expect(encodeRecord(target, 0, draft)).toBe(size);
      expect(decoded(target).body.length).toBe(length);
    }
  });

  it('writes and reads every 64-bit value exactly up to 2^53, and cuts what Java cannot hold', () => {
    const target = Buffer.alloc(200);
    const values = [0, 1, -1, 2 ** 32 - 1, 2 ** 32, -(2 ** 32), 2 ** 53 - 1, -(2 ** 53) + 1, 2 ** 62];
    for (const value of values) {
      const draft = draftV5();
      draft.bornTimestamp = value;
      encodeRecord(target, 0, draft);
      expect(target.readBigInt64BE(40)).toBe(BigInt(value));
      expect(decoded(target).bornTimestamp).toBe(value);
    }
    const draft = draftV5();
    draft.bornTimestamp = 2 ** 63;
    encodeRecord(target, 0, draft);
    expect(target.readBigInt64BE(40)).toBe(2n ** 63n - 1n);
    draft.bornTimestamp = -(2 ** 64);
    encodeRecord(target, 0, draft);
    expect(target.readBigInt64BE(40)).toBe(-(2n ** 63n));
  });

  it('refuses what the layout cannot hold', () => {
    const draft = draftV5();
    draft.topic = Buffer.alloc(128, 0x61);
    draft.topicEnd = 128;
    expect(() => encodeRecord(Buffer.alloc(500), 0, draft)).toThrow('topic longer');
    expect(() => encodeRecord(Buffer.alloc(114), 0, draftV5())).toThrow('does not fit');
    expect(() => finishRecord(Buffer.alloc(10), 0, 5, MAX_PROPERTIES_BYTES + 1)).toThrow('properties longer');
    const badHost = draftV5();
    badHost.bornHost = Buffer.alloc(6);
    expect(() => encodeRecord(Buffer.alloc(500), 0, badHost)).toThrow('8 or 20');
  });
});

describe('patchOffsets', () => {
  it('replaces only the two offsets', () => {
    const target = Buffer.alloc(115);
    const draft = draftV5();
    draft.queueOffset = 0;
    draft.phyOffset = 0;
    encodeRecord(target, 0, draft);
    patchOffsets(target, 0, 2, 1000);
    expect(target.toString('hex')).toBe(V5);
  });
});

describe('decodeRecord', () => {
  it('gives every field', () => {
    expect(decoded(Buffer.from(V5, 'hex'))).toEqual({
      totalSize: 115,
      bodyCrc: 907060870,
      queueId: 1,
      flag: 5,
      queueOffset: 2,
      phyOffset: 1000,
      sysFlag: 0,
      bornTimestamp: 1500000000000,
      bornHost: Buffer.from('7f00000100001388', 'hex'),
      storeTimestamp: 1500000000001,
      storeHost: Buffer.from('0a00000100002a9f', 'hex'),
      reconsumeTimes: 0,
      preparedTransactionOffset: 0,
      body: Buffer.from('hello'),
      topic: 'TopicTest',
      propertiesText: 'TAGS\u0001TagA\u0002',
      properties: new Map([['TAGS', 'TagA']]),
      offsetMsgId: '0A00000100002A9F00000000000003E8',
    });
    expect(decoded(Buffer.from(V6, 'hex')).offsetMsgId).toBe(
      'FD00000000000000000000000000000100002A9F00000000000003E8',
    );
  });

  it('can be written again from its peek', () => {
    for (const hex of [V5, V6]) {
      const bytes = Buffer.from(hex, 'hex');
      const peek = new RecordPeek();
      expect(peekRecord(bytes, 0, bytes.length, peek)).toBe('ok');
      const draft = new RecordDraft();
      draftFrom(bytes, peek, draft);
      const target = Buffer.alloc(bytes.length);
      expect(encodeRecord(target, 0, draft)).toBe(bytes.length);
      expect(target.toString('hex')).toBe(hex);
    }
  });
});

describe('peekRecord and checkRecord', () => {
  const peek = new RecordPeek();

  it('tell a record that the limit cuts', () => {
    const bytes = Buffer.from(V5, 'hex');
    expect(peekRecord(bytes, 0, 7, peek)).toBe('short');
    expect(peek.totalSize).toBe(0);
    expect(peekRecord(bytes, 0, 114, peek)).toBe('short');
    expect(peek.totalSize).toBe(115);
    expect(checkRecord(bytes, 0, 114, { checkCrc: true }, peek)).toBe('invalid');
    expect(peek.totalSize).toBe(0);
    expect(peekRecord(bytes, 0, 1000, peek)).toBe('ok');
  });

  it('see a damaged body only with checkCrc', () => {
    const bytes = Buffer.from(V5, 'hex');
    expect(checkRecord(bytes, 0, 115, { checkCrc: true }, peek)).toBe('ok');
    expect(peek.totalSize).toBe(115);
    bytes[90] = 0x00;
    expect(checkRecord(bytes, 0, 115, { checkCrc: true }, peek)).toBe('invalid');
    expect(peek.totalSize).toBe(0);
    expect(checkRecord(bytes, 0, 115, { checkCrc: false }, peek)).toBe('ok');
  });

  it('give TOTALSIZE when the lengths inside do not add up to it', () => {
    const bytes = Buffer.concat([Buffer.from(V5, 'hex'), Buffer.alloc(10)]);
    bytes.writeInt32BE(120, 0);
    expect(checkRecord(bytes, 0, 125, { checkCrc: true }, peek)).toBe('invalid');
    expect(peek.totalSize).toBe(120);
  });

  it('refuse a topic length that Java reads as negative', () => {
    const bytes = Buffer.from(V5, 'hex');
    bytes[93] = 0x80;
    expect(bytes.toString('latin1', 94, 103)).toBe('TopicTest');
    expect(checkRecord(bytes, 0, 115, { checkCrc: true }, peek)).toBe('invalid');
    expect(peek.totalSize).toBe(0);
  });

  it('take empty space for invalid and a blank for blank', () => {
    const bytes = Buffer.alloc(64);
    expect(checkRecord(bytes, 0, 64, { checkCrc: true }, peek)).toBe('invalid');
    expect(peek.totalSize).toBe(0);
    writeBlank(bytes, 4, 60);
    expect(bytes.readInt32BE(8)).toBe(BLANK_MAGIC);
    expect(checkRecord(bytes, 4, 64, { checkCrc: true }, peek)).toBe('blank');
    expect(peek.totalSize).toBe(60);
    expect(() => writeBlank(bytes, 0, 7)).toThrow('blank');
  });
});
