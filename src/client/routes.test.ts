import { describe, expect, it } from 'vitest';
import type { TopicRouteData } from '../codec/bodies/route.ts';
import { addressIn, addressOf, brokersOf, readQueues, writeQueues } from './routes.ts';

const slaves = { brokerName: 'b', brokerAddrs: new Map([17, 2, 16].map((id) => [id, `slave-${id}:1`])) };
const master = { brokerName: 'a', brokerAddrs: new Map([...slaves.brokerAddrs, [0, 'master:1'] as const]) };
const gone = { brokerName: 'c', brokerAddrs: new Map<number, string>() };

function routeOf(perm: number): TopicRouteData {
  const queues = { perm, readQueueNums: 2, writeQueueNums: 1, topicSynFlag: 0 };
  return {
    brokerDatas: [slaves, gone, master],
    filterServerTable: new Map(),
    queueDatas: ['b', 'a', 'c', 'nowhere'].map((brokerName) => ({ brokerName, ...queues })),
  };
}

describe('a route', () => {
  it('leads to the master, or to the slave with the smallest id', () => {
    expect([master, slaves, gone].map(addressOf)).toEqual(['master:1', 'slave-2:1', undefined]);
    expect(['a', 'b', 'c', 'd'].map((name) => addressIn(routeOf(6), name))).toEqual([
      'master:1',
      'slave-2:1',
      undefined,
      undefined,
    ]);
    expect(brokersOf(routeOf(6))).toEqual(['slave-2:1', 'master:1']);
  });

  it('has queues to read where anybody listens, and to write where there is a master', () => {
    const places = (queues: ReturnType<typeof readQueues>): string[] =>
      queues.map(({ topic, brokerName, queueId, address }) => `${topic} ${brokerName} ${queueId} ${address}`);
    const read = ['T a 0 master:1', 'T a 1 master:1', 'T b 0 slave-2:1', 'T b 1 slave-2:1'];
    expect(places(readQueues(routeOf(4), 'T')).sort()).toEqual(read);
    expect(places(writeQueues(routeOf(4), 'T'))).toEqual([]);
    expect(places(writeQueues(routeOf(2), 'T'))).toEqual(['T a 0 master:1']);
    expect(places(readQueues(routeOf(2), 'T'))).toEqual([]);
  });
});
