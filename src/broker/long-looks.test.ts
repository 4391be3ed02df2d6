import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.ts';
import { LongLooks } from './long-looks.ts';

describe('LongLooks', () => {
  const world = () => {
    const clock = new FakeClock();
    const looks = new LongLooks(clock);
    const seen: string[] = [];
    const look = (name: string, queues: number): Promise<string> => {
      return looks.run(async ({ took }) => {
        for (let queue = 0; queue < queues; queue++) {
          if (queue % 256 === 0) seen.push(`${name}${queue}`);
          await took(1);
        }
        return name;
      });
    };
    const settle = async (): Promise<void> => {
      for (let turn = 0; turn < 50; turn++) {
        await new Promise((resolve) => setImmediate(resolve));
        clock.endTurn();
      }
    };
    return { looks, seen, look, settle };
  };

  it('lets one long look work at a time, in the order they came, and short ones pass', async () => {
    const { seen, look, settle } = world();
    const all = Promise.all([look('a', 600), look('b', 600), look('c', 100)]);
    await settle();
    expect(await all).toEqual(['a', 'b', 'c']);
    expect(seen).toEqual(['a0', 'b0', 'c0', 'a256', 'a512', 'b256', 'b512']);
  });

  it('goes on with the next one when a look fails', async () => {
    const { looks, look, settle } = world();
    const failed = looks.run(async ({ took }) => {
      await took(256);
      throw new Error('broken');
    });
    const outcome = expect(failed).rejects.toThrow('broken');
    const next = look('b', 600);
    await settle();
    await outcome;
    expect(await next).toBe('b');
  });

  it('refuses a look behind 64 others, and one over more queues than an answer holds', async () => {
    const { look, settle } = world();
    const waiting = Array.from({ length: 65 }, (_, number) => look(String(number), 300));
    await expect(look('late', 300)).rejects.toMatchObject({ code: 'SYSTEM_BUSY' });
    await settle();
    await settle();
    expect(await Promise.all(waiting)).toHaveLength(65);
    const long = expect(look('long', 100_001)).rejects.toThrow('more than 100000 queues');
    for (let round = 0; round < 10; round++) await settle();
    await long;
    const next = look('next', 300);
    await settle();
    expect(await next).toBe('next');
  });
});
