import { isDeepStrictEqual } from 'node:util';
import { decodeConsumerFilters } from '../../src/broker/consumer-filter-file.ts';
import { decodeDelayOffsets } from '../../src/broker/delay-offset-file.ts';
import { decodeBody, type Kind } from '../../src/codec/bodies/schema.ts';
import {
  consumerOffsetSerializeWrapper,
  subscriptionGroupWrapper,
  topicConfigSerializeWrapper,
} from '../../src/codec/bodies/topic-config.ts';
import { DecodeError } from '../../src/codec/fast-json.ts';
import { silentLogger } from '../../src/util/logger.ts';
import { StateFile, StateFileError } from '../../src/util/state-file.ts';
import type { MemFs } from '../mem-fs.ts';

/** What became of a flipped bit in a state file. */
export type StateFileOutcome = 'from the backup' | 'refused' | 'other value' | 'same value';

/** The files in Java's dialect, each with its backup, by path. */
export function stateFiles(dir: string): [string, string][] {
  return Object.entries(FILES).flatMap(([name, { text }]): [string, string][] => [
    [`${dir}/${name}`, text],
    [`${dir}/${name}.bak`, text],
  ]);
}

/** Loads a file as a start does. Throws what a start would not expect. */
export function loadStateFile(fs: MemFs, path: string): StateFileOutcome {
  const { text, decode } = FILES[path.slice(path.lastIndexOf('/') + 1)] as FileKind;
  let tries = 0;
  try {
    const file = new StateFile({ fs, log: silentLogger, path });
    const value = file.load((found) => {
      tries += 1;
      return decode(found);
    });
    if (!isDeepStrictEqual(value, decode(text))) return 'other value';
    return tries > 1 ? 'from the backup' : 'same value';
  } catch (error) {
    if (error instanceof StateFileError) return 'refused';
    throw error;
  }
}

interface FileKind {
  readonly text: string;
  readonly decode: (text: string) => unknown;
}

const body =
  <T>(kind: Kind<T>) =>
  (text: string): T | undefined => {
    const read = decodeBody(kind, text);
    return read instanceof DecodeError ? undefined : read;
  };

const FILES: Readonly<Record<string, FileKind>> = {
  'topics.json': {
    text:
      '{\n\t"dataVersion":{"counter":3,"timestamp":1795352551170},' +
      '\n\t"topicConfigTable":{"TopicA":{"order":false,"perm":6,"readQueueNums":4,' +
      '"topicFilterType":"SINGLE_TAG","topicName":"TopicA","topicSysFlag":0,"writeQueueNums":4}}\n}',
    decode: body(topicConfigSerializeWrapper),
  },
  'subscriptionGroup.json': {
    text:
      '{\n\t"dataVersion":{"counter":1,"timestamp":1795352551170},' +
      '\n\t"subscriptionGroupTable":{"group":{"brokerId":0,"consumeBroadcastEnable":true,' +
      '"consumeEnable":true,"consumeFromMinEnable":true,"groupName":"group",' +
      '"notifyConsumerIdsChangedEnable":true,"retryMaxTimes":16,"retryQueueNums":1,' +
      '"whichBrokerWhenConsumeSlowly":1}}\n}',
    decode: body(subscriptionGroupWrapper),
  },
  'consumerOffset.json': {
    text: '{\n\t"offsetTable":{\n\t\t"TopicA@group":{0:3,1:2,2:1,3:2\n\t\t}\n\t}\n}',
    decode: body(consumerOffsetSerializeWrapper),
  },
  'delayOffset.json': {
    text: '{\n\t"offsetTable":{1:1,18:0\n\t}\n}',
    decode: decodeDelayOffsets,
  },
  'consumerFilter.json': {
    text:
      '{\n\t"filterDataByTopic":{\n\t\t"T1":{"groupFilterData":{"g1":{"bloomFilterData":{"bitNum":112,' +
      '"bitPos":[57,20,98]},"bornTime":1795352551170,"clientVersion":1795352551169,' +
      '"consumerGroup":"g1","dead":false,"deadTime":0,"expression":"a > 5","expressionType":"SQL92",' +
      '"topic":"T1"}},"topic":"T1"}\n\t}\n}',
    decode: decodeConsumerFilters,
  },
};
