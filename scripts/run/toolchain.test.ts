import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isAtLeast, NODE_FLOOR } from './toolchain.mjs';
import { BUILD, capture, exclusively, packageJson, ROOT, toolEnv } from './workplace.mjs';

describe('isAtLeast', () => {
  it.each([
    ['22.22.0', '22.22.0', true],
    ['24.0.0', '22.22.0', true],
    ['22.9.1', '22.22.0', false],
    ['22.22', '22.22.1', false],
    ['100.0.0', '22.22.0', true],
  ])('%s against %s is %s', (version, floor, expected) => {
    expect(isAtLeast(version, floor)).toBe(expected);
  });
});

describe('the Node versions', () => {
  it('are exact, and the launchers know the same floor', () => {
    expect(NODE_FLOOR).toMatch(/^\d+\.\d+\.\d+$/);
    expect(packageJson.devDependencies.node).toMatch(/^\d+\.\d+\.\d+$/);
    expect(isAtLeast(packageJson.devDependencies.node, NODE_FLOOR)).toBe(true);
    expect(readFileSync(join(ROOT, 'bin/launch.sh'), 'utf8')).toContain(`node_floor=${NODE_FLOOR}\n`);
  });
});

describe('package.json', () => {
  it('names every package with an exact version', () => {
    const versions = Object.values({ ...packageJson.dependencies, ...packageJson.devDependencies });
    for (const version of versions) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  });
});

describe('toolEnv', () => {
  it('keeps every cache inside the checkout', () => {
    const env = toolEnv({ EXTRA: '1' }) as Record<string, string | undefined>;
    expect(env['EXTRA']).toBe('1');
    expect(env['npm_config_cache']).toBe(join(BUILD, 'cache', 'npm'));
    expect(Object.keys(env).filter((key) => key.toLowerCase() === 'npm_config_cache')).toHaveLength(1);
  });
});

describe('capture', () => {
  it('returns code and output of both streams', async () => {
    const script = 'console.log(1); console.error(2); process.exit(3)';
    const result = await capture(process.execPath, ['-e', script]);
    expect(result.code).toBe(3);
    expect(result.output.split('\n').sort()).toEqual(['', '1', '2']);
  });

  it('gives a program that does not exist code 127', async () => {
    expect((await capture('/no/such/program', [])).code).toBe(127);
  });

  it('kills a program and its children that take too long', async () => {
    const script = 'require("node:child_process").spawn("sleep", ["60"], { stdio: "inherit" })';
    const result = await capture(process.execPath, ['-e', script], { timeoutMs: 300 });
    expect(result.code).not.toBe(0);
    expect(result.output).toContain('timed out');
  });
});

describe('exclusively', () => {
  it('lets one task of a name run at a time, and goes on after one that failed', async () => {
    const name = `test-${process.pid}`;
    const events: string[] = [];
    const task = (label: string) => async () => {
      events.push(`${label} starts`);
      await new Promise((resolve) => setImmediate(resolve));
      events.push(`${label} ends`);
      if (label === 'first') throw new Error('planted');
    };
    const first = exclusively(name, task('first'));
    const second = exclusively(name, task('second'));
    await expect(first).rejects.toThrow('planted');
    await second;
    expect(events).toEqual(['first starts', 'first ends', 'second starts', 'second ends']);
    expect(existsSync(join(BUILD, `${name}.lock`))).toBe(false);
  });

  it('takes over from an owner that is dead', async () => {
    const path = join(BUILD, `dead-${process.pid}.lock`);
    for (const deadPid of ['999999999', String(process.pid)]) {
      writeFileSync(path, deadPid);
      expect(await exclusively(`dead-${process.pid}`, async () => 'done')).toBe('done');
    }
    expect(existsSync(path)).toBe(false);
  });
});
