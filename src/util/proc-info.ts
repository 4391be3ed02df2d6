import type { Fs } from './fs.ts';

/** What can be known about processes and their locks on this host. Linux only; elsewhere everything is undefined. */
export interface ProcInfo {
  /** This process. */
  readonly pid: number;
  /** Changes with each boot of the host. */
  bootId(): string | undefined;
  /** Tells processes of different containers apart: pids of one namespace mean nothing in another. */
  pidNamespace(): number | undefined;
  /** When a process began, in a form that only can be compared; undefined when there is no such process. */
  startTimeOf(pid: number): string | undefined;
  /** Record locks on a file held by anybody visible from here, as "pid 123" texts; empty when there are none. */
  lockHolders(path: string): string[];
}

/** {@link ProcInfo} read from /proc through the file system port. */
export function procInfo(fs: Fs, pid: number): ProcInfo {
  return {
    pid,
    bootId: () => readText(fs, '/proc/sys/kernel/random/boot_id')?.trim(),
    pidNamespace: () => fs.stat('/proc/self/ns/pid')?.ino,
    startTimeOf: (other) => {
      const stat = readText(fs, `/proc/${other}/stat`);
      // The name of the program is in brackets and may hold anything, so fields are counted from the last bracket.
      return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[START_TIME_FIELD];
    },
    lockHolders: (path) => lockHolders(fs, path),
  };
}

const START_TIME_FIELD = 19;
const MAX_PROC_FILE_BYTES = 16 * 1024 * 1024;

function readText(fs: Fs, path: string): string | undefined {
  return fs.readFile(path, MAX_PROC_FILE_BYTES)?.toString('latin1');
}

/** Lines like `1: POSIX  ADVISORY  WRITE 1234 fe:00:9986993 0 0`; flock's locks are another world and ignored. */
function lockHolders(fs: Fs, path: string): string[] {
  const stat = fs.stat(path);
  if (stat === undefined) return [];
  const devices = new Set([deviceName(stat.dev), mountedDevice(fs, path)]);
  const holders: string[] = [];
  for (const line of (readText(fs, '/proc/locks') ?? '').split('\n')) {
    const match = /^\d+: (?:-> )?(?:POSIX|OFDLCK)\s+\S+\s+\S+\s+(-?\d+) ([0-9a-f]+:[0-9a-f]+):(\d+) /.exec(line);
    if (match === null || Number(match[3]) !== stat.ino || !devices.has(match[2])) continue;
    holders.push(`pid ${match[1]}`);
  }
  return holders;
}

/** Major and minor number as /proc/locks prints them. Linux: makedev(3). */
function deviceName(dev: number): string {
  const low = dev % 2 ** 32;
  const high = Math.floor(dev / 2 ** 32);
  const major = ((low >>> 8) & 0xfff) | (high & 0xfffff000);
  const minor = (low & 0xff) | ((low >>> 12) & 0xfff00);
  return `${hex(major)}:${hex(minor)}`;
}

/** On btrfs and overlayfs stat names another device than /proc/locks; the table of mounts has the latter. */
function mountedDevice(fs: Fs, path: string): string | undefined {
  let longest = -1;
  let device: string | undefined;
  for (const line of (readText(fs, '/proc/self/mountinfo') ?? '').split('\n')) {
    const [, , numbers, , escaped] = line.split(' ');
    if (numbers === undefined || escaped === undefined) continue;
    const point = escaped.replace(/\\([0-7]{3})/g, (_, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 8)),
    );
    const holds = path === point || path.startsWith(point === '/' ? '/' : `${point}/`);
    if (!holds || point.length < longest) continue;
    longest = point.length;
    device = numbers
      .split(':')
      .map((part) => hex(Number(part)))
      .join(':');
  }
  return device;
}

function hex(value: number): string {
  return value.toString(16).padStart(2, '0');
}
