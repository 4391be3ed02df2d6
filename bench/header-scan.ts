import { readFileSync } from 'node:fs';
import type { FrameParts } from '../src/codec/frame.ts';
import { scanHeader } from '../src/codec/remoting-command.ts';
import { ScannedCommand } from '../src/codec/scanned-command.ts';

export interface HeaderScan {
  /** Language byte of the client that wrote the headers. */
  readonly client: string;
  readonly headers: number;
  /** Headers that the byte scanner did not take, which costs several times as much. */
  readonly fellBack: number;
  readonly refused: number;
  /** Mean CPU of one scan. */
  readonly cpuNs: number;
}

/**
 * Headers as the official clients sent them to the official broker: up to two of each request code, caught on the wire
 * from the Java client 4.6.0 (benchmark producer and consumer, compat-tests/java/Smoke.java) and the Go client v2.1.2
 * (compat-tests/go).
 */
export function officialHeaders(): string[] {
  return JSON.parse(readFileSync(new URL('official-headers.json', import.meta.url), 'utf8')) as string[];
}

/** Scans all official headers over and over, client by client. */
export function measureHeaderScan(forMs: number): HeaderScan[] {
  const clients = ['JAVA', 'GO'];
  const all = officialHeaders();
  return clients.map((client) => {
    const headers = all.filter((header) => (JSON.parse(header) as { language: string }).language === client);
    return scanAll(client, headers, forMs / clients.length);
  });
}

function scanAll(client: string, headers: readonly string[], forMs: number): HeaderScan {
  const frames = headers.map((header) => Buffer.from(header));
  const parts = frames.map((frame) => ({
    serializeType: 0,
    headerStart: 0,
    headerEnd: frame.length,
    bodyEnd: frame.length,
  }));
  const first = scanOnce(frames, parts);
  const until = performance.now() + forMs;
  const cpu = process.cpuUsage();
  let scans = 0;
  do {
    scanOnce(frames, parts);
    scans += frames.length;
  } while (performance.now() < until);
  const used = process.cpuUsage(cpu);
  return { client, headers: headers.length, ...first, cpuNs: ((used.user + used.system) * 1_000) / scans };
}

const scanned = new ScannedCommand();

function scanOnce(frames: readonly Buffer[], parts: readonly FrameParts[]): { fellBack: number; refused: number } {
  let fellBack = 0;
  let refused = 0;
  for (const [index, frame] of frames.entries()) {
    const isTaken = scanHeader(frame, parts[index] as FrameParts, scanned);
    if (!isTaken) refused++;
    else if (scanned.fellBack) fellBack++;
  }
  return { fellBack, refused };
}
