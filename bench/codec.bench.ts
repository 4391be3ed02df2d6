import { commands } from '../src/codec/commands.ts';
import type { FrameParts } from '../src/codec/frame.ts';
import { headerBinder } from '../src/codec/header-view.ts';
import { OutputBuffer } from '../src/codec/output-buffer.ts';
import { encodeCommand, JSON_TYPE, ROCKETMQ_TYPE, scanHeader, VERSION_4_6_0 } from '../src/codec/remoting-command.ts';
import { ResponseTemplate, writeResponse } from '../src/codec/response-template.ts';
import { ScannedCommand } from '../src/codec/scanned-command.ts';
import { assert } from '../src/util/assert.ts';

export interface CodecCost {
  readonly name: string;
  readonly nsPerOp: number;
}

/** What a Java producer of 128-byte messages sends; the JSON header has 335 bytes. */
const SEND_FIELDS = new Map([
  ['a', 'please_rename_unique_group_name'],
  ['b', 'BenchmarkTest'],
  ['c', 'TBW102'],
  ['d', '4'],
  ['e', '2'],
  ['f', '0'],
  ['g', '1700000000000'],
  ['h', '0'],
  ['i', 'KEYS\u0001key1\u0002UNIQ_KEY\u0001AC11000100002A9F0000000000000001\u0002WAIT\u0001true\u0002TAGS\u0001TagA'],
  ['j', '0'],
  ['k', 'false'],
  ['m', 'false'],
]);
const RUNS = 5;
const OPS_BETWEEN_LOOKS = 1_000;

/** CPU per operation of the codec's share in one message, best of five runs that take `forMs` in all. */
export function measureCodec(forMs: number): CodecCost[] {
  const operations = codecOperations();
  return Object.entries(operations).map(([name, operation]) => {
    const runMs = forMs / RUNS / Object.keys(operations).length;
    let nsPerOp = Number.POSITIVE_INFINITY;
    for (let run = 0; run < RUNS; run++) nsPerOp = Math.min(nsPerOp, timeOnce(operation, runMs));
    return { name, nsPerOp };
  });
}

function timeOnce(operation: () => void, runMs: number): number {
  const until = performance.now() + runMs;
  const cpu = process.cpuUsage();
  let ops = 0;
  do {
    for (let i = 0; i < OPS_BETWEEN_LOOKS; i++) operation();
    ops += OPS_BETWEEN_LOOKS;
  } while (performance.now() < until);
  const used = process.cpuUsage(cpu);
  return ((used.user + used.system) * 1_000) / ops;
}

function codecOperations(): Readonly<Record<string, () => void>> {
  const json = sendHeader(JSON_TYPE);
  const binary = sendHeader(ROCKETMQ_TYPE);
  const scanned = new ScannedCommand();
  const binder = headerBinder(commands.SEND_MESSAGE_V2.request);
  return {
    'scan JSON SEND_MESSAGE_V2': () => scan(json, scanned),
    'scan and bind JSON SEND_MESSAGE_V2': () => {
      scan(json, scanned);
      assert(binder.bind(scanned) === undefined, 'a header that does not bind');
    },
    'scan binary SEND_MESSAGE_V2': () => scan(binary, scanned),
    'scan and bind binary SEND_MESSAGE_V2': () => {
      scan(binary, scanned);
      assert(binder.bind(scanned) === undefined, 'a header that does not bind');
    },
    'answer a send by template': templateAnswer(),
    'answer a send generically': genericAnswer(),
  };
}

interface SampleHeader {
  readonly bytes: Buffer;
  readonly parts: FrameParts;
}

function sendHeader(serializeType: number): SampleHeader {
  const command = { code: 310, version: VERSION_4_6_0, opaque: 123_456, flag: 0, extFields: SEND_FIELDS };
  const bytes = encodeCommand(command, serializeType);
  return { bytes, parts: { serializeType, headerStart: 8, headerEnd: bytes.length, bodyEnd: bytes.length } };
}

function scan({ bytes, parts }: SampleHeader, scanned: ScannedCommand): void {
  assert(scanHeader(bytes, parts, scanned) && !scanned.fellBack, 'a header that needs the slow path');
}

function templateAnswer(): () => void {
  const template = new ResponseTemplate(commands.SEND_MESSAGE_V2, {
    code: 0,
    constants: { MSG_REGION: 'DefaultRegion', TRACE_ON: 'true' },
    fields: ['msgId', 'queueId', 'queueOffset'],
  });
  const host = Buffer.from('7F00000100002A9F', 'latin1');
  const out = new OutputBuffer(4_096);
  let offset = 1_000_000;
  return () => {
    out.length = 0;
    const frame = template.begin(out);
    out.raw(host);
    offset += 280;
    out.hex64(offset);
    template.next(out);
    out.decimal(3);
    template.next(out);
    out.decimal(offset);
    template.end(out, frame, offset & 0xffffff, 0);
  };
}

function genericAnswer(): () => void {
  const out = new OutputBuffer(4_096);
  const header = {
    msgId: '7F00000100002A9F0000000000001234',
    queueId: 3,
    queueOffset: 1_000_000,
    MSG_REGION: 'DefaultRegion',
    TRACE_ON: 'true',
  };
  return () => {
    out.length = 0;
    writeResponse(out, commands.SEND_MESSAGE_V2, { code: 0, opaque: 123_456, header, bodyBytes: 0 });
  };
}
