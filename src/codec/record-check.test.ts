import { describe, expect, it } from 'vitest';
import { encodeRecord, RecordDraft, recordSizeBytes } from './message.ts';
import { isBodyWhole, isOfQueue, isRecord } from './record-check.ts';

/** Where the record stands in its buffer, and in the log. */
const AT = 5;
const PHY_OFFSET = 0x1_0000_0100;
const QUEUE_OFFSET = 0x1_0000_0007;

describe('record checks', () => {
  it.each(['v4', 'v6'] as const)('see every bit they promise to see: hosts %s', (family) => {
    const { bytes, size, fields } = recordOf('Topic-Ä', family, 'the body');
    expect(failing(bytes, size, 'Topic-Ä')).toBe('');
    for (const [name, from, to, isSeen] of fields) {
      for (let bit = from * 8; bit < to * 8; bit++) {
        bytes[AT + (bit >> 3)] = (bytes[AT + (bit >> 3)] as number) ^ (1 << (bit & 7));
        expect([name, bit, failing(bytes, size, 'Topic-Ä') !== '']).toEqual([name, bit, isSeen]);
        bytes[AT + (bit >> 3)] = (bytes[AT + (bit >> 3)] as number) ^ (1 << (bit & 7));
      }
    }
  });

  it('take a record without a body, and one with an empty topic', () => {
    const { bytes, size } = recordOf('', 'v4', '');
    expect(failing(bytes, size, '')).toBe('');
  });

  it('look at nothing behind the record, whatever its lengths say', () => {
    const { bytes, size } = recordOf('T', 'v6', 'body');
    for (let length = 0; length < size; length++) {
      const cut = Buffer.from(bytes.subarray(0, AT + length));
      cut.writeInt32BE(length, AT < cut.length - 4 ? AT : 0);
      expect(isRecord(cut, AT, length, PHY_OFFSET)).toBe(false);
    }
  });

  it('say no to another queue, another place and a message that is in no queue', () => {
    const { bytes, size } = recordOf('T', 'v4', 'body');
    expect(isRecord(bytes, AT, size, PHY_OFFSET + 2 ** 32)).toBe(false);
    expect(isRecord(bytes, AT, size + 1, PHY_OFFSET)).toBe(false);
    expect(isOfQueue(bytes, AT, 'T', 3, QUEUE_OFFSET)).toBe(true);
    for (const topic of ['U', 'TT', '', 'Ä']) expect(isOfQueue(bytes, AT, topic, 3, QUEUE_OFFSET)).toBe(false);
    expect(isOfQueue(bytes, AT, 'T', 4, QUEUE_OFFSET)).toBe(false);
    expect(isOfQueue(bytes, AT, 'T', 3, QUEUE_OFFSET + 1)).toBe(false);
    expect(isOfQueue(recordOf('T', 'v4', 'body', 0x4).bytes, AT, 'T', 3, QUEUE_OFFSET)).toBe(false);
    expect(isOfQueue(recordOf('T', 'v4', 'body', 0x8).bytes, AT, 'T', 3, QUEUE_OFFSET)).toBe(true);
  });
});

function failing(bytes: Buffer, size: number, topic: string): string {
  if (!isRecord(bytes, AT, size, PHY_OFFSET)) return 'isRecord';
  if (!isOfQueue(bytes, AT, topic, 3, QUEUE_OFFSET)) return 'isOfQueue';
  return isBodyWhole(bytes, AT) ? '' : 'isBodyWhole';
}

/** A record, and its fields: name, first byte, byte behind, whether a changed bit is seen. */
function recordOf(topic: string, family: 'v4' | 'v6', body: string, sysFlag = 0) {
  const draft = new RecordDraft();
  const host = family === 'v4' ? 8 : 20;
  draft.queueId = 3;
  draft.queueOffset = QUEUE_OFFSET;
  draft.phyOffset = PHY_OFFSET;
  draft.sysFlag = sysFlag;
  draft.bornHost = Buffer.alloc(host, 1);
  draft.storeHost = Buffer.alloc(host, 2);
  draft.body = Buffer.from(body);
  draft.bodyEnd = draft.body.length;
  draft.topic = Buffer.from(topic);
  draft.topicEnd = draft.topic.length;
  draft.properties = Buffer.from('a\u0001b\u0002');
  draft.propertiesEnd = draft.properties.length;
  const size = recordSizeBytes(host, host, draft.bodyEnd, draft.topicEnd, draft.propertiesEnd);
  const bytes = Buffer.alloc(AT + size);
  encodeRecord(bytes, AT, draft);
  const bodyLength = 68 + 2 * host;
  const topicAt = bodyLength + 4 + draft.bodyEnd;
  const propertiesAt = topicAt + 1 + draft.topicEnd;
  const fields = [
    ['TOTALSIZE and MAGIC', 0, 8, true],
    ['BODYCRC', 8, 12, true],
    ['QUEUEID', 12, 16, true],
    ['FLAG', 16, 20, false],
    ['QUEUEOFFSET and PHYSICALOFFSET', 20, 36, true],
    ['SYSFLAG without its last byte', 36, 39, false],
    ['times, hosts, counters', 40, bodyLength, false],
    ['BODYLEN, body, topic, PROPERTIESLEN', bodyLength, propertiesAt + 2, true],
    ['properties', propertiesAt + 2, size, false],
  ] as const;
  return { bytes, size, fields };
}
