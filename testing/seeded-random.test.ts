import { expect, it } from 'vitest';
import { SeededRandom } from './seeded-random.ts';

it('repeats itself for one seed and spreads over its range', () => {
  const one = new SeededRandom(7);
  const two = new SeededRandom(7);
  const drawn = Array.from({ length: 1_000 }, () => one.below(10));
  expect(drawn).toEqual(Array.from({ length: 1_000 }, () => two.below(10)));
  expect(new Set(drawn).size).toBe(10);
  expect(new SeededRandom(8).next()).not.toBe(new SeededRandom(7).next());
});

it('picks and shuffles without losing anything', () => {
  const random = new SeededRandom(1);
  expect(['a', 'b']).toContain(random.pick(['a', 'b']));
  expect(() => random.pick([])).toThrow(RangeError);
  expect(random.shuffled([1, 2, 3, 4, 5]).sort()).toEqual([1, 2, 3, 4, 5]);
});
