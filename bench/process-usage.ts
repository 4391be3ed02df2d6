import { readFileSync } from 'node:fs';

/** Linux counts processor time of a process in hundredths of a second on every architecture Node runs on. */
const ticksPerSecond = 100;

/** Processor time of a process since it began, user and system, all threads. Throws when there is no such process. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name of the program may contain spaces and brackets: count from the last bracket on.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Resident memory of a process in bytes. Throws when there is no such process. */
export function rssBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes ?? 0) * 1_024;
}
