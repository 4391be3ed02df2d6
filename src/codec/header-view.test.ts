import { describe, expect, it } from 'vitest';
import { field, header, renamed } from './header.ts';
import { copyField, headerBinder, parseInteger, parseLong } from './header-view.ts';
import { ScannedCommand, scanJsonHeader } from './scanned-command.ts';

const schema = header({
  name: field.string('a required text'),
  count: field.integer('a required number'),
  offset: field.boxedLong('a required long'),
  note: field.optionalString('an optional text'),
  times: field.optionalInteger('an optional number'),
  since: field.optionalLong('an optional long'),
  maybe: field.optionalBoolean('an optional boolean'),
  id: field.int('a primitive int'),
  at: field.long('a primitive long'),
  on: field.boolean('a primitive boolean'),
  ratio: field.double('a primitive double'),
});
const least = { name: 'n', count: '1', offset: '2' };

function scan(extFields: Record<string, string> | string | undefined): ScannedCommand {
  const text = typeof extFields === 'object' ? JSON.stringify(extFields) : extFields;
  const bytes = Buffer.from(text === undefined ? '{"code":1}' : `{"code":1,"extFields":${text}}`, 'utf8');
  const scanned = new ScannedCommand();
  expect(scanJsonHeader(bytes, 0, bytes.length, scanned)).toBe(true);
  return scanned;
}

function bound(extFields: Record<string, string> | string) {
  const binder = headerBinder(schema);
  expect(binder.bind(scan(extFields))).toBeUndefined();
  return binder.view;
}

describe('a header view', () => {
  it('tells of the command it bound last, also when it knew another in between', () => {
    const binder = headerBinder(schema);
    const [one, two] = [scan({ ...least, id: '1' }), scan({ ...least, id: '2' })];
    const ids = [one, two, one].map((scanned) => (binder.bind(scanned) ?? binder.view.id) as number);
    expect(ids).toEqual([1, 2, 1]);
  });

  it('gives every kind its value', () => {
    const view = bound({
      ...least,
      note: '订单\u0001',
      times: '-3',
      since: '4611686018427387904',
      maybe: 'TRUE',
      id: '+7',
      at: '-9223372036854775808',
      on: 'true',
      ratio: '2.5e1',
    });
    expect({ ...view.detach() }).toEqual({
      name: 'n',
      count: 1,
      offset: 2,
      note: '订单\u0001',
      times: -3,
      since: 2 ** 62,
      maybe: true,
      id: 7,
      at: -(2 ** 63),
      on: true,
      ratio: 25,
    });
  });

  it('takes the defaults of Java for what is absent or cannot be parsed', () => {
    const expected = { note: undefined, times: undefined, since: undefined, id: 0, at: 0, on: false, ratio: 0 };
    expect(bound(least).detach()).toMatchObject({ ...expected, maybe: undefined });
    const broken = { times: 'x', since: '1.5', maybe: 'yes', id: '', at: '0x1', on: '1', ratio: 'abc' };
    expect(bound({ ...least, ...broken }).detach()).toMatchObject({ ...expected, maybe: false });
  });

  it('refuses a required field that is missing or no number', () => {
    const bind = (extFields: Record<string, string> | undefined) => headerBinder(schema).bind(scan(extFields));
    expect(bind({ count: '1', offset: '2' })).toBe('field name missing');
    expect(bind({ ...least, count: '2147483648' })).toBe('field count not a number');
    expect(bind({ ...least, offset: '' })).toBe('field offset not a number');
    expect(bind(undefined)).toBe('field name missing');
  });

  it('forgets the command before', () => {
    const binder = headerBinder(schema);
    binder.bind(scan({ ...least, note: 'old', times: '5', on: 'true' }));
    binder.bind(scan(least));
    expect([binder.view.note, binder.view.times, binder.view.on]).toEqual([undefined, undefined, false]);
  });

  it('lets the last of two equal fields win, and ignores unknown ones', () => {
    const view = bound('{"name":"a","count":"1","offset":"2","bname":"x","name":"b"}');
    expect(view.name).toBe('b');
  });

  it('reads numbers and booleans that are written with escapes', () => {
    const view = bound('{"name":"n","count":"\\u0031\\u0032","offset":"2","on":"tru\\u0065"}');
    expect([view.count, view.on]).toEqual([12, true]);
  });

  it('reads integers in the digits of any script, as Java does', () => {
    const view = bound({ ...least, count: '１２', offset: '-٣०৯', times: '+٠', id: '1᪐1', ratio: '１' });
    expect([view.count, view.offset, view.times, view.id, view.ratio]).toEqual([12, -309, 0, 101, 0]);
    const others = { times: '²', since: '½', id: '𝟏', at: 'Ⅷ' };
    expect(bound({ ...least, ...others }).detach()).toMatchObject({ times: undefined, since: undefined, id: 0, at: 0 });
    expect(bound({ ...least, times: `${'０'.repeat(80)}1` }).times).toBeUndefined();
  });

  it('knows one-letter names', () => {
    const binder = headerBinder(
      renamed(header({ topic: field.string('t'), queueId: field.integer('q') }), {
        topic: 'b',
        queueId: 'e',
      }),
    );
    expect(binder.bind(scan({ b: 'T', e: '3', topic: 'no' }))).toBeUndefined();
    expect([binder.view.topic, binder.view.queueId]).toEqual(['T', 3]);
    expect(binder.bind(scan({ b: 'T' }))).toBe('field queueId missing');
  });

  it('gives spans of the bytes it was scanned from', () => {
    const view = bound({ ...least, note: 'a\u0001b' });
    const { name, note, times } = view.plan.slot;
    expect(view.bytes.toString('utf8', view.startOf(name), view.endOf(name))).toBe('n');
    expect([view.isEscaped(name), view.isEscaped(note)]).toEqual([false, true]);
    expect([view.startOf(times), view.endOf(times), view.isEscaped(times)]).toEqual([-1, -1, false]);
  });

  it('detaches to a frozen copy that outlives the bytes', () => {
    const view = bound({ ...least, note: 'kept' });
    const kept = view.detach();
    view.bytes.fill(0x78);
    expect(kept).toMatchObject({ name: 'n', note: 'kept', count: 1 });
    expect(Object.isFrozen(kept)).toBe(true);
  });
});

describe('copyField', () => {
  it('copies a value with its escapes undone', () => {
    const view = bound({ ...least, name: 'plain订', note: 'a\u0001b\n"' });
    const target = Buffer.alloc(20);
    const at = copyField(view, view.plan.slot.name, target, 2);
    expect(target.toString('utf8', 2, at)).toBe('plain订');
    const end = copyField(view, view.plan.slot.note, target, at);
    expect(target.toString('utf8', at, end)).toBe('a\u0001b\n"');
  });

  it('copies nothing for an absent field, and says when there is no room', () => {
    const view = bound({ ...least, name: 'abc', note: 'a\u0001b' });
    expect(copyField(view, view.plan.slot.times, Buffer.alloc(4), 1)).toBe(1);
    expect(copyField(view, view.plan.slot.name, Buffer.alloc(4), 1)).toBe(4);
    expect(copyField(view, view.plan.slot.name, Buffer.alloc(4), 2)).toBe(-1);
    expect(copyField(view, view.plan.slot.note, Buffer.alloc(4), 1)).toBe(4);
    expect(copyField(view, view.plan.slot.note, Buffer.alloc(4), 2)).toBe(-1);
  });
});

describe('numbers as Java parses them', () => {
  const int = (text: string) => parseInteger(Buffer.from(text), 0, Buffer.byteLength(text), 0x7fffffff);
  const long = (text: string) => parseLong(Buffer.from(text), 0, Buffer.byteLength(text));

  it.each([
    ['0', 0],
    ['-0', 0],
    ['+5', 5],
    ['007', 7],
    ['2147483647', 2147483647],
    ['-2147483648', -2147483648],
    ['00000000000000000000000042', 42],
    ['-00000000000000000000002147483648', -2147483648],
  ])('int %s', (text, value) => expect(int(text)).toBe(value));

  it.each([
    '',
    '-',
    '+',
    ' 1',
    '1 ',
    '1.0',
    '0x1',
    '1e3',
    '--1',
    '2147483648',
    '-2147483649',
    '٣',
    '9'.repeat(40),
    '1L',
  ])('no int: %s', (text) => expect(int(text)).toBeNaN());

  it.each([
    ['1700000000000', 1700000000000],
    ['9007199254740993', 9007199254740992],
    ['9223372036854775807', 2 ** 63],
    ['-9223372036854775808', -(2 ** 63)],
    ['-0000000000000000000', 0],
    ['+00000000000000000001', 1],
  ])('long %s', (text, value) => expect(long(text)).toBe(value));

  it.each(['', '-', '9223372036854775808', '-9223372036854775809', '12345678901234567x', '+', '1'.repeat(100)])(
    'no long: %s',
    (text) => expect(long(text)).toBeNaN(),
  );
});
