import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { consumeStats } from '../src/codec/bodies/consume-stats.ts';
import { consumerConnection } from '../src/codec/bodies/consumer-connection.ts';
import { checkClientRequestBody, consumerIdListBody, heartbeatData } from '../src/codec/bodies/heartbeat.ts';
import { lockBatchRequestBody, lockBatchResponseBody, offsetMovedEvent } from '../src/codec/bodies/message-queue.ts';
import { decodeRegisterBrokerBody, registerBrokerBody } from '../src/codec/bodies/register-broker.ts';
import { clusterInfo, topicRouteData } from '../src/codec/bodies/route.ts';
import { decodeBody, encodeBody, type Kind } from '../src/codec/bodies/schema.ts';
import {
  consumerOffsetSerializeWrapper,
  dataVersion,
  kvConfigSerializeWrapper,
  kvTable,
  subscriptionGroupWrapper,
  topicConfigSerializeWrapper,
  topicList,
} from '../src/codec/bodies/topic-config.ts';
import { commands } from '../src/codec/commands.ts';
import { DecodeError, type JsonValue, parseJson } from '../src/codec/fast-json.ts';
import { JsonWriter, writeJsonValue } from '../src/codec/fast-json-writer.ts';
import { AssemblyBudget, FRAME_MAX_BYTES, FrameDecoder, type FrameParts, splitFrame } from '../src/codec/frame.ts';
import { headerBinder } from '../src/codec/header-view.ts';
import { PropertySlot, PropertySpans, parseProperties, scanProperties } from '../src/codec/message-properties.ts';
import { scanHeader } from '../src/codec/remoting-command.ts';
import { ScannedCommand } from '../src/codec/scanned-command.ts';
import { SeededRandom } from '../testing/seeded-random.ts';
import { mutateBody } from './body-mutations.ts';
import { loadCorpus } from './corpus.ts';
import { propertiesText } from './dictionary.ts';
import { mutateJson } from './json-mutations.ts';
import { Mutator } from './mutator.ts';

const corpus = loadCorpus();
const random = fc.integer().map((seed) => new SeededRandom(seed));
const mutants = random.map((each) => {
  const mutator = new Mutator(corpus, each);
  const target = { server: each.pick(['broker', 'namesrv'] as const), port: 'main' } as const;
  return Buffer.concat(Array.from({ length: 1 + each.below(4) }, () => mutator.next(target).bytes));
});
const bodies = random.map((each) => {
  const seed = each.pick(corpus.seeds);
  return mutateBody(seed.command.code, seed.command.body, corpus, each);
});
const jsonTexts = random.map((each) => {
  const [body] = each.shuffled(corpus.bodies.filter((bytes) => bytes[0] === 0x7b));
  return mutateJson((body ?? Buffer.from('{}')).toString('utf8'), each);
});

const KINDS: Readonly<Record<string, Kind<unknown>>> = {
  checkClientRequestBody,
  clusterInfo,
  consumerConnection,
  consumerIdListBody,
  consumerOffsetSerializeWrapper,
  consumeStats,
  dataVersion,
  heartbeatData,
  kvConfigSerializeWrapper,
  kvTable,
  lockBatchRequestBody,
  lockBatchResponseBody,
  offsetMovedEvent,
  registerBrokerBody,
  subscriptionGroupWrapper,
  topicConfigSerializeWrapper,
  topicList,
  topicRouteData,
};

/** Numbers beyond a double become null and half surrogate pairs U+FFFD, so what was written is compared. */
function jsonText(value: JsonValue): string {
  const out = new JsonWriter();
  writeJsonValue(value, out);
  return out.text();
}

interface Framed {
  readonly frames: readonly string[];
  readonly problem: string | undefined;
  readonly heldBytes: number;
}

/** Feeds a stream in pieces that end at `cuts`. */
function framed(stream: Buffer, cuts: readonly number[]): Framed {
  const budget = new AssemblyBudget(2 * FRAME_MAX_BYTES);
  const decoder = new FrameDecoder(budget);
  const frames: string[] = [];
  let at = 0;
  for (const cut of [...cuts, stream.length]) {
    const problem = decoder.feed(stream.subarray(at, cut), (bytes, start, end) => {
      frames.push(bytes.toString('hex', start, end));
      return true;
    });
    at = cut;
    if (problem !== undefined) return { frames, problem, heldBytes: budget.usedBytes };
  }
  const heldBytes = budget.usedBytes;
  decoder.release();
  expect(budget.usedBytes).toBe(0);
  return { frames, problem: undefined, heldBytes };
}

describe('mutated bytes', () => {
  it('give the same frames however they are cut, and a partial frame holds what it announced', () => {
    fc.assert(
      fc.property(mutants, fc.array(fc.nat()), (stream, places) => {
        const cuts = places.map((place) => place % (stream.length + 1)).sort((a, b) => a - b);
        const whole = framed(stream, []);
        const cut = framed(stream, cuts);
        expect(cut.frames).toEqual(whole.frames);
        expect(cut.problem).toBe(whole.problem);
        expect(Math.max(whole.heldBytes, cut.heldBytes)).toBeLessThanOrEqual(FRAME_MAX_BYTES);
      }),
    );
  });

  it('bind to every header of the table without an exception', () => {
    const views = Object.values(commands).map((row) => headerBinder(row.request));
    const parts: FrameParts = { serializeType: 0, headerStart: 0, headerEnd: 0, bodyEnd: 0 };
    const scanned = new ScannedCommand();
    let bound = 0;
    fc.assert(
      fc.property(mutants, (bytes) => {
        if (!splitFrame(bytes, 4, bytes.length, parts) || !scanHeader(bytes, parts, scanned)) return;
        scanned.remark();
        scanned.extFields();
        for (const { bind, view } of views) {
          if (bind(scanned) !== undefined) continue;
          bound += 1;
          expect(Object.isFrozen(view.detach())).toBe(true);
        }
      }),
    );
    expect(bound).toBeGreaterThan(100);
  });
});

describe('mutated JSON', () => {
  it('is parsed or refused; what is parsed is written as text that means the same', () => {
    let parsed = 0;
    fc.assert(
      fc.property(jsonTexts, (text) => {
        const value = parseJson(text);
        if (value instanceof DecodeError) return;
        parsed += 1;
        const written = jsonText(value);
        const again = parseJson(written);
        expect(again instanceof DecodeError ? again : jsonText(again)).toBe(written);
      }),
    );
    expect(parsed).toBeGreaterThan(20);
  });

  it.each(Object.entries(KINDS))('is read as %s or refused; what is read is written and read again', (_, kind) => {
    fc.assert(
      fc.property(fc.oneof(jsonTexts, bodies), (body) => {
        const value = decodeBody(kind, body);
        if (value instanceof DecodeError) return;
        const written = encodeBody(kind, value);
        const again = decodeBody(kind, written);
        expect(again instanceof DecodeError ? again : encodeBody(kind, again)).toEqual(written);
      }),
    );
  });
});

describe('mutated registrations', () => {
  it('are decoded or refused, compressed or not', () => {
    let decoded = 0;
    fc.assert(
      fc.property(random, fc.boolean(), (each, compressed) => {
        const body = mutateBody(commands.REGISTER_BROKER.code, undefined, corpus, each);
        if (!(decodeRegisterBrokerBody(body, compressed) instanceof DecodeError)) decoded += 1;
      }),
    );
    expect(decoded).toBeGreaterThan(5);
  });
});

describe('mutated properties texts', () => {
  it('are scanned as they are parsed', () => {
    const spans = new PropertySpans();
    fc.assert(
      fc.property(random, (each) => {
        const text = Array.from({ length: 1 + each.below(3) }, () => propertiesText(each, corpus.properties)).join('');
        const bytes = Buffer.from(text, 'utf8');
        const parsed = parseProperties(bytes.toString('utf8'));
        scanProperties(bytes, 0, bytes.length, spans);
        for (const [name, slot] of Object.entries(PropertySlot)) {
          expect([name, spans.text(slot, bytes)]).toEqual([name, parsed.get(name)]);
        }
      }),
    );
  });
});
