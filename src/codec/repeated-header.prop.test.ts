import fc from 'fast-check';
import { expect, it } from 'vitest';
import { commands } from './commands.ts';
import type { FrameParts } from './frame.ts';
import { headerBinder } from './header-view.ts';
import { commandOf, JSON_TYPE, scanHeader } from './remoting-command.ts';
import { ScannedCommand } from './scanned-command.ts';

const tail = '"flag":0,"language":"JAVA","opaque":1234567,"serializeTypeCurrentRPC":"JSON","version":333}';
const headers = [
  `{"code":310,"extFields":{"a":"p","b":"T","c":"TBW102","d":"4","e":"0","f":"0","g":"1795364906140","h":"0",` +
    `"i":"UNIQ_KEY\\u0001FD00\\u0002a\\"\\u0001b\\u0002","j":"0","k":"false","m":"false"},${tail}`,
  `{"code":11,"extFields":{"queueId":"1","maxMsgNums":"32","sysFlag":"4","commitOffset":"0","subscription":"*",` +
    `"subVersion":"0","suspendTimeoutMillis":"0","topic":"Thema é","queueOffset":"77","consumerGroup":"g"},${tail}`,
  `{"code":11,"extFields":{"queueId":"1","queueId":"2","x":""},${tail}`,
  `{"code":34,${tail}`,
  `{"code":34,"flag":0,"opaque":-1234}`,
  `{"code":34,"flag":0,"opaque":1234,"remark":"why"}`,
  `{"code":34,"flag":0,"opaque":2147483646}`,
  `{"code":34,"extFields":{"a":"1"},"flag":0}`,
  `{"code":34, ${tail}`,
];

/** Where in the header, as a share of it; every place alike. */
const place = fc.noBias(fc.nat(9999)).map((number) => number / 10_000);
/** A change of one byte. */
const change = fc.tuple(
  place,
  fc.oneof(
    fc.constantFrom(...Buffer.from('0123456789"\\u}{,:-a\u0001 ')),
    fc.constantFrom(0x80, 0xc3, 0xff, 0x1f, 0x20, 0x7f),
  ),
);
/** Digits are drawn much more often than others, so that most headers keep their form. */
const digits = fc.tuple(place, fc.constantFrom(...Buffer.from('0123456789')));
const step = fc.record({
  header: fc.nat(headers.length - 1),
  stay: fc.noBias(fc.nat(19)),
  gap: fc.nat(9),
  changes: fc.oneof(
    { arbitrary: fc.constant([]), weight: 2 },
    { arbitrary: fc.array(digits, { maxLength: 3 }), weight: 4 },
    { arbitrary: fc.array(change, { maxLength: 2 }), weight: 2 },
  ),
});

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;

function told(scanned: ScannedCommand) {
  const { hasOpaque, fellBack, hasExtFields } = scanned;
  return { command: commandOf(scanned, undefined), hasOpaque, fellBack, hasExtFields };
}

it('a command used again tells of every header what a new one tells, and so do its bound views', () => {
  let taken = 0;
  let refused = 0;
  const rows = [commands.SEND_MESSAGE_V2.request, commands.PULL_MESSAGE.request];
  const others = rows.map((row) => headerBinder(row));
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 40 }), (steps) => {
      const reused = new ScannedCommand();
      const binders = rows.map((row) => headerBinder(row));
      let text = headers[0] as string;
      for (const { header, stay, gap, changes } of steps) {
        if (stay === 0) text = headers[header] as string;
        const bytes = Buffer.concat([Buffer.alloc(gap, '"'), Buffer.from(text, 'utf8'), Buffer.alloc(gap, '1')]);
        const length = bytes.length - 2 * gap;
        for (const [where, byte] of changes) {
          const at = gap + Math.floor(where * length);
          // Digits go where digits are: elsewhere they would end the form at once.
          if (!isDigit(byte) || isDigit(bytes[at])) bytes[at] = byte;
        }
        const parts: FrameParts = { serializeType: JSON_TYPE, headerStart: gap, headerEnd: gap + length, bodyEnd: 0 };
        const fresh = new ScannedCommand();
        const before = reused.scan;
        const isCommand = scanHeader(bytes, parts, fresh);
        expect(scanHeader(bytes, parts, reused)).toBe(isCommand);
        if (!isCommand) {
          refused++;
          continue;
        }
        if (reused.scan === before) taken++;
        expect(told(reused)).toEqual(told(fresh));
        // Not every header is bound by every view: what changes in between must not be lost.
        for (const [index, binder] of binders.entries()) {
          if (gap % (index + 2) === 1) continue;
          const other = others[index] as (typeof others)[number];
          const problem = other.bind(fresh);
          expect(binder.bind(reused)).toBe(problem);
          if (problem === undefined) expect(binder.view.detach()).toEqual(other.view.detach());
        }
      }
    }),
    { numRuns: 500 },
  );
  expect(taken).toBeGreaterThan(500);
  expect(refused).toBeGreaterThan(50);
});
