import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { silentLogger } from '../util/logger.ts';
import { ConsumeQueueTable } from './consume-queue-table.ts';
import { OpenFiles } from './open-files.ts';
import { QueueTable } from './queue-table.ts';

function newTable(): QueueTable {
  const openFiles = new OpenFiles(new MemFs());
  const options = { openFiles, dir: '/store/consumequeue', fileSize: 2000, clock: new FakeClock(), log: silentLogger };
  return new QueueTable(new ConsumeQueueTable(options));
}

const ids = [0, 3, 4095, 4096, 1_000_000, -1, -2_147_483_648];

describe('a queue table', () => {
  it.each(ids)('gives the same state for queue %i each time, and another one for every other', (queueId) => {
    const table = newTable();
    const made = table.ensure('T', queueId);
    expect([made?.topic, made?.queueId, made?.nextOffset]).toEqual(['T', queueId, 0]);
    const others = ids.filter((id) => id !== queueId).map((id) => table.ensure('T', id));
    expect(others).not.toContain(made);
    expect(table.ensure('U', queueId)).not.toBe(made);
    expect(table.ensure('T', queueId)).toBe(made);
    const name = Buffer.from('xT');
    expect(table.ensureByBytes(name, 1, 2, queueId)).toBe(made);
  });

  it('counts from the consume queues again when it is told to', () => {
    const table = newTable();
    const states = ids.map((id) => table.ensure('T', id));
    for (const state of states) if (state !== undefined) state.nextOffset = 7;
    table.recoverCounters();
    expect(states.map((state) => state?.nextOffset)).toEqual(ids.map(() => 0));
  });

  it.each(['', '.', '..', 'a/b', 'a\0b'])('makes no queue for topic %j', (topic) => {
    expect(newTable().ensure(topic, 0)).toBeUndefined();
  });
});
