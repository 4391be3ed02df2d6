import { describe, expect, it } from 'vitest';
import { shapeOf, valuesOf } from './shapes.ts';

const topicStatus = [
  '#Broker Name                      #QID  #Min Offset           #Max Offset             #Last Updated',
  'broker-a                          0     0                     5                       2026-11-23 07:30:01,123',
  'broker-a                          1     0                     5                       2026-11-23 07:30:01,456',
].join('\n');

const refusal = [
  'org.apache.rocketmq.tools.command.SubCommandException: TopicRouteSubCommand command failed',
  '\tat org.apache.rocketmq.tools.command.topic.TopicRouteSubCommand.execute(TopicRouteSubCommand.java:66)',
  'Caused by: org.apache.rocketmq.client.exception.MQClientException: CODE: 17  DESC: No topic route info',
].join('\n');

/** What a wrong broker or a wrong tool could print in place of an output. */
const planted: [bug: string, right: string, wrong: string][] = [
  ['a column is missing', topicStatus, topicStatus.replace('#Min Offset', '')],
  ['a figure of every row is missing', topicStatus, topicStatus.replaceAll(/^(broker-a +\d+ +)0/gm, '$1')],
  ['another word', topicStatus, topicStatus.replaceAll('broker-a', 'broker-b')],
  ['no time in a column of times', topicStatus, topicStatus.replaceAll(/2026\S+ \S+/g, '0')],
  ['no rows', topicStatus, topicStatus.split('\n')[0] ?? ''],
  ['one line more', topicStatus, `${topicStatus}\nTotal: 2`],
  ['another code', refusal, refusal.replace('CODE: 17', 'CODE: 1')],
  ['another text', refusal, refusal.replace('No topic', 'no topic')],
  ['an exception in place of a table', topicStatus, refusal],
];

describe('what is compared of an output', () => {
  it.each(planted)('%s is seen', (_, right, wrong) => {
    expect(shapeOf(wrong)).not.toEqual(shapeOf(right));
    expect(valuesOf(wrong)).not.toEqual(valuesOf(right));
  });

  it('another figure is seen where values are compared, and only there', () => {
    const wrong = topicStatus.replaceAll(/5( +2026)/g, '6$1');
    expect(valuesOf(wrong)).not.toEqual(valuesOf(topicStatus));
    expect(shapeOf(wrong)).toEqual(shapeOf(topicStatus));
  });

  it('another time, another address and another order of rows are not', () => {
    const [head = '', first = '', second = ''] = topicStatus.split('\n');
    const later = [head, second.replace('07:30', '08:31'), first].join('\n');
    expect(valuesOf(later)).toEqual(valuesOf(topicStatus));
    expect(valuesOf('to 10.0.0.1:10911')).toEqual(valuesOf('to 127.0.0.1:20913'));
  });
});
