import { readFileSync } from 'node:fs';
import { loadVector, loadVectors, type Vector } from '../compat-tests/vectors/load.ts';
import {
  type CommandName,
  type CommandRow,
  commandNames,
  commands,
  isServed,
  type Server,
} from '../src/codec/commands.ts';
import {
  decodeCommand,
  encodeCommand,
  FLAG_RESPONSE,
  JSON_TYPE,
  type RemotingCommand,
} from '../src/codec/remoting-command.ts';

/** A frame that travelled between official programs, or was encoded by the official classes. */
export interface Seed {
  readonly name: string;
  readonly command: RemotingCommand;
  readonly serializeType: number;
  /** Whole, prefix included. */
  readonly frame: Buffer;
}

/** What mutations start from. */
export interface Corpus {
  readonly seeds: readonly Seed[];
  /** Requests that a server of ours answers now, by who answers. */
  readonly served: Readonly<Record<'broker' | 'namesrv', readonly Seed[]>>;
  /** Bodies of every kind: JSON of Java's classes, batches, records, compressed registrations. */
  readonly bodies: readonly Buffer[];
  /** Properties texts as producers send them. */
  readonly properties: readonly string[];
}

/** Reads every vector and the captured console traffic. Synchronous; takes some ten milliseconds. */
export function loadCorpus(): Corpus {
  const seeds = [...vectorSeeds(), ...captureSeeds()];
  const servedBy = (server: Server): Seed[] => seeds.filter((seed) => isRequestTo(server, seed));
  return {
    seeds,
    served: { broker: servedBy('broker'), namesrv: servedBy('namesrv') },
    bodies: bodies(),
    properties: loadVector<Vector & { samples: { hex: string }[] }>('texts', 'properties').samples.map(({ hex }) =>
      Buffer.from(hex, 'hex').toString('utf8'),
    ),
  };
}

/** Row of THE TABLE for a code, if it has one. */
export function rowOf(code: number): { readonly name: CommandName; readonly row: CommandRow } | undefined {
  const name = commandNames.get(code);
  return name === undefined ? undefined : { name, row: commands[name] };
}

function isRequestTo(server: Server, { command }: Seed): boolean {
  const known = rowOf(command.code);
  return known !== undefined && (command.flag & FLAG_RESPONSE) === 0 && isServed(known.name, server);
}

function vectorSeeds(): Seed[] {
  return loadVectors<Vector & { hex: string; value: { serializeType: string } }>('commands').map(({ name, hex }) => {
    const frame = Buffer.from(hex, 'hex');
    return seedOf(name, frame);
  });
}

function seedOf(name: string, frame: Buffer): Seed {
  const command = decodeCommand(frame, 4);
  if (command === undefined) throw new Error(`the corpus holds a frame that is no command: ${name}`);
  return { name, command, serializeType: frame[4] as number, frame };
}

interface CapturedHeader {
  readonly code: number;
  readonly extFields?: Readonly<Record<string, string>>;
  readonly flag: number;
  readonly opaque: number;
  readonly remark?: string;
  readonly version: number;
}

interface Captured {
  readonly dir: string;
  readonly requestHeader: CapturedHeader;
  readonly requestBody: string | null;
  readonly requestBodyEnc?: BufferEncoding;
  readonly responseHeader: CapturedHeader | null;
  readonly responseBody: string | null;
  readonly responseBodyEnc?: BufferEncoding;
}

function captureSeeds(): Seed[] {
  const text = readFileSync(new URL('./corpus/console-capture.jsonl', import.meta.url), 'utf8');
  const lines = text.trimEnd().split('\n');
  return lines.flatMap((line, at) => {
    const captured = JSON.parse(line) as Captured;
    const name = `console/${at + 1} ${captured.dir}`;
    const { requestHeader, responseHeader } = captured;
    const request = captureSeed(name, requestHeader, captured.requestBody, captured.requestBodyEnc);
    if (responseHeader === null) return [request];
    return [request, captureSeed(`${name}, answer`, responseHeader, captured.responseBody, captured.responseBodyEnc)];
  });
}

function captureSeed(name: string, header: CapturedHeader, body: string | null, encoding?: BufferEncoding): Seed {
  const { code, flag, opaque, remark, version, extFields } = header;
  const command: RemotingCommand = {
    code,
    flag,
    opaque,
    version,
    remark,
    language: 'JAVA',
    extFields: extFields === undefined ? undefined : new Map(Object.entries(extFields)),
    body: body === null ? undefined : Buffer.from(body, encoding ?? 'utf8'),
  };
  return seedOf(name, encodeCommand(command, JSON_TYPE));
}

function bodies(): Buffer[] {
  const texts = loadVectors<Vector & { text: string; standardText?: string }>('bodies').flatMap(
    ({ text, standardText }) => (standardText === undefined ? [text] : [text, standardText]),
  );
  const binary = ['batches', 'records', 'registrations'].flatMap((folder) =>
    loadVectors<Vector & { hex: string }>(folder).map(({ hex }) => Buffer.from(hex, 'hex')),
  );
  const damaged = loadVectors<Vector & { samples: { hex: string }[] }>('checks').flatMap(({ samples }) =>
    samples.map(({ hex }) => Buffer.from(hex, 'hex')),
  );
  const json = loadVectors<Vector & { samples: { text?: string }[] }>('json').flatMap(({ samples }) =>
    samples.flatMap(({ text }) => (text === undefined ? [] : [text])),
  );
  return [...[...texts, ...json].map((text) => Buffer.from(text, 'utf8')), ...binary, ...damaged];
}
