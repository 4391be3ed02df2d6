import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  bean,
  bool,
  decodeBody,
  encodeBodyText,
  int,
  integerKey,
  type Kind,
  long,
  mapOf,
  optional,
  property,
  set,
  text,
  textKey,
} from '../../src/codec/bodies/schema.ts';
import {
  consumerOffsetSerializeWrapper,
  subscriptionGroupWrapper,
  topicConfigSerializeWrapper,
} from '../../src/codec/bodies/topic-config.ts';
import { DecodeError } from '../../src/codec/fast-json.ts';

/** Files below config/ of a store directory that Java wrote, by name. */
function configFiles(archive: string): Map<string, string> {
  const tar = gunzipSync(readFileSync(new URL(`../store-dirs/${archive}.tar.gz`, import.meta.url)));
  const files = new Map<string, string>();
  for (let at = 0; tar[at] !== 0 && at < tar.length; ) {
    const name = tar.toString('utf8', at, tar.indexOf(0, at));
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 135), 8);
    if (name.startsWith('store/config/') && size > 0)
      files.set(name.slice(13), tar.toString('utf8', at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

/** The two files without a schema of their own yet; here they only exercise the pretty form. */
const delayOffset = bean({ offsetTable: property(mapOf(integerKey, long), () => new Map<number, number>()) });
const consumerFilter = bean({
  filterDataByTopic: optional(
    mapOf(
      textKey,
      bean({
        groupFilterData: optional(
          mapOf(
            textKey,
            bean({
              bloomFilterData: optional(bean({ bitNum: property(int, 0), bitPos: property(set(int), () => []) })),
              bornTime: property(long, 0),
              clientVersion: property(long, 0),
              consumerGroup: optional(text),
              dead: property(bool, false),
              deadTime: property(long, 0),
              expression: optional(text),
              expressionType: optional(text),
              topic: optional(text),
            }),
          ),
        ),
        topic: optional(text),
      }),
    ),
  ),
});

const KINDS: Record<string, Kind<unknown>> = {
  'topics.json': topicConfigSerializeWrapper,
  'subscriptionGroup.json': subscriptionGroupWrapper,
  'consumerOffset.json': consumerOffsetSerializeWrapper,
  'delayOffset.json': delayOffset,
  'consumerFilter.json': consumerFilter,
};

describe.each(['java-store-clean', 'java-store-crashed', 'java-store-torn'])('state files of %s', (archive) => {
  const files = configFiles(archive);

  it('are the five that Java writes', () => {
    const names = [...files.keys()].filter((name) => name.endsWith('.json')).sort();
    expect(names).toEqual(Object.keys(KINDS).sort());
  });

  it.each([...files])('%s comes back byte for byte', (name, content) => {
    const kind = KINDS[name.replace(/\.bak$/, '')] as Kind<unknown>;
    const value = decodeBody(kind, content);
    expect(value).not.toBeInstanceOf(DecodeError);
    expect(encodeBodyText(kind, value, { pretty: true })).toBe(content);
  });
});
