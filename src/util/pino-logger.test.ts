import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { type FileHandle, type Fs, FsError } from './fs.ts';
import { nodeFs } from './node-fs.ts';
import { createLogger } from './pino-logger.ts';

const root = mkdtempSync(join(tmpdir(), 'pino-logger-'));
let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(root, 'case-'));
});
afterAll(() => rmSync(root, { recursive: true }));

function lines(path: string): Record<string, unknown>[] {
  const text = readFileSync(path, 'utf8').trimEnd();
  return text.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The real file system with some operations replaced. */
function fsWith(some: Partial<Fs>): Fs {
  return Object.assign(Object.create(nodeFs) as Fs, some);
}

describe('createLogger', () => {
  it('writes one JSON object a line with ISO time, level word, name and fields', () => {
    const path = join(dir, 'deep', 'broker.log');
    const { log, close } = createLogger({ destination: { path, fs: nodeFs }, level: 'info', name: 'broker' });
    log.info({ topic: 'T' }, 'made');
    log.debug({}, 'not written');
    log.child({ port: 1 }).warn({ error: new FsError('open', '/x', 'EIO') }, 'failed');
    close();
    log.info({}, 'dropped');
    const [first, second, ...more] = lines(path);
    expect(more).toEqual([]);
    expect(first).toEqual({ level: 'info', time: expect.any(String), name: 'broker', topic: 'T', msg: 'made' });
    expect(new Date(first?.['time'] as string).toISOString()).toBe(first?.['time']);
    expect(second).toMatchObject({ level: 'warn', port: 1, error: { type: 'FsError', message: 'open /x: EIO' } });
    expect([log.isLevelEnabled('debug'), log.isLevelEnabled('warn')]).toEqual([false, true]);
  });

  it('begins a new file when one is full and keeps so many old ones', () => {
    const path = join(dir, 'a.log');
    const destination = { path, fs: nodeFs, maxBytes: 300, oldFiles: 2 };
    for (const round of [0, 1]) {
      const { log } = createLogger({ destination, level: 'info', name: 'b' });
      for (let number = 0; number < 10; number++) log.info({ number: round * 10 + number }, 'line');
    }
    expect(readdirSync(dir).sort()).toEqual(['a.log', 'a.log.1', 'a.log.2']);
    const names = ['a.log.2', 'a.log.1', 'a.log'];
    const kept = names.flatMap((name) => lines(join(dir, name)).map((line) => line['number']));
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => 20 - kept.length + index));
    expect(kept.length).toBeGreaterThan(6);
    for (const name of names) expect(readFileSync(join(dir, name)).length).toBeLessThanOrEqual(300);
  });

  it('shares a file with another program', () => {
    const destination = { path: join(dir, 'a.log'), fs: nodeFs };
    const [one, two] = ['one', 'two'].map((name) => createLogger({ destination, level: 'info', name }).log);
    for (let number = 0; number < 3; number++) {
      one?.info({}, 'line');
      two?.info({}, 'line');
    }
    expect(lines(destination.path).map((line) => line['name'])).toEqual(['one', 'two', 'one', 'two', 'one', 'two']);
  });

  it('goes on in the same file when it cannot be renamed', () => {
    const path = join(dir, 'a.log');
    const fs = fsWith({
      rename(from) {
        throw new FsError('rename', from, 'EACCES');
      },
    });
    const { log } = createLogger({ destination: { path, fs, maxBytes: 200 }, level: 'info', name: 'b' });
    for (let number = 0; number < 5; number++) log.info({ number }, 'line');
    expect(lines(path)).toHaveLength(5);
  });

  it('survives a full disk and tells afterwards how many lines are missing', () => {
    const path = join(dir, 'a.log');
    let isFull = true;
    const fs = fsWith({
      open(name, mode) {
        const file = nodeFs.open(name, mode);
        const pwrite: FileHandle['pwrite'] = (...transfer) => {
          if (isFull) throw new FsError('pwrite', name, 'ENOSPC');
          return file.pwrite(...transfer);
        };
        return { path: name, stat: () => file.stat(), close: () => file.close(), pwrite } as FileHandle;
      },
    });
    const { log } = createLogger({ destination: { path, fs }, level: 'info', name: 'b' });
    log.info({}, 'lost');
    log.info({}, 'lost');
    isFull = false;
    log.info({}, 'written');
    expect(lines(path).map(({ msg, lost }) => [msg, lost])).toEqual([
      ['lines of this log could not be written', 2],
      ['written', undefined],
    ]);
  });

  it('says at once that a file cannot be opened', () => {
    const destination = { path: dir, fs: nodeFs };
    expect(() => createLogger({ destination, level: 'info', name: 'b' })).toThrow(FsError);
  });

  it('writes to standard output, complete even when the process exits at once', () => {
    const program = `import { createLogger } from '${new URL('./pino-logger.ts', import.meta.url).href}';
      const { log } = createLogger({ destination: 'stdout', level: 'info', name: 'n' });
      for (let number = 0; number < 3; number++) log.info({ number }, 'x');
      process.exit(0);`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
    const numbers = output.trimEnd().split('\n');
    expect(numbers.map((line) => (JSON.parse(line) as { number: number }).number)).toEqual([0, 1, 2]);
  });
});
