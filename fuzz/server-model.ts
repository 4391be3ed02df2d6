import { type CommandName, commandNames, commands, isServed } from '../src/codec/commands.ts';
import { AssemblyBudget, FrameDecoder, type FrameParts, splitFrame } from '../src/codec/frame.ts';
import type { HeaderSchema } from '../src/codec/header.ts';
import { type HeaderBinder, headerBinder } from '../src/codec/header-view.ts';
import {
  commandOf,
  FLAG_ONEWAY,
  FLAG_RESPONSE,
  type RemotingCommand,
  scanHeader,
} from '../src/codec/remoting-command.ts';
import { ScannedCommand } from '../src/codec/scanned-command.ts';
import { PullSysFlag } from '../src/codec/sys-flags.ts';

/** A port of a server under test. */
export interface Target {
  readonly server: 'broker' | 'namesrv';
  readonly port: 'main' | 'vip';
}

/**
 * What becomes of a frame. `response`: nobody waits for it. `unsupported`: code 3. `refused`: a required field is
 * missing or not a number. `handled`: a handler gets it.
 */
export type Fate = 'response' | 'unsupported' | 'refused' | 'handled';

/** One frame as the server sees it. */
export interface SeenFrame {
  readonly fate: Fate;
  /** undefined: the server makes one up. */
  readonly opaque: number | undefined;
  /** How many answers it gets: exactly one, none, or one at some time or never (a pull that waits, no end yet). */
  readonly answers: 'one' | 'none' | 'perhaps';
  readonly command: RemotingCommand;
}

/** What a run of bytes did to a connection. */
export interface Effect {
  readonly frames: readonly SeenFrame[];
  /** The server has to close the connection. */
  readonly closes: boolean;
  /** Bytes that are there of a frame that has begun; 0 between frames. */
  readonly pendingBytes: number;
  /** Bytes such a frame says it has; 0 when not even that is known. */
  readonly announcedBytes: number;
}

const TLS_HANDSHAKE = 0x16;
const PREFIX_BYTES = 4;
/** As a server has it for all its connections. */
const PARTIAL_FRAME_BYTES = 268_435_456;
const PULL_MESSAGE = commands.PULL_MESSAGE.code;
const END_TRANSACTION = commands.END_TRANSACTION.code;
/** One for all models: it holds nothing between frames. */
const scratch = new ScannedCommand();

/**
 * What a server has to do with the bytes of one connection, told by the parts of the codec that the server itself is
 * made of. So it checks not the codec but what the server does around it: the right answers, exactly one each, and
 * closing when, and only when, the bytes are no commands.
 */
export class ServerModel {
  readonly #target: Target;
  readonly #budget = new AssemblyBudget(PARTIAL_FRAME_BYTES);
  readonly #decoder = new FrameDecoder(this.#budget);
  readonly #scanned = scratch;
  readonly #parts: FrameParts = { serializeType: 0, headerStart: 0, headerEnd: 0, bodyEnd: 0 };
  #isFresh: boolean;
  #pendingBytes = 0;

  /** `isFresh`: the connection has carried nothing yet. */
  constructor(target: Target, isFresh = true) {
    this.#target = target;
    this.#isFresh = isFresh;
  }

  /** Takes the next bytes of the connection; not to be called again after it said that the server closes. */
  feed(bytes: Buffer): Effect {
    const isTls = this.#isFresh && bytes[0] === TLS_HANDSHAKE;
    if (bytes.length > 0) this.#isFresh = false;
    const frames: SeenFrame[] = [];
    this.#pendingBytes += bytes.length;
    if (isTls) return { frames, closes: true, pendingBytes: 0, announcedBytes: 0 };
    let malformed = false as boolean;
    const problem = this.#decoder.feed(bytes, (frame, start, end) => {
      const seen = this.#see(frame, start, end);
      this.#pendingBytes -= PREFIX_BYTES + end - start;
      if (seen === undefined) malformed = true;
      else frames.push(seen);
      return seen !== undefined;
    });
    const closes = malformed || problem !== undefined;
    return { frames, closes, pendingBytes: this.#pendingBytes, announcedBytes: this.#budget.usedBytes };
  }

  #see(bytes: Buffer, start: number, end: number): SeenFrame | undefined {
    const parts = this.#parts;
    const scanned = this.#scanned;
    if (!splitFrame(bytes, start, end, parts) || !scanHeader(bytes, parts, scanned)) return undefined;
    const fate = this.#fateOf(scanned);
    const body = parts.bodyEnd > parts.headerEnd ? bytes.subarray(parts.headerEnd, parts.bodyEnd) : undefined;
    return {
      fate,
      opaque: scanned.hasOpaque ? scanned.opaque : undefined,
      answers: answersTo(fate, scanned),
      command: commandOf(scanned, body),
    };
  }

  #fateOf(scanned: ScannedCommand): Fate {
    if ((scanned.flag & FLAG_RESPONSE) !== 0) return 'response';
    const name = commandNames.get(scanned.code);
    if (name === undefined || !isServedAt(name, this.#target)) return 'unsupported';
    return binderOf(name).bind(scanned) === undefined ? 'handled' : 'refused';
  }
}

function answersTo(fate: Fate, scanned: ScannedCommand): SeenFrame['answers'] {
  if (fate === 'response') return 'none';
  if (fate === 'unsupported') return 'one';
  if ((scanned.flag & FLAG_ONEWAY) !== 0) return 'none';
  if (fate === 'refused') return 'one';
  const number = (name: string): number => Number.parseInt(scanned.ext(name) ?? '', 10);
  // A producer that does not know yet how its transaction ends is not answered.
  if (scanned.code === END_TRANSACTION) return number('commitOrRollback') === 0 ? 'perhaps' : 'one';
  if (scanned.code !== PULL_MESSAGE) return 'one';
  return (number('sysFlag') & PullSysFlag.FLAG_SUSPEND) === 0 ? 'one' : 'perhaps';
}

function isServedAt(name: CommandName, { server, port }: Target): boolean {
  if (!isServed(name, server)) return false;
  const ports: readonly string[] = commands[name].ports;
  return server !== 'broker' || ports.includes(port);
}

const binders = new Map<CommandName, HeaderBinder<HeaderSchema>>();

function binderOf(name: CommandName): HeaderBinder<HeaderSchema> {
  let binder = binders.get(name);
  if (binder === undefined) {
    binder = headerBinder<HeaderSchema>(commands[name].request);
    binders.set(name, binder);
  }
  return binder;
}
