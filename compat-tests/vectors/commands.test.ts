import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandNames, commands } from '../../src/codec/commands.ts';
import { AssemblyBudget, FrameDecoder } from '../../src/codec/frame.ts';
import type { HeaderSchema } from '../../src/codec/header.ts';
import {
  decodeCommand,
  encodeCommand,
  JSON_TYPE,
  type RemotingCommand,
  ROCKETMQ_TYPE,
} from '../../src/codec/remoting-command.ts';
import { loadVectors, type Vector } from './load.ts';

interface CommandValue {
  readonly serializeType: 'JSON' | 'ROCKETMQ';
  readonly code: number;
  readonly extFields: Readonly<Record<string, string>> | null;
}

interface CommandVector extends Vector {
  readonly headerClass: string | null;
  readonly hex: string;
  readonly value: CommandValue;
}

const vectors = loadVectors<CommandVector>('commands');

/** What the recorder wrote, from our value. */
function recordedForm(command: RemotingCommand | undefined, serializeType: string): unknown {
  if (command === undefined) return 'malformed';
  const { code, language, version, opaque, flag, remark, extFields, body } = command;
  return {
    serializeType,
    code,
    language,
    version,
    opaque,
    flag,
    remark: remark ?? null,
    extFields: extFields === undefined ? null : Object.fromEntries(extFields),
    bodyHex: body?.toString('hex') ?? null,
  };
}

/** Feeds a stream in chunks that end at `cuts`; every chunk is overwritten afterwards, so a late read would show. */
function decodeInPieces(bytes: Buffer, cuts: readonly number[]): (RemotingCommand | undefined)[] {
  const decoder = new FrameDecoder(new AssemblyBudget(1_000_000));
  const found: (RemotingCommand | undefined)[] = [];
  let at = 0;
  for (const cut of [...cuts, bytes.length]) {
    const chunk = Buffer.from(bytes.subarray(at, cut));
    decoder.feed(chunk, (frame, start, end) => {
      found.push(decodeCommand(frame, start, end));
      return true;
    });
    chunk.fill(0xff);
    at = cut;
  }
  return found;
}

describe('recorded commands', () => {
  it.each(vectors)('$name decodes whole and byte by byte', ({ hex, value }) => {
    const bytes = Buffer.from(hex, 'hex');
    for (const cuts of [[], [...bytes.keys()].slice(1)]) {
      const found = decodeInPieces(bytes, cuts).map((command) => recordedForm(command, value.serializeType));
      expect(found).toEqual([value]);
    }
  });

  it.each(vectors)('$name encodes to a frame of the same length and meaning', ({ hex, value }) => {
    const command = decodeCommand(Buffer.from(hex, 'hex').subarray(4)) as RemotingCommand;
    const again = encodeCommand(command, value.serializeType === 'JSON' ? JSON_TYPE : ROCKETMQ_TYPE);
    expect(again.length).toBe(hex.length / 2);
    expect(recordedForm(decodeCommand(again.subarray(4)), value.serializeType)).toEqual(value);
  });

  it('decode out of one stream in random cuts', () => {
    const stream = Buffer.concat(vectors.map(({ hex }) => Buffer.from(hex, 'hex')));
    const values = vectors.map(({ value }) => value);
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 40 }), (cuts) => {
        const found = decodeInPieces(
          stream,
          cuts.sort((a, b) => a - b),
        );
        expect(found.map((command, index) => recordedForm(command, values[index]?.serializeType as string))).toEqual(
          values,
        );
      }),
      { numRuns: 20 },
    );
  });
});

/** Names on the wire of a schema's fields. */
function wireNames(schema: HeaderSchema): string[] {
  return Object.entries(schema).map(([name, row]) => row.wire ?? name);
}

/** extFields that Java's code adds beside the header class. */
const ADDED_BY_CODE = new Set(['MSG_REGION', 'TRACE_ON']);

describe('the command table', () => {
  const full = vectors.filter((each) => each.name.endsWith('-full-json'));
  const responses = vectors.filter((each) => /^commands\/\d.*-response-json$/.test(each.name));

  it.each(full)('has the fields of the request in $name', ({ value }) => {
    const row = commands[commandNames.get(value.code) as keyof typeof commands];
    expect(wireNames(row.request).sort()).toEqual(Object.keys(value.extFields ?? {}).sort());
  });

  it.each(responses)('has the fields of the response in $name', ({ name, value }) => {
    const code = Number(/^commands\/(\d+)-/.exec(name)?.[1]);
    const row = commands[commandNames.get(code) as keyof typeof commands];
    const fields = wireNames(row.response).filter((each) => !ADDED_BY_CODE.has(each));
    expect(fields.sort()).toEqual(Object.keys(value.extFields ?? {}).sort());
  });
});
