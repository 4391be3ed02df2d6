import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MemFs } from '../../testing/mem-fs.ts';
import { nodeFs } from './node-fs.ts';
import { procInfo } from './proc-info.ts';

describe('procInfo', () => {
  it('knows this process', () => {
    const proc = procInfo(nodeFs, process.pid);
    expect(proc.startTimeOf(process.pid)).toMatch(/^\d+$/);
    expect(proc.startTimeOf(process.pid)).toBe(procInfo(nodeFs, 1).startTimeOf(process.pid));
    expect(proc.startTimeOf(2 ** 30)).toBeUndefined();
    expect(proc.bootId()).toMatch(/^[0-9a-f-]{36}$/);
    expect(proc.pidNamespace()).toBeGreaterThan(0);
  });

  it('reads the start time behind any program name', () => {
    const fs = new MemFs();
    const fields = Array.from({ length: 50 }, (_, index) => `f${index + 3}`).join(' ');
    fs.install('/proc/7/stat', Buffer.from(`7 (a ) b (c) 1 2) ${fields}\n`));
    expect(procInfo(fs, 1).startTimeOf(7)).toBe('f22');
  });

  it('finds record locks by device and inode, of any kind, and no others', () => {
    const fs = new MemFs();
    fs.install('/d/lock', Buffer.from('lock'));
    const { ino } = fs.stat('/d/lock') ?? { ino: 0 };
    fs.install(
      '/proc/locks',
      Buffer.from(
        `1: POSIX  ADVISORY  WRITE 10 01:05:${ino} 0 0\n1: -> POSIX  ADVISORY  WRITE 11 01:05:${ino} 0 0\n` +
          `2: FLOCK  ADVISORY  WRITE 12 01:05:${ino} 0 EOF\n3: POSIX  ADVISORY  READ 13 01:06:${ino} 0 EOF\n` +
          `4: POSIX  ADVISORY  READ 14 01:05:${ino + 1} 0 EOF\n5: OFDLCK ADVISORY  WRITE -1 01:05:${ino} 0 EOF\nx\n`,
      ),
    );
    const proc = procInfo(fs, 1);
    expect(proc.lockHolders('/d/lock')).toEqual(['pid 10', 'pid 11', 'pid -1']);
    expect(proc.lockHolders('/d/none')).toEqual([]);
    // On btrfs the table of mounts names the device that the kernel's list of locks uses.
    fs.install(
      '/proc/self/mountinfo',
      Buffer.from('1 0 0:9 / / rw - ext4 x rw\n2 1 1:6 /sub /d rw - btrfs x rw\n3 1 1:7 / /d\\040x rw - btrfs x rw\n'),
    );
    expect(proc.lockHolders('/d/lock')).toEqual(['pid 10', 'pid 11', 'pid 13', 'pid -1']);
  });

  it('is silent where there is no /proc', () => {
    const fs = new MemFs();
    fs.install('/d/lock', Buffer.from('lock'));
    const proc = procInfo(fs, 1);
    expect([proc.bootId(), proc.pidNamespace(), proc.startTimeOf(1), proc.lockHolders('/d/lock')]).toEqual([
      undefined,
      undefined,
      undefined,
      [],
    ]);
  });

  it('sees no lock on a file that nobody locked', () => {
    const dir = mkdtempSync(join(tmpdir(), 'wenchang-proc-'));
    writeFileSync(join(dir, 'lock'), 'lock');
    expect(procInfo(nodeFs, process.pid).lockHolders(join(dir, 'lock'))).toEqual([]);
    rmSync(dir, { recursive: true });
  });
});
