import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.ts';
import { FaultFs } from '../../testing/fault-fs.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import type { Fs } from '../util/fs.ts';
import { silentLogger } from '../util/logger.ts';
import { nodeFs } from '../util/node-fs.ts';
import type { ProcInfo } from '../util/proc-info.ts';
import { StoreLock, StoreLockedError, type StoreLockOptions } from './store-lock.ts';

const ROOT = '/data/store';

describe('StoreLock', () => {
  it('puts a directory in the place of lock while it is held, and the file back afterwards', () => {
    const host = new Host();
    host.fs.install(`${ROOT}/lock`, Buffer.from('lock'));
    const ino = host.fs.stat(`${ROOT}/lock`)?.ino;
    const lock = StoreLock.acquire(host.process(10));
    expect(lock.ownCrash).toBe(false);
    expect(host.fs.stat(`${ROOT}/lock`)?.isDirectory).toBe(true);
    lock.verify();
    lock.release();
    lock.release();
    expect(host.fs.list(ROOT)).toEqual(['lock']);
    expect(host.fs.stat(`${ROOT}/lock`)?.ino).toBe(ino);
  });

  it('leaves a lock file as Java would where there was none', () => {
    const host = new Host();
    StoreLock.acquire(host.process(10)).release();
    expect(host.fs.readFile(`${ROOT}/lock`, 99)?.toString()).toBe('lock');
    expect(host.fs.list(ROOT)).toEqual(['lock']);
  });

  it('refuses while a process of ours runs on it, the same process included', () => {
    const host = new Host();
    const lock = StoreLock.acquire(host.process(10));
    const before = host.fs.files();
    for (const pid of [10, 11]) {
      expect(() => StoreLock.acquire(host.process(pid))).toThrow(StoreLockedError);
      expect(() => StoreLock.acquire(host.process(pid))).toThrow(
        'the store directory /data/store is in use: process 10 of ours runs on it',
      );
    }
    expect(host.fs.files()).toEqual(before);
    lock.release();
    StoreLock.acquire(host.process(11)).release();
  });

  it('takes the directory of a dead process over, and tells that it was a crash of ours', () => {
    const host = new Host();
    StoreLock.acquire(host.process(10));
    host.kill(10);
    const lock = StoreLock.acquire(host.process(11));
    expect(lock.ownCrash).toBe(true);
    expect(host.fs.list(`${ROOT}/lock`)).toEqual(['wenchang-11-s11']);
    lock.release();
    expect(host.fs.list(ROOT)).toEqual(['lock']);
    expect(StoreLock.acquire(host.process(12)).ownCrash).toBe(false);
  });

  it('knows a number that was given to another process since, and a boot since', () => {
    const host = new Host();
    StoreLock.acquire(host.process(10));
    host.kill(10);
    host.startTimes.set(10, 'later');
    expect(StoreLock.acquire(host.process(11)).ownCrash).toBe(true);
    host.clock.advance(9_000);
    host.boot = 'boot-2';
    host.kill(11);
    // The beats of a clock that never stops: the host that went down made none for ten seconds.
    host.clock.setWallClock(host.clock.now() + 20_000);
    expect(StoreLock.acquire(host.process(12)).ownCrash).toBe(true);
  });

  it('waits for the silence of an owner that it cannot look at: another container or host', () => {
    const host = new Host();
    StoreLock.acquire(host.process(10));
    host.namespace = 2;
    expect(() => StoreLock.acquire(host.process(10))).toThrow(
      'process 10 of another host or container was active 0 s ago; if it is gone, try again in 10 s',
    );
    host.clock.advance(30_000);
    expect(() => StoreLock.acquire(host.process(10))).toThrow(StoreLockedError);
    host.clock.setWallClock(host.clock.now() + 10_000);
    expect(StoreLock.acquire(host.process(10)).ownCrash).toBe(true);
  });

  it('takes an unreadable record for one of an unknown process', () => {
    for (const content of ['', 'null', '{', '{"pid":"x"}']) {
      const host = new Host();
      host.fs.install(`${ROOT}/wenchang.owner`, Buffer.from(content));
      expect(() => StoreLock.acquire(host.process(10))).toThrow(StoreLockedError);
      host.clock.setWallClock(host.clock.now() + 10_000);
      StoreLock.acquire(host.process(10)).release();
    }
  });

  it('refuses while a Java broker holds its lock, before anything is changed', () => {
    const host = new Host();
    host.fs.install(`${ROOT}/lock`, Buffer.from('lock'));
    host.holders.set(`${ROOT}/lock`, 'pid 77');
    expect(() => StoreLock.acquire(host.process(10))).toThrow(
      'pid 77 holds the lock on /data/store/lock; stop that broker first',
    );
    expect(host.fs.list(ROOT)).toEqual(['lock']);
    expect(host.fs.stat(`${ROOT}/lock`)?.isDirectory).toBe(false);
  });

  it('gives way to a Java broker that was started just before and takes its lock only now', () => {
    const host = new Host();
    host.fs.install(`${ROOT}/lock`, Buffer.from('lock'));
    const lost: string[] = [];
    const lock = StoreLock.acquire({ ...host.process(10), onLost: (reason) => lost.push(reason.message) });
    host.clock.advance(10_000);
    expect(lost).toEqual([]);
    host.holders.set(`${ROOT}/wenchang.lock`, 'pid 77');
    expect(() => lock.verify()).toThrow(StoreLockedError);
    host.clock.advance(10_000);
    expect(lost.length).toBe(1);
    const other = new Host();
    other.holders.set(`${ROOT}/wenchang.lock`, 'pid 77');
    expect(() => StoreLock.acquire(other.process(10))).toThrow(StoreLockedError);
    expect(other.fs.list(ROOT)).toEqual([]);
  });

  it('notices when its record is taken from it', () => {
    const host = new Host();
    const lost: string[] = [];
    StoreLock.acquire({ ...host.process(10), onLost: (reason) => lost.push(reason.message) });
    host.fs.install(`${ROOT}/wenchang.owner`, Buffer.from('{}'));
    host.clock.advance(10_000);
    expect(lost).toEqual(['the store directory /data/store is in use: another process has taken the directory over']);
  });

  it('does not take a crash for ours when Java ran since', () => {
    const host = new Host();
    StoreLock.acquire(host.process(10));
    host.kill(10);
    for (const name of host.fs.list(`${ROOT}/lock`)) host.fs.unlink(`${ROOT}/lock/${name}`);
    host.fs.rmdir(`${ROOT}/lock`);
    host.clock.advance(1);
    const java = host.fs.open(`${ROOT}/lock`, 'create');
    java.pwrite(Buffer.from('lock'), 0, 4, 0);
    java.setMtime(host.clock.now() + 5_000);
    expect(StoreLock.acquire(host.process(11)).ownCrash).toBe(false);
  });

  it('leaves nothing behind when it cannot finish', () => {
    const mem = new MemFs();
    const fs = new FaultFs(mem);
    const host = new Host(fs);
    mem.install(`${ROOT}/lock`, Buffer.from('lock'));
    fs.fail({ operation: 'mkdir', path: /lock$/, code: 'ENOSPC' });
    expect(() => StoreLock.acquire(host.process(10))).toThrow('ENOSPC');
    StoreLock.acquire(host.process(11)).release();
    expect(mem.list(ROOT)).toEqual(['lock']);
  });
});

describe('after a kill', () => {
  it('a shell lets Java in again, unless a new owner came first', async () => {
    for (const restarted of [false, true]) {
      const root = mkdtempSync(join(tmpdir(), 'wenchang-lock-'));
      let script = '';
      let parameters: readonly string[] = [];
      const afterDeath = (text: string, values: readonly string[]): void => {
        [script, parameters] = [text, values];
      };
      const host = new Host(nodeFs);
      const first = { ...host.process(10), rootDir: root };
      StoreLock.acquire({ ...first, afterDeath });
      host.kill(10);
      if (restarted) StoreLock.acquire({ ...host.process(11), rootDir: root });
      await new Promise((resolve) => spawn('/bin/sh', ['-c', script, 'sh', ...parameters]).on('exit', resolve));
      const names = nodeFs.list(root).sort();
      expect(names).toEqual(restarted ? ['lock', 'wenchang.lock', 'wenchang.owner'] : ['lock', 'wenchang.owner']);
      expect(nodeFs.stat(join(root, 'lock'))?.isDirectory).toBe(restarted);
      if (!restarted) {
        const lock = StoreLock.acquire({ ...host.process(12), rootDir: root });
        expect(lock.ownCrash).toBe(true);
        lock.release();
      }
      rmSync(root, { recursive: true });
    }
  });
});

/** A host with processes that the test starts and kills. */
class Host<F extends Fs = MemFs> {
  readonly fs: F;
  readonly clock = new FakeClock();
  readonly startTimes = new Map<number, string>();
  readonly holders = new Map<string, string>();
  boot = 'boot-1';
  namespace = 1;

  constructor(fs = new MemFs({ now: () => this.clock.now() }) as Fs as F) {
    this.fs = fs;
  }

  process(pid: number): StoreLockOptions {
    if (!this.startTimes.has(pid)) this.startTimes.set(pid, `s${pid}`);
    const [boot, namespace] = [this.boot, this.namespace];
    const proc: ProcInfo = {
      pid,
      bootId: () => boot,
      pidNamespace: () => namespace,
      startTimeOf: (other) => this.startTimes.get(other),
      lockHolders: (path) => [this.holders.get(path)].filter((holder) => holder !== undefined),
    };
    return { fs: this.fs, clock: this.clock, log: silentLogger, rootDir: ROOT, proc };
  }

  kill(pid: number): void {
    this.startTimes.delete(pid);
  }
}
