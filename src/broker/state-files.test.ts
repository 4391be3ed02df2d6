import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { testConfigs, testWorld } from '../../testing/broker-fixture.ts';
import { unpackJavaStore } from '../../testing/java-store.ts';
import { decodeBody, encodeBodyText, type Kind } from '../codec/bodies/schema.ts';
import {
  consumerOffsetSerializeWrapper,
  subscriptionGroupWrapper,
  topicConfigSerializeWrapper,
} from '../codec/bodies/topic-config.ts';
import { DecodeError } from '../codec/fast-json.ts';
import { silentLogger } from '../util/logger.ts';
import { StateFileError } from '../util/state-file.ts';
import { decodeConsumerFilters, encodeConsumerFilters, isDeadFilter } from './consumer-filter-file.ts';
import { ConsumerOffsetManager } from './consumer-offset-manager.ts';
import { decodeDelayOffsets, encodeDelayOffsets } from './delay-offset-file.ts';
import { SubscriptionGroupManager } from './subscription-group-manager.ts';
import { TopicConfigManager } from './topic-config-manager.ts';

/** What Java 4.6.0 makes of each text and each pair of files, recorded by testdata/RecordStateFiles.java. */
const recorded = JSON.parse(
  readFileSync(new URL('./testdata/state-files.java-4.6.0.json', import.meta.url), 'utf8'),
) as {
  /** `saved`: what Java writes again; null when it does not understand the text, '' when it takes it for no table. */
  texts: { file: string; text: string; saved: string | null }[];
  loads: { main: string | null; bak: string | null; success: boolean; table: string }[];
};

function rewriteBody<T>(kind: Kind<T>): (text: string) => string | null {
  return (text) => {
    const value = decodeBody(kind, text);
    return value instanceof DecodeError ? null : encodeBodyText(kind, value, { pretty: true });
  };
}

/** Reads a text and writes it again, through the shapes that the managers read and write. */
const rewrite: Record<string, (text: string) => string | null> = {
  'topics.json': rewriteBody(topicConfigSerializeWrapper),
  'subscriptionGroup.json': rewriteBody(subscriptionGroupWrapper),
  'consumerOffset.json': rewriteBody(consumerOffsetSerializeWrapper),
  'delayOffset.json': (text) => {
    const offsets = decodeDelayOffsets(text);
    return offsets === undefined ? null : encodeDelayOffsets(offsets);
  },
  'consumerFilter.json': (text) => {
    const filters = decodeConsumerFilters(text);
    return filters === undefined ? null : encodeConsumerFilters(filters);
  },
};

/** Where ours writes something else than Java, by file and text, with what ours writes and why. */
function difference(file: string, text: string, saved: string | null): { ours: string | null } | undefined {
  // Blank, null or a list: Java starts with an empty table; ours takes the backup, or refuses to start.
  if (saved === '') return { ours: null };
  // NULs behind the end are what a lost write leaves.
  if (text.endsWith('}\u0000\u0000')) return { ours: null };
  // A table that is null makes Java fail later; ours is empty.
  if (saved === '{\n\t\n}') return { ours: (rewrite[file] as (text: string) => string)('{}') };
  // Offsets are doubles: no queue has 2^53 entries.
  if (saved?.includes('9007199254740993') === true) {
    return { ours: saved.replace('9007199254740993', '9007199254740992') };
  }
  // A filter type of a later version becomes the default, not nothing.
  if (text.includes('NEW_KIND')) {
    return { ours: saved?.replace(/("readQueueNums":4,)(\s+)/, '$1$2"topicFilterType":"SINGLE_TAG",$2') ?? null };
  }
  return undefined;
}

/** Texts that Java refuses and ours reads: nobody writes them. */
const READ_BY_OURS = [
  '{"offsetTable":{"T@g":{0:9223372036854775808}}}',
  '{"offsetTable":{"T@g":{0:true}}}',
  // Java's class has a setter for it that takes no text; it never writes it.
  '"compiledExpression":"x"',
];

describe('what Java read', () => {
  it.each(recorded.texts)('$file $text', ({ file, text, saved }) => {
    const ours = rewrite[file]?.(text);
    if (saved === null && READ_BY_OURS.some((part) => text.includes(part))) expect(ours).toBeTypeOf('string');
    else expect(ours).toBe((difference(file, text, saved) ?? { ours: saved }).ours);
  });
});

describe('a file and its backup', () => {
  const path = '/store/config/consumerOffset.json';

  function load(main: string | null, bak: string | null): { success: boolean; table: string } {
    const { fs, file } = testWorld();
    fs.mkdir('/store/config');
    for (const [name, text] of [
      [path, main],
      [`${path}.bak`, bak],
    ] as const) {
      if (text === null) continue;
      const handle = fs.open(name, 'create');
      const bytes = Buffer.from(text);
      if (bytes.length > 0) handle.pwrite(bytes, 0, bytes.length, 0);
      handle.close();
    }
    const offsets = new ConsumerOffsetManager({ file: file('consumerOffset.json'), log: silentLogger });
    try {
      offsets.load();
    } catch (error) {
      expect(error).toBeInstanceOf(StateFileError);
      return { success: false, table: '{"offsetTable":{}}' };
    }
    return { success: true, table: encodeBodyText(consumerOffsetSerializeWrapper, { offsetTable: offsets.table }) };
  }

  it.each(recorded.loads)('main $main, bak $bak', ({ main, bak, success, table }) => {
    const ours = load(main, bak);
    const isTable = main?.startsWith('{') === true && main.endsWith('}');
    if (main === null || main === '' || isTable) {
      expect(ours).toEqual({ success, table });
    } else {
      // Java starts with an empty table when a damaged file has no backup: all offsets would be lost (ADR 0029).
      const backed = bak?.endsWith('}') === true;
      const empty = !backed || bak === '{}';
      expect(ours).toEqual({ success: backed, table: empty ? '{"offsetTable":{}}' : bak });
      if (backed && main !== 'null' && main.trim() !== '') expect(ours).toEqual({ success, table });
    }
  });
});

describe('the files of a Java store, read and saved by the managers', () => {
  const { fs, clock, file } = testWorld();
  unpackJavaStore(fs, 'clean', '/java');
  const configs = testConfigs();
  configs.brokerConfig.brokerClusterName = 'FixtureCluster';
  configs.brokerConfig.brokerName = 'fixture-a';
  const java = (name: string): string => fs.readFile(`/java/config/${name}`, 10_000)?.toString() ?? '';
  const saved = (name: string): string => fs.readFile(`/store/config/${name}`, 10_000)?.toString() ?? '';

  /** Same bytes but for the order of map entries and the commas that it moves, and the version. */
  function sortedLines(text: string): string[] {
    const lines = text.replace(/"(counter|timestamp)":\d+/g, '"$1":0').split('\n');
    return lines.map((line) => line.replace(/,$/, '')).sort();
  }

  function copy(name: string): void {
    const bytes = Buffer.from(java(name));
    fs.mkdir('/store/config');
    const handle = fs.open(`/store/config/${name}`, 'create');
    handle.pwrite(bytes, 0, bytes.length, 0);
    handle.close();
  }

  it('topics.json', () => {
    copy('topics.json');
    const topics = new TopicConfigManager({ config: configs.brokerConfig, clock, file: file('topics.json') });
    topics.load();
    expect(topics.dataVersion).toEqual({ counter: 14, timestamp: 1_795_354_397_209 });
    topics.touch();
    expect(topics.dataVersion.counter).toBe(15);
    expect(sortedLines(saved('topics.json'))).toEqual(sortedLines(java('topics.json')));
    expect(saved('topics.json.bak')).toBe(java('topics.json'));
  });

  it('subscriptionGroup.json', () => {
    copy('subscriptionGroup.json');
    const options = { config: configs.brokerConfig, clock, file: file('subscriptionGroup.json') };
    const groups = new SubscriptionGroupManager(options);
    groups.load();
    const group = groups.find('fx_custom_group');
    expect(group).toMatchObject({ consumeBroadcastEnable: false, retryMaxTimes: 3 });
    if (group !== undefined) groups.update(group);
    expect(sortedLines(saved('subscriptionGroup.json'))).toEqual(sortedLines(java('subscriptionGroup.json')));
  });

  it('consumerOffset.json', () => {
    copy('consumerOffset.json');
    const offsets = new ConsumerOffsetManager({ file: file('consumerOffset.json'), log: silentLogger });
    offsets.load();
    offsets.persistNow();
    expect(saved('consumerOffset.json')).toBe(java('consumerOffset.json'));
  });
});

describe('consumerFilter.json', () => {
  it('keeps the nanoseconds of a Go client and says who is dead by the times, not by the word in the file', () => {
    const text = recorded.texts.find((row) => row.text.includes('1795354365900123457'))?.text ?? '';
    const data = decodeConsumerFilters(text)?.get('T')?.get('g');
    expect(data?.clientVersion.toString()).toBe('1795354365900123457');
    expect(data && isDeadFilter(data)).toBe(false);
    expect(decodeConsumerFilters(text.replace('1795354365900123457', '"1,795354365900123457"'))).toEqual(
      decodeConsumerFilters(text),
    );
  });

  it('of a Java store is read with its bits and times', () => {
    const { fs } = testWorld();
    unpackJavaStore(fs, 'clean', '/java');
    const text = fs.readFile('/java/config/consumerFilter.json', 10_000)?.toString() ?? '';
    expect(decodeConsumerFilters(text)?.get('FxPlain')?.get('fx_sql_group')).toMatchObject({
      expression: "a > 50 and colour = 'rot'",
      expressionType: 'SQL92',
      bornTime: 1_795_354_365_412,
      deadTime: 1_795_354_372_224,
      bloomFilterData: { bitNum: 112, bitPos: [42, 87, 105] },
    });
    const levels = fs.readFile('/java/config/delayOffset.json', 10_000)?.toString() ?? '';
    expect([...(decodeDelayOffsets(levels) ?? [])]).toEqual([
      [1, 6],
      [2, 1],
      [3, 1],
      [5, 0],
      [10, 0],
      [17, 0],
      [18, 0],
    ]);
  });
});
