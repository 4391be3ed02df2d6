import { readFileSync } from 'node:fs';

/** One frame of the capture and its answer, as README.md describes them. */
export interface Captured {
  readonly dir: 'console->namesrv' | 'console->broker' | 'broker->client';
  readonly code: number;
  readonly requestHeader: CapturedHeader;
  readonly requestBody: string | null;
  readonly requestBodyEnc?: 'utf8' | 'base64';
  readonly responseCode: number | null;
  readonly responseHeader: CapturedHeader | null;
  readonly responseBody: string | null;
  readonly responseBodyEnc?: 'utf8' | 'base64';
  readonly channel: 'listenPort' | 'vip(listenPort-2)';
  readonly oneway: boolean;
}

/** A header as it stands in a frame. */
export interface CapturedHeader {
  readonly code: number;
  readonly flag: number;
  readonly opaque: number;
  readonly language: string;
  readonly version: number;
  readonly serializeTypeCurrentRPC: string;
  readonly remark?: string;
  readonly extFields?: Readonly<Record<string, string>> | null;
}

/** All of it, in the order in which it happened. */
export function readCapture(): Captured[] {
  const text = readFileSync(new URL('console-capture.jsonl', import.meta.url), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Captured);
}

/** A body of the capture as bytes. */
export function bytesOf(body: string | null, encoding: 'utf8' | 'base64' | undefined): Buffer {
  return Buffer.from(body ?? '', encoding ?? 'utf8');
}
