import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeOffsetMsgId,
  decodeUniqueId,
  encodeHost,
  encodeOffsetMsgId,
  formatHost,
  formatIp,
  parseIp,
  writeOffsetMsgId,
} from './message-id.ts';

describe('offset message id', () => {
  it('is upper-case hex of host and offset', () => {
    const host = encodeHost('127.0.0.1', 23911) as Buffer;
    expect(encodeOffsetMsgId(host, 0xc6)).toBe('7F00000100005D6700000000000000C6');
    expect(encodeOffsetMsgId(encodeHost('fd00::1', 10911) as Buffer, 1000)).toBe(
      'FD00000000000000000000000000000100002A9F00000000000003E8',
    );
  });

  it('round-trips, as text and as ASCII', () => {
    const ip = fc.oneof(fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(ip, fc.integer({ min: 0, max: 65535 }), fc.maxSafeNat(), (address, port, phyOffset) => {
        const host = encodeHost(address, port) as Buffer;
        const id = encodeOffsetMsgId(host, phyOffset);
        expect(decodeOffsetMsgId(id)).toEqual({ host, phyOffset });
        expect(decodeOffsetMsgId(id.toLowerCase())).toEqual({ host, phyOffset });
        const target = Buffer.alloc(60, 0x2e);
        const length = writeOffsetMsgId(target, 2, host, phyOffset);
        expect(target.toString('latin1')).toBe(`..${id}${'.'.repeat(58 - length)}`);
      }),
    );
  });

  it('is refused when it is none', () => {
    const texts = ['', 'x', '0'.repeat(31), '0'.repeat(34), 'g'.repeat(32), `${'0'.repeat(16)}8${'0'.repeat(15)}`];
    texts.push(`${'0'.repeat(16)}7${'f'.repeat(15)}`);
    for (const text of texts) expect([text, decodeOffsetMsgId(text)]).toEqual([text, undefined]);
  });
});

describe('decodeUniqueId', () => {
  it('reads the parts', () => {
    expect(decodeUniqueId('7F00000100000D716361000A1B2C0003')).toEqual({
      ip: '127.0.0.1',
      pid: 0,
      classLoaderHash: 0x0d716361,
      sinceMonthStartMs: 0x000a1b2c,
      counter: 3,
    });
    expect(decodeUniqueId('FD00000000000000000000000000000100000D716361000A1B2C0003')?.ip).toBe('fd00:0:0:0:0:0:0:1');
    expect(decodeUniqueId('not an id')).toBeUndefined();
  });
});

describe('addresses', () => {
  it('are read in every usual form', () => {
    const cases: [string, string][] = [
      ['10.0.0.1', '0a000001'],
      ['::', '00000000000000000000000000000000'],
      ['::1', '00000000000000000000000000000001'],
      ['fe80::1%eth0', 'fe800000000000000000000000000001'],
      ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
      ['1::', '00010000000000000000000000000000'],
      ['::ffff:1.2.3.4', '01020304'],
      ['64:ff9b::1.2.3.4', '0064ff9b000000000000000001020304'],
    ];
    for (const [text, hex] of cases) expect([text, parseIp(text)?.toString('hex')]).toEqual([text, hex]);
  });

  it('are refused otherwise', () => {
    const wrong = ['', '1.2.3', '1.2.3.256', '1.2.3.4.5', 'a.b.c.d', '1:2:3', '1::2::3', '1:2:3:4:5:6:7:8:9', ':1'];
    wrong.push('12345::', '::1.2.3', '1.2.3.4::', 'host', '1:2:3:4:5:6:7::8', '1: 2::', '1.2.3.4%x', '::1.2.3.4:5');
    for (const text of wrong) expect([text, parseIp(text)]).toEqual([text, undefined]);
    expect(encodeHost('1.2.3.4', 65536)).toBeUndefined();
    expect(encodeHost('1.2.3.4', -1)).toBeUndefined();
    expect(encodeHost('broker', 1)).toBeUndefined();
  });

  it('are printed as Java prints them', () => {
    expect(formatHost(encodeHost('127.0.0.1', 10911) as Buffer)).toBe('127.0.0.1:10911');
    expect(formatHost(encodeHost('::1', 57716) as Buffer)).toBe('[0:0:0:0:0:0:0:1]:57716');
    expect(formatIp(Buffer.from('00000000000000000000ffff01020304', 'hex'))).toBe('1.2.3.4');
  });

  it('round-trip', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const bytes = parseIp(text) as Buffer;
        expect(parseIp(formatIp(bytes))).toEqual(bytes);
      }),
    );
  });
});
