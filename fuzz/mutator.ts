import { type CommandName, commandNames, commands } from '../src/codec/commands.ts';
import {
  encodeCommand,
  FLAG_ONEWAY,
  FLAG_RESPONSE,
  JSON_TYPE,
  type RemotingCommand,
  ROCKETMQ_TYPE,
} from '../src/codec/remoting-command.ts';
import { languages } from '../src/codec/scanned-command.ts';
import type { SeededRandom } from '../testing/seeded-random.ts';
import { mutateBody } from './body-mutations.ts';
import { type Corpus, rowOf, type Seed } from './corpus.ts';
import { goodValue, ODD_TEXTS, oddValue, propertiesText } from './dictionary.ts';
import { editRun, flipBits, headerEndOf, mutateFrame, oddInt32, withPrefix } from './frame-mutations.ts';
import { GOOD_BODIES } from './good-bodies.ts';
import { mutateJson } from './json-mutations.ts';
import type { Target } from './server-model.ts';

export const LEVELS = ['frame', 'header', 'field', 'body'] as const;
export type Level = (typeof LEVELS)[number];

/** A mutated frame. `bytes` may hold less or more than one frame. */
export interface Mutant {
  readonly bytes: Buffer;
  readonly level: Level;
  readonly seed: string;
}

/** Share of each level, in hundredths. */
const LEVEL_SHARES: Readonly<Record<Level, number>> = { frame: 20, header: 26, field: 34, body: 20 };
/** Opaques are small and repeat seldom on one connection. */
const OPAQUES = 1 << 20;

/** Makes mutated frames for one target after another, from one stream of random numbers. */
export class Mutator {
  readonly #corpus: Corpus;
  readonly #random: SeededRandom;
  readonly #served: Readonly<Record<'broker' | 'namesrv', readonly (readonly Seed[])[]>>;
  #opaque = 0;

  constructor(corpus: Corpus, random: SeededRandom) {
    this.#corpus = corpus;
    this.#random = random;
    this.#served = { broker: byCode(corpus.served.broker), namesrv: byCode(corpus.served.namesrv) };
  }

  next(target: Target): Mutant {
    const seed = this.#seedFor(target);
    const level = this.#level();
    return { level, seed: seed.name, bytes: this.#mutate(level, seed) };
  }

  #level(): Level {
    let left = this.#random.below(100);
    for (const level of LEVELS) {
      left -= LEVEL_SHARES[level];
      if (left < 0) return level;
    }
    return 'field';
  }

  /** Mostly a request that the target serves, every code as often as any other; else anything of the corpus. */
  #seedFor({ server }: Target): Seed {
    const random = this.#random;
    const byCode = this.#served[server];
    return random.next() < 0.72 ? random.pick(random.pick(byCode)) : random.pick(this.#corpus.seeds);
  }

  #mutate(level: Level, seed: Seed): Buffer {
    const random = this.#random;
    switch (level) {
      case 'frame':
        return mutateFrame(this.#plainFrame(seed), random, this.#plainFrame(random.pick(this.#corpus.seeds)));
      case 'header':
        return this.#mutateHeader(seed);
      case 'field':
        return this.#mutateFields(seed);
      case 'body': {
        const command = this.#refitted(seed.command);
        const body = mutateBody(command.code, command.body, this.#corpus, random);
        return this.#encode({ ...command, body }, seed.serializeType);
      }
    }
  }

  /** As recorded, or with values that fit this broker; the opaque is always a new one. */
  #plainFrame(seed: Seed): Buffer {
    const command = this.#random.next() < 0.5 ? this.#refitted(seed.command) : seed.command;
    return this.#encode(command, seed.serializeType);
  }

  #encode(command: RemotingCommand, serializeType: number): Buffer {
    this.#opaque = (this.#opaque + 1) % OPAQUES;
    const type = this.#random.next() < 0.85 ? serializeType : this.#random.pick([JSON_TYPE, ROCKETMQ_TYPE]);
    return encodeCommand({ ...command, opaque: this.#opaque }, type);
  }

  /** The request with every field of its schema set to a value from real life. */
  #refitted(command: RemotingCommand): RemotingCommand {
    const known = rowOf(command.code);
    if (known === undefined || (command.flag & FLAG_RESPONSE) !== 0) return command;
    const extFields = new Map(command.extFields);
    for (const [name, row] of Object.entries(known.row.request)) {
      extFields.set(row.wire ?? name, goodValue(this.#random, known.name, name));
    }
    const body = GOOD_BODIES[known.name]?.(this.#random) ?? command.body;
    return { ...command, extFields, body };
  }

  #mutateHeader(seed: Seed): Buffer {
    const random = this.#random;
    const frame = this.#plainFrame(seed);
    const end = headerEndOf(frame);
    const header = frame.subarray(8, end);
    let mutated: Buffer;
    if (frame[4] !== JSON_TYPE) mutated = mutateBinaryHeader(header, random);
    else if (random.next() < 0.9) mutated = Buffer.from(mutateJson(header.toString('utf8'), random), 'utf8');
    else mutated = random.next() < 0.5 ? flipBits(header, random, 3) : editRun(header, random);
    return frameOf(frame[4] as number, mutated, frame.subarray(end));
  }

  /** Most fields good, one to three odd; sometimes the fixed fields of the command too. */
  #mutateFields(seed: Seed): Buffer {
    const random = this.#random;
    let command = random.next() < 0.8 ? this.#refitted(seed.command) : seed.command;
    if (random.next() < 0.12) command = this.#oddFixedFields(command);
    const extFields = new Map(command.extFields);
    const rounds = random.pick([0, 1, 1, 1, 2, 3]);
    for (let round = 0; round < rounds; round++) this.#changeField(extFields, command.code);
    return this.#encode({ ...command, extFields }, seed.serializeType);
  }

  #changeField(extFields: Map<string, string>, code: number): void {
    const random = this.#random;
    const names = [...extFields.keys()];
    const name = names.length === 0 ? 'topic' : random.pick(names);
    const what = random.next();
    if (what < 0.1) extFields.delete(name);
    else if (what < 0.16) extFields.set(random.pick(ODD_TEXTS), oddValue(random));
    else if (what < 0.2) for (let more = random.pick([5, 70, 1030]); more > 0; more--) extFields.set(`x${more}`, '1');
    else if (what < 0.3 && isSend(code)) {
      const text = propertiesText(random, this.#corpus.properties);
      extFields.set(code === commands.SEND_MESSAGE.code ? 'properties' : 'i', text);
    } else if (what < 0.36) extFields.set(name, extFields.get(random.pick([...names, name])) ?? '');
    else extFields.set(name, oddValue(random));
  }

  #oddFixedFields(command: RemotingCommand): RemotingCommand {
    const random = this.#random;
    const name = random.pick([...commandNames.values()]) as CommandName;
    switch (random.below(6)) {
      case 0:
        return { ...command, code: commands[name].code };
      case 1:
        return { ...command, code: random.pick([-1, 0, 1, 13, 99, 1023, 1024, 9999, 32_767, -32_768]) };
      case 2:
        return { ...command, flag: random.pick([FLAG_ONEWAY, FLAG_ONEWAY, FLAG_RESPONSE, 3, 4, 0x7fffffff, -1]) };
      case 3:
        return { ...command, version: random.pick([0, -1, 37, 120, 121, 333, 32_767]) };
      case 4:
        return { ...command, language: random.pick(languages), remark: random.pick(ODD_TEXTS) };
      default:
        return { ...command, remark: random.pick(ODD_TEXTS) };
    }
  }
}

function byCode(seeds: readonly Seed[]): Seed[][] {
  const groups = new Map<number, Seed[]>();
  for (const seed of seeds) groups.set(seed.command.code, [...(groups.get(seed.command.code) ?? []), seed]);
  return [...groups.values()];
}

function isSend(code: number): boolean {
  return [commands.SEND_MESSAGE, commands.SEND_MESSAGE_V2, commands.SEND_BATCH_MESSAGE].some(
    (row) => row.code === code,
  );
}

const REMARK_LENGTH_AT = 13;

/** Lengths and fixed fields of the compact header, or any bits of it. */
function mutateBinaryHeader(header: Buffer, random: SeededRandom): Buffer {
  switch (random.below(6)) {
    case 0:
      return oddInt32(header, random, random.pick([0, 3, 5, 9]));
    case 1:
      return oddInt32(header, random, REMARK_LENGTH_AT);
    case 2: {
      const remarkBytes = Math.max(0, header.readInt32BE(REMARK_LENGTH_AT));
      return oddInt32(header, random, REMARK_LENGTH_AT + 4 + remarkBytes + random.pick([0, 0, 4, 6]));
    }
    case 3:
      return editRun(header, random);
    default:
      return flipBits(header, random, 2);
  }
}

function frameOf(serializeType: number, header: Buffer, body: Buffer): Buffer {
  const frame = Buffer.concat([Buffer.alloc(8), header, body]);
  frame.writeUInt32BE(((serializeType << 24) | (header.length & 0xffffff)) >>> 0, 4);
  return withPrefix(frame);
}
