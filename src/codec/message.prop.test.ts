import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkRecord, decodeRecord, encodeRecord, RecordDraft, RecordPeek, recordSizeBytes } from './message.ts';
import { BatchCursor, encodeBatch } from './message-batch.ts';

const host = fc.oneof(fc.uint8Array({ minLength: 8, maxLength: 8 }), fc.uint8Array({ minLength: 20, maxLength: 20 }));
const int = fc.integer();
const long = fc.maxSafeInteger();

const fields = fc.record({
  queueId: int,
  flag: int,
  queueOffset: long,
  phyOffset: long,
  bornTimestamp: long,
  bornHost: host,
  storeTimestamp: long,
  storeHost: host,
  reconsumeTimes: int,
  preparedTransactionOffset: long,
});
const parts = fc.record({
  body: fc.uint8Array({ maxLength: 400 }),
  topic: fc.uint8Array({ maxLength: 127 }),
  properties: fc.uint8Array({ maxLength: 300 }),
});

function draftOf(
  values: Partial<RecordDraft>,
  { body, topic, properties }: Record<'body' | 'topic' | 'properties', Uint8Array>,
): RecordDraft {
  const draft = Object.assign(new RecordDraft(), values);
  draft.body = Buffer.from(body);
  draft.bodyEnd = body.length;
  draft.topic = Buffer.from(topic);
  draft.topicEnd = topic.length;
  draft.properties = Buffer.from(properties);
  draft.propertiesEnd = properties.length;
  return draft;
}

describe('stored record', () => {
  it('round-trips every field', () => {
    fc.assert(
      fc.property(fields, parts, fc.nat(20), (values, variable, position) => {
        const draft = draftOf(values, variable);
        const { body, topic, properties } = variable;
        const size = recordSizeBytes(
          values.bornHost.length,
          values.storeHost.length,
          body.length,
          topic.length,
          properties.length,
        );
        const target = Buffer.alloc(position + size);
        expect(encodeRecord(target, position, draft)).toBe(size);
        const peek = new RecordPeek();
        expect(checkRecord(target, position, target.length, { checkCrc: true }, peek)).toBe('ok');
        const record = decodeRecord(target, position);
        const hosts = { bornHost: Buffer.from(values.bornHost), storeHost: Buffer.from(values.storeHost) };
        expect(record).toMatchObject({ ...values, ...hosts, body: Buffer.from(body), totalSize: size });
      }),
    );
  });

  it('never throws and stays inside the limit, whatever the bytes', () => {
    const magic = Buffer.from('daa320a7', 'hex');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(210), fc.boolean(), (bytes, limit, looksGood) => {
        const buffer = Buffer.from(bytes);
        if (looksGood && buffer.length >= 8) {
          magic.copy(buffer, 4);
          buffer.writeInt32BE(Math.min(limit, buffer.length), 0);
        }
        const peek = new RecordPeek();
        const status = checkRecord(buffer, 0, limit, { checkCrc: true }, peek);
        const cut = Buffer.from(buffer.subarray(0, limit));
        expect(checkRecord(cut, 0, limit, { checkCrc: true }, peek)).toBe(status);
        decodeRecord(buffer, 0, limit);
      }),
    );
  });

  it('notices any single damaged byte of lengths, magic or body, or stays readable', () => {
    const draft = draftOf({}, { body: Buffer.alloc(50, 7), topic: Buffer.from('T'), properties: Buffer.alloc(3, 65) });
    const good = Buffer.alloc(recordSizeBytes(8, 8, 50, 1, 3));
    encodeRecord(good, 0, draft);
    const guarded = [0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 84, 87, 88, 137, 138, 140, 141];
    fc.assert(
      fc.property(fc.constantFrom(...guarded), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = Buffer.from(good);
        bytes[at] = (bytes[at] as number) ^ change;
        const negativeLength = at === 84 || at === 140;
        const status = checkRecord(bytes, 0, bytes.length, { checkCrc: true }, new RecordPeek());
        if (!negativeLength) expect(status).toBe('invalid');
      }),
    );
  });
});

describe('batch body', () => {
  const member = fc.record({
    flag: int,
    body: fc.uint8Array({ maxLength: 60 }),
    properties: fc.uint8Array({ maxLength: 60 }),
  });

  it('round-trips', () => {
    fc.assert(
      fc.property(fc.array(member, { maxLength: 6 }), fc.nat(5), (members, lead) => {
        const bytes = Buffer.concat([Buffer.alloc(lead), encodeBatch(members)]);
        const cursor = new BatchCursor();
        cursor.reset(bytes, lead, bytes.length);
        const seen = [];
        while (cursor.next() === 'message') {
          seen.push({
            flag: cursor.flag,
            body: new Uint8Array(bytes.subarray(cursor.bodyStart, cursor.bodyEnd)),
            properties: new Uint8Array(bytes.subarray(cursor.propertiesStart, cursor.propertiesEnd)),
          });
        }
        expect(seen).toEqual(members.map((each) => ({ ...each, body: new Uint8Array(each.body) })));
        expect(cursor.next()).toBe('end');
      }),
    );
  });

  it('ends or reports malformed for any bytes, inside the span', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat(120), (bytes, end) => {
        const cursor = new BatchCursor();
        cursor.reset(bytes, 0, Math.min(end, bytes.length));
        let step = cursor.next();
        for (; step === 'message'; step = cursor.next()) {
          expect(cursor.propertiesEnd).toBeLessThanOrEqual(end);
        }
        expect(cursor.next()).toBe(step);
      }),
    );
  });
});
