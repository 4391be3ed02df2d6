import { describe, expect, it } from 'vitest';
import { PropertySlot } from '../codec/message-properties.ts';
import { MessageDraft } from './message-draft.ts';

function draftOf(text: string, options: { escaped?: boolean; append?: string } = {}): MessageDraft {
  const draft = new MessageDraft();
  const padded = Buffer.from(`##${text}##`);
  draft.properties = padded;
  draft.propertiesStart = 2;
  draft.propertiesEnd = padded.length - 2;
  draft.propertiesEscaped = options.escaped ?? false;
  draft.appendProperty = Buffer.from(options.append ?? '');
  return draft;
}

function textOf(draft: MessageDraft): string {
  return draft.text.toString('utf8', draft.textStart, draft.textEnd);
}

const CLUSTER = 'CLUSTER\u0001c1\u0002';

describe('resolveProperties', () => {
  it('leaves plain text where it is', () => {
    const draft = draftOf('TAGS\u0001a\u0002');
    expect(draft.resolveProperties()).toBe(true);
    expect(draft.text).toBe(draft.properties);
    expect(textOf(draft)).toBe('TAGS\u0001a\u0002');
    expect(draft.spans.text(PropertySlot.TAGS, draft.text)).toBe('a');
  });

  it('undoes escapes and appends the cluster', () => {
    const draft = draftOf('TAGS\\u0001a\\u0002KEYS\\u0001k\\u0002', { escaped: true, append: CLUSTER });
    expect(draft.resolveProperties()).toBe(true);
    expect(textOf(draft)).toBe(`TAGS\u0001a\u0002KEYS\u0001k\u0002${CLUSTER}`);
    expect(draft.spans.text(PropertySlot.KEYS, draft.text)).toBe('k');
  });

  it('is idempotent until reset', () => {
    const draft = draftOf('', { append: CLUSTER });
    draft.resolveProperties();
    draft.resolveProperties();
    expect(textOf(draft)).toBe(CLUSTER);
    draft.reset();
    expect(draft.resolveProperties()).toBe(true);
    expect(textOf(draft)).toBe('');
  });

  it.each([
    ['a cluster of the client', 'CLUSTER\u0001other\u0002A\u0001b\u0002', 'CLUSTER\u0001c1\u0002A\u0001b\u0002'],
    ['no separator at the end', 'A\u0001b', `A\u0001b\u0002${CLUSTER}`],
    ['an empty value', 'E\u0001\u0002A\u0001b\u0002', `A\u0001b\u0002${CLUSTER}`],
    ['any name twice', 'a\u0001b\u0002c\u0001d\u0002a\u0001e\u0002', `a\u0001e\u0002c\u0001d\u0002${CLUSTER}`],
    ['a name twice', 'TAGS\u0001x\u0002TAGS\u0001y\u0002', `TAGS\u0001y\u0002${CLUSTER}`],
  ])('rewrites text with %s', (_name, given, stored) => {
    const draft = draftOf(given, { append: CLUSTER });
    expect(draft.resolveProperties()).toBe(true);
    expect(textOf(draft)).toBe(stored);
  });

  it('refuses malformed escapes', () => {
    expect(draftOf('A\\u00', { escaped: true }).resolveProperties()).toBe(false);
  });

  it('takes text longer than its scratch buffer', () => {
    const value = 'x'.repeat(100_000);
    const draft = draftOf(`A\u0001${value}\u0002`, { append: CLUSTER });
    expect(draft.resolveProperties()).toBe(true);
    expect(textOf(draft)).toBe(`A\u0001${value}\u0002${CLUSTER}`);
  });
});
