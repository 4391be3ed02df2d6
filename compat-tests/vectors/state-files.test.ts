import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodeConsumerFilters, encodeConsumerFilters } from '../../src/broker/consumer-filter-file.ts';
import { decodeDelayOffsets, encodeDelayOffsets } from '../../src/broker/delay-offset-file.ts';
import { decodeBody, encodeBodyText, type Kind } from '../../src/codec/bodies/schema.ts';
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

/** Text → what ours makes of it and writes again; undefined when it is not understood. */
const rewrite: Record<string, (content: string) => string | undefined> = {
  'topics.json': rewriteBody(topicConfigSerializeWrapper),
  'subscriptionGroup.json': rewriteBody(subscriptionGroupWrapper),
  'consumerOffset.json': rewriteBody(consumerOffsetSerializeWrapper),
  'delayOffset.json': (content) => {
    const offsets = decodeDelayOffsets(content);
    return offsets && encodeDelayOffsets(offsets);
  },
  'consumerFilter.json': (content) => {
    const filters = decodeConsumerFilters(content);
    return filters && encodeConsumerFilters(filters);
  },
};

function rewriteBody<T>(kind: Kind<T>): (content: string) => string | undefined {
  return (content) => {
    const value = decodeBody(kind, content);
    return value instanceof DecodeError ? undefined : encodeBodyText(kind, value, { pretty: true });
  };
}

describe.each(['java-store-clean', 'java-store-crashed', 'java-store-torn'])('state files of %s', (archive) => {
  const files = configFiles(archive);

  it('are the five that Java writes', () => {
    const names = [...files.keys()].filter((name) => name.endsWith('.json')).sort();
    expect(names).toEqual(Object.keys(rewrite).sort());
  });

  it.each([...files])('%s comes back byte for byte', (name, content) => {
    expect(rewrite[name.replace(/\.bak$/, '')]?.(content)).toBe(content);
  });
});
