import { describe, expect, it } from 'vitest';
import { loadCorpus } from './corpus.ts';
import { Generator, type Shot } from './generator.ts';
import { LEVELS } from './mutator.ts';
import { LEAST_DECODED, LEAST_REACHED } from './run.ts';

const corpus = loadCorpus();

/** The first mutants of a seed, connection by connection. */
function shotsOf(seed: number, count: number): Shot[] {
  const generator = new Generator(corpus, seed);
  const shots: Shot[] = [];
  while (shots.length < count) {
    const volley = generator.volley();
    for (let shot = volley.next(); shot !== undefined; shot = volley.next()) shots.push(shot);
  }
  return shots.slice(0, count);
}

describe('the corpus', () => {
  it('has every recorded command and every captured frame', () => {
    expect(corpus.seeds.filter(({ name }) => name.startsWith('commands/')).length).toBeGreaterThan(380);
    expect(corpus.seeds.filter(({ name }) => name.startsWith('console/')).length).toBeGreaterThan(450);
  });
});

describe('mutants', () => {
  it('are the same for the same seed, and others for another', () => {
    const bytesOf = (seed: number): string[] => shotsOf(seed, 300).map(({ bytes }) => bytes.toString('base64'));
    expect(bytesOf(7)).toEqual(bytesOf(7));
    expect(bytesOf(8)).not.toEqual(bytesOf(7));
  });

  it('are on every level, decode and reach handlers often enough, and are not what was recorded', () => {
    const shots = shotsOf(1, 4000);
    for (const level of LEVELS) expect(shots.filter((shot) => shot.level === level).length).toBeGreaterThan(400);
    const reached = shots.filter(({ effect }) => effect.frames.some(({ fate }) => fate === 'handled'));
    expect(shots.filter(({ decodes }) => decodes).length).toBeGreaterThan(LEAST_DECODED * shots.length);
    expect(reached.length).toBeGreaterThan(LEAST_REACHED * shots.length);
    const recorded = new Set(corpus.seeds.map(({ frame }) => frame.toString('base64')));
    expect(shots.filter(({ bytes }) => recorded.has(bytes.toString('base64'))).length).toBeLessThan(40);
  });

  it('make a bounded number of topics, groups and other rows', () => {
    const topics = new Set<string>();
    for (const { effect } of shotsOf(2, 6000)) {
      for (const { fate, command } of effect.frames) {
        if (fate === 'handled' && command.code === 310) topics.add(command.extFields?.get('b') ?? '');
      }
    }
    expect(topics.size).toBeGreaterThan(5);
    expect(topics.size).toBeLessThanOrEqual(200);
  });
});
