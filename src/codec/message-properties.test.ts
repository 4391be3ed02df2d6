import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unescapeJsonInto } from './json-text.ts';
import {
  PropertySlot,
  PropertySpans,
  parseProperties,
  scanProperties,
  serialiseProperties,
  unescapeProperties,
} from './message-properties.ts';

/** Readable separators: `=` for U+0001, `;` for U+0002. */
const text = (readable: string) => readable.replaceAll('=', '\u0001').replaceAll(';', '\u0002');

function scan(readable: string): { spans: PropertySpans; bytes: Buffer } {
  const bytes = Buffer.from(text(readable));
  const spans = new PropertySpans();
  scanProperties(bytes, 0, bytes.length, spans);
  return { spans, bytes };
}

const traps: [string, [string, string][]][] = [
  ['', []],
  [
    'a=1;b=;c=2=3;=x;d=4',
    [
      ['a', '1'],
      ['', 'x'],
      ['d', '4'],
    ],
  ],
  ['a=1;a=2;', [['a', '2']]],
  [
    'a=1==;b=2',
    [
      ['a', '1'],
      ['b', '2'],
    ],
  ],
  ['==v;', []],
  ['a==v;', []],
  ['a;=;==;;;', []],
  ['noend=v', [['noend', 'v']]],
  [';;k=v;;', [['k', 'v']]],
  ['订单=值;', [['订单', '值']]],
];

describe('parseProperties', () => {
  it.each(traps)('of %j', (readable, pairs) => {
    expect([...parseProperties(text(readable))]).toEqual(pairs);
  });

  it('reads back what serialiseProperties wrote, for names and values without separators', () => {
    const part = fc
      .string({ unit: 'binary', minLength: 1 })
      .filter((each) => !each.includes('\u0001') && !each.includes('\u0002'));
    fc.assert(
      fc.property(fc.array(fc.tuple(part, part)), (pairs) => {
        const map = new Map(pairs);
        expect(parseProperties(serialiseProperties(map))).toEqual(map);
      }),
    );
  });
});

describe('scanProperties', () => {
  it('finds the values of known names, with positions in the buffer', () => {
    const bytes = Buffer.from(text('xxKEYS=k1 k2;TAGS=TagA;my=1;UNIQ_KEY=7F;WAIT=true;yy'));
    const spans = new PropertySpans();
    scanProperties(bytes, 2, bytes.length - 2, spans);
    expect(spans.canonical).toBe(true);
    expect(spans.text(PropertySlot.KEYS, bytes)).toBe('k1 k2');
    expect(spans.start(PropertySlot.KEYS)).toBe(7);
    expect(spans.end(PropertySlot.KEYS)).toBe(12);
    expect(spans.text(PropertySlot.TAGS, bytes)).toBe('TagA');
    expect(spans.text(PropertySlot.UNIQ_KEY, bytes)).toBe('7F');
    expect(spans.text(PropertySlot.WAIT, bytes)).toBe('true');
    expect(spans.start(PropertySlot.DELAY)).toBe(-1);
    expect(spans.end(PropertySlot.DELAY)).toBe(-1);
    expect(spans.text(PropertySlot.DELAY, bytes)).toBeUndefined();
  });

  it('knows every slot by its name', () => {
    for (const [name, slot] of Object.entries(PropertySlot)) {
      const { spans, bytes } = scan(`x${name}=a;${name}=v;${name.slice(1)}=b;`);
      expect([name, spans.text(slot, bytes), spans.canonical]).toEqual([name, 'v', true]);
    }
  });

  it('says when the text is not canonical', () => {
    for (const readable of [
      'TAGS=a',
      'TAGS=a;x',
      'a=;',
      '=a;',
      'a=b=;',
      ';',
      'a;',
      'TAGS=a;TAGS=b;',
      'a=b==c;',
      'a=b;a=c;',
    ]) {
      expect([readable, scan(readable).spans.canonical]).toEqual([readable, false]);
    }
    for (const readable of ['', 'a=b;', 'aa=b;a=c;ab=d;b=aa;', 'TAGS=a;KEYS=b;']) {
      expect([readable, scan(readable).spans.canonical]).toEqual([readable, true]);
    }
  });

  it('agrees with parseProperties for every text', () => {
    const piece = fc.constantFrom('TAGS', 'KEYS', 'WAIT', 'x', 'v', '=', '=', ';', ';', '订', 'TAG', '');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const readable = pieces.join('');
        const { spans, bytes } = scan(readable);
        const parsed = parseProperties(text(readable));
        for (const [name, slot] of Object.entries(PropertySlot)) {
          expect(spans.text(slot, bytes)).toBe(parsed.get(name));
        }
        if (spans.canonical) {
          const appended = parseProperties(`${text(readable)}CLUSTER\u0001c\u0002`);
          expect([...appended]).toEqual([...new Map([...parsed, ['CLUSTER', 'c']])]);
        }
        // An empty name is written anew in vain.
        expect(spans.canonical).toBe(serialiseProperties(parsed) === text(readable) && !parsed.has(''));
      }),
      { numRuns: 2000 },
    );
  });

  it('finds a name that comes twice among many', () => {
    const many = Array.from({ length: 200 }, (_, index) => `n${index}e=v;`);
    expect(scan(many.slice(0, 20).join('')).spans.canonical).toBe(true);
    for (const [first, last] of [
      [0, 19],
      [3, 199],
      [150, 151],
    ] as const) {
      const twice = [...many.slice(0, last), many[first]].join('');
      expect(scan(twice).spans.canonical).toBe(false);
    }
  });
});

describe('unescapeProperties', () => {
  it('does in one pass what unescapeJsonInto and scanProperties do in two, also for malformed escapes', () => {
    const piece = fc.constantFrom(
      ...['TAGS', 'KEYS', 'x', '订', '\\u0001', '\\u0001', '\\u0002', '\\u0002', '\\n', '\\"', '\\\\'],
      ...['\u0001', '\u0002', '\\u0041', '\\u00e9', '\\u00', '\\x', '\\', ''],
    );
    const wellFormed = { count: 0 };
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const source = Buffer.from(pieces.join(''), 'utf8');
        const [once, twice] = [Buffer.alloc(source.length), Buffer.alloc(source.length)];
        const [spans, expected] = [new PropertySpans(), new PropertySpans()];
        const length = unescapeProperties(source, 0, source.length, once, spans);
        expect(length).toBe(unescapeJsonInto(source, 0, source.length, twice, 0));
        if (length < 0) return;
        wellFormed.count++;
        scanProperties(twice, 0, length, expected);
        expect(once.subarray(0, length)).toEqual(twice.subarray(0, length));
        expect([spans.canonical, spans.present]).toEqual([expected.canonical, expected.present]);
        for (const slot of Object.values(PropertySlot)) {
          expect([spans.start(slot), spans.end(slot)]).toEqual([expected.start(slot), expected.end(slot)]);
        }
      }),
      { numRuns: 2000 },
    );
    expect(wellFormed.count).toBeGreaterThan(100);
  });
});
