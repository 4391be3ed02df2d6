import { deflateSync } from 'node:zlib';
import { commands } from '../src/codec/commands.ts';
import type { SeededRandom } from '../testing/seeded-random.ts';
import type { Corpus } from './corpus.ts';
import { editRun, flipBits, oddInt32 } from './frame-mutations.ts';
import { batchBody, registrationBody } from './good-bodies.ts';
import { mutateJson } from './json-mutations.ts';

const { REGISTER_BROKER, SEND_BATCH_MESSAGE, HEART_BEAT, LOCK_BATCH_MQ, UNLOCK_BATCH_MQ, CHECK_CLIENT_CONFIG } =
  commands;
const JSON_BODIES: ReadonlySet<number> = new Set(
  [HEART_BEAT, LOCK_BATCH_MQ, UNLOCK_BATCH_MQ, CHECK_CLIENT_CONFIG, commands.QUERY_DATA_VERSION].map(
    ({ code }) => code,
  ),
);

/** Bytes of a batch member before its body: total size, magic, CRC, flag, body length. */
const MEMBER_BODY_LENGTH_AT = 16;
const EMPTY_REGISTRATIONS = [0, 3, 100_000].map((length) => deflateSync(Buffer.alloc(length)));
/** Unfolds to more than the bound on registrations. */
const BOMBS = [deflateSync(Buffer.alloc(40_000_000))];
const BIG_BODY_BYTES = [1024, 65_536, 300_000];

/** A body for a request of this code: what it should be, damaged; or something else altogether. */
export function mutateBody(code: number, body: Buffer | undefined, corpus: Corpus, random: SeededRandom): Buffer {
  const kind = random.next();
  if (kind < 0.08) return random.pick(corpus.bodies);
  if (kind < 0.1) return Buffer.alloc(random.pick(BIG_BODY_BYTES), random.below(256));
  if (code === REGISTER_BROKER.code) return mutateRegistration(random);
  if (code === SEND_BATCH_MESSAGE.code || (code === commands.SEND_MESSAGE_V2.code && random.next() < 0.2)) {
    return mutateBatch(corpus, random);
  }
  const known = body ?? random.pick(corpus.bodies);
  if (JSON_BODIES.has(code)) {
    const text = isJson(known) ? known.toString('utf8') : jsonBody(corpus, random);
    return Buffer.from(mutateJson(text, random), 'utf8');
  }
  if (isJson(known) && random.next() < 0.7) return Buffer.from(mutateJson(known.toString('utf8'), random), 'utf8');
  return mutateBytes(known, random);
}

function mutateBytes(bytes: Buffer, random: SeededRandom): Buffer {
  switch (random.below(5)) {
    case 0:
      return flipBits(bytes, random, 16);
    case 1:
      return editRun(bytes, random);
    case 2:
      return oddInt32(bytes, random, 4 * random.below(Math.max(1, bytes.length >> 2)));
    case 3:
      return bytes.subarray(0, random.below(bytes.length + 1));
    default:
      return Buffer.alloc(0);
  }
}

function isJson(bytes: Buffer): boolean {
  return bytes[0] === 0x7b || bytes[0] === 0x5b;
}

function jsonBody(corpus: Corpus, random: SeededRandom): string {
  for (let tries = 0; tries < 20; tries++) {
    const body = random.pick(corpus.bodies);
    if (isJson(body)) return body.toString('utf8');
  }
  return '{}';
}

function mutateBatch(corpus: Corpus, random: SeededRandom): Buffer {
  const batch = batchBody(random, random.pick([0, 1, 2, 3, 20, 300]), corpus.properties);
  if (random.next() < 0.35) return batch;
  if (random.next() < 0.4) return oddInt32(batch, random, MEMBER_BODY_LENGTH_AT);
  return mutateBytes(batch, random);
}

function mutateRegistration(random: SeededRandom): Buffer {
  switch (random.below(6)) {
    case 0:
      return registrationBody(random, true);
    case 1:
      return registrationBody(random, false);
    case 2:
      return mutateBytes(registrationBody(random, true), random);
    case 3:
      // Damaged before it is compressed, so that what is inside is looked at.
      return deflateSync(damagedParts(random));
    case 4:
      return random.pick(random.next() < 0.05 ? BOMBS : EMPTY_REGISTRATIONS);
    default:
      return Buffer.from(mutateJson(registrationBody(random, false).toString('utf8'), random), 'utf8');
  }
}

/** The parts of a compressed registration, each with its length, one of them wrong. */
function damagedParts(random: SeededRandom): Buffer {
  const parts = [
    '{"counter":1,"timestamp":1795354620000}',
    'FuzzTopic1 4 4 6 SINGLE_TAG',
    random.pick(['FuzzTopic2 4 4', '../x 4 4 6 SINGLE_TAG', ' 4 4 6 SINGLE_TAG', 'a b c d e', 'T 1 1 6 NO_TAG', '']),
    '[]',
  ].map((text) => {
    const bytes = Buffer.from(random.next() < 0.2 ? mutateJson(text, random) : text, 'utf8');
    const length = Buffer.alloc(4);
    length.writeInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  });
  const count = Buffer.alloc(4);
  count.writeInt32BE(random.pick([2, 2, 1, 0, -1, 3, 0x7fffffff]));
  const bytes = Buffer.concat([parts[0] as Buffer, count, ...parts.slice(1)]);
  return random.next() < 0.5 ? bytes : mutateBytes(bytes, random);
}
