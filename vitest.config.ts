import { defineConfig } from 'vitest/config';

/**
 * Three projects. `unit` is everything that needs nothing but Node; `tidy` is the test of the house rules; `compat`
 * talks to the official Java and Go clients, or sends mutated frames to live servers, and runs one file at a time,
 * because its files share ports, caches and both processor cores with the processes they start. Type tests
 * (x.test-d.ts) are no project: tsc over the whole tree is their runner.
 */
export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'src/**/*.test.ts',
            'testing/**/*.test.ts',
            'scripts/**/*.test.ts',
            'fuzz/**/*.test.ts',
            'bench/**/*.test.ts',
            'compat-tests/{console,mqadmin,vectors}/**/*.test.ts',
          ],
          exclude: ['scripts/tidy.test.ts'],
          setupFiles: ['testing/prop-runs.ts'],
          pool: 'forks',
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'tidy',
          include: ['scripts/tidy.test.ts'],
          pool: 'forks',
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'compat',
          include: ['{compat-tests,fuzz}/**/*.compat.ts'],
          pool: 'forks',
          fileParallelism: false,
          maxWorkers: 1,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
