import { describe, expect, it } from 'vitest';
import { murmur3Low64 } from './murmur3.ts';

describe('murmur3Low64', () => {
  // Computed with Guava 19 (murmur3_128, seed 0) for every length of the tail.
  it.each([
    ['', '0000000000000000'],
    ['a', '85555565f6597889'],
    ['ah', '95f04c86acf594e0'],
    ['aho', 'dd1aa860af27cff6'],
    ['ahov', '85eed5891d9f76ff'],
    ['ahovc', 'c20634e5bc1a7758'],
    ['ahovcj', '4e72115f4daa7620'],
    ['ahovcjq', '255cb0841584be62'],
    ['ahovcjqx', '19e9f37dc3a11fe6'],
    ['ahovcjqxe', '3484213f524d446b'],
    ['ahovcjqxel', 'a29668d7c1d199c3'],
    ['ahovcjqxels', 'bbcaa4b1d0fc71d3'],
    ['ahovcjqxelsz', '51d6891a3bcea156'],
    ['ahovcjqxelszg', '5441ce81d6df1ea3'],
    ['ahovcjqxelszgn', '6c4213f180782039'],
    ['ahovcjqxelszgnu', 'f4d8fe56b595e48e'],
    ['ahovcjqxelszgnub', 'f32ceaa2b6edb99d'],
    ['ahovcjqxelszgnubi', 'bb14cee64828c5ae'],
    ['ahovcjqxelszgnubip', '2721e071b1c0c68f'],
    ['ahovcjqxelszgnubipw', '7f0920802a4b1b3c'],
    ['ahovcjqxelszgnubipwd', 'e7296c6949b44362'],
    ['ahovcjqxelszgnubipwdk', '3c53965f595c2553'],
    ['ahovcjqxelszgnubipwdkr', 'a3f02bb179d884bf'],
    ['ahovcjqxelszgnubipwdkry', 'f094e971c41c1447'],
    ['ahovcjqxelszgnubipwdkryf', '3bbfdbdde719ac21'],
    ['ahovcjqxelszgnubipwdkryfm', '6bac4090d2cb2aab'],
    ['ahovcjqxelszgnubipwdkryfmt', 'e9f4b40d17a35820'],
    ['ahovcjqxelszgnubipwdkryfmta', 'db3cbc00d9fe9404'],
    ['ahovcjqxelszgnubipwdkryfmtah', 'f53e94f57480f4f8'],
    ['ahovcjqxelszgnubipwdkryfmtaho', '7f6511273ac22b8c'],
    ['ahovcjqxelszgnubipwdkryfmtahov', 'b638f698d44c5e5f'],
    ['ahovcjqxelszgnubipwdkryfmtahovc', '127c68a1b5f131be'],
    ['ahovcjqxelszgnubipwdkryfmtahovcj', 'b1ce9a58d53bd5a7'],
    ['ahovcjqxelszgnubipwdkryfmtahovcjq', 'f07493046af5edbe'],
    ['ahovcjqxelszgnubipwdkryfmtahovcjqx', '8b8b18168b345b18'],
    ['组#主题✓', 'd3415ce31c46a542'],
  ])('of %j is %s', (text, expected) => {
    const { high, low } = murmur3Low64(Buffer.from(text));
    const hex = [high, low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
    expect(hex).toBe(expected);
  });
});
