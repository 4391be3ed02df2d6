import { connect, type Socket } from 'node:net';
import { AssemblyBudget, FrameDecoder } from '../src/codec/frame.ts';
import { decodeCommand, FLAG_RESPONSE, type RemotingCommand } from '../src/codec/remoting-command.ts';
import type { Effect, Fate, SeenFrame } from './server-model.ts';

const REQUEST_CODE_NOT_SUPPORTED = 3;
const NOT_SUPPORTED = /request type -?\d+ not supported/;
const SUCCESS = 0;
const SYSTEM_ERROR = 1;
const FIELD_REFUSAL = /^field \S+ (missing|not a number)$/;
const CONNECT_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MS = 20_000;
const ANSWER_BYTES = 268_435_456;
/** Key of what was sent without an opaque, no opaque itself: the server makes one up. */
const NO_OPAQUE = Number.MIN_SAFE_INTEGER;

/** What came of a connection, for the report. */
export interface Tally {
  /** Answers by response code. */
  readonly codes: Map<number, number>;
  /** Answers of handlers, of refusals and so on; held pulls that never were answered are not among them. */
  readonly fates: Record<Fate, number>;
  /** Requests of the server to us. */
  pushes: number;
  /** How often a handler answered a request code with SUCCESS. */
  readonly successes: Map<number, number>;
}

/** A request that was sent; one that is not due is a pull that may be held for ever. */
interface Waiting {
  readonly code: number;
  readonly fate: Fate;
  readonly due: boolean;
}

/** The server did something else than the model says. */
export class Mismatch extends Error {
  override readonly name = 'Mismatch';
}

/** One connection to a server under test: sends mutants and holds every answer against what the model expects. */
export class Link {
  readonly #socket: Socket;
  readonly #tally: Tally;
  readonly #decoder = new FrameDecoder(new AssemblyBudget(ANSWER_BYTES));
  /** Fates of the requests that wait, by opaque. */
  readonly #waiting = new Map<number, Waiting[]>();
  /** Answers that have to come. */
  #due = 0;
  #isClosed = false;
  #closing = false;
  #problem: Mismatch | undefined;
  #wake: () => void = () => {};

  private constructor(socket: Socket, tally: Tally) {
    this.#socket = socket;
    this.#tally = tally;
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    // Resets are how a server that drops unread bytes closes.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  static open(port: number, tally: Tally): Promise<Link> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, noDelay: true });
      const failed = (error: Error): void => reject(new Mismatch(`no connection to port ${port}: ${error.message}`));
      socket.setTimeout(CONNECT_TIMEOUT_MS, () => failed(new Error('time is over')));
      socket.once('error', failed);
      socket.once('connect', () => {
        socket.setTimeout(0);
        socket.off('error', failed);
        resolve(new Link(socket, tally));
      });
    });
  }

  /** Sends what a mutant is made of; the effect says what has to come back. */
  send(bytes: Buffer, { frames, closes }: Effect): void {
    for (const frame of frames) this.#expect(frame);
    if (closes) this.#closing = true;
    this.#socket.write(bytes);
  }

  /**
   * Waits until everything that has to come back is here, or the connection is closed if it has to be. Throws Mismatch
   * when that does not happen in time, when an answer is wrong, or when the server closes without a reason.
   */
  async settled(): Promise<void> {
    const deadline = Date.now() + ANSWER_TIMEOUT_MS;
    for (;;) {
      if (this.#problem !== undefined) throw this.#problem;
      if (this.#isClosed && !this.#closing) throw new Mismatch('the server closed the connection without a reason');
      if (this.#closing ? this.#isClosed : this.#due === 0) return;
      const leftMs = deadline - Date.now();
      if (leftMs <= 0) throw new Mismatch(this.#closing ? 'the connection stays open' : this.#missing());
      await this.#nextEvent(leftMs);
    }
  }

  /** Closes from this side; resolves when the socket is gone. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#socket.destroy();
    while (!this.#isClosed) await this.#nextEvent(1000);
  }

  #nextEvent(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #expect({ opaque = NO_OPAQUE, fate, answers, command }: SeenFrame): void {
    if (answers === 'none') return;
    const due = answers === 'one';
    if (due) this.#due += 1;
    const waiting = this.#waiting.get(opaque);
    const request: Waiting = { code: command.code, fate, due };
    if (waiting === undefined) this.#waiting.set(opaque, [request]);
    else waiting.push(request);
  }

  #take(bytes: Buffer): void {
    const problem = this.#decoder.feed(bytes, (frame, start, end) => {
      const command = decodeCommand(frame, start, end);
      if (command === undefined) this.#fail('an answer that is no command');
      else if ((command.flag & FLAG_RESPONSE) === 0) this.#tally.pushes += 1;
      else this.#answered(command);
      return true;
    });
    if (problem !== undefined) this.#fail(`answers that are no frames: ${problem}`);
    this.#wake();
  }

  #answered(answer: RemotingCommand): void {
    this.#tally.codes.set(answer.code, (this.#tally.codes.get(answer.code) ?? 0) + 1);
    const fate = fateOf(answer);
    const found = this.#takeWaiting(answer, (each) => each.fate === fate) ?? this.#takeWaiting(answer, agrees);
    if (found === undefined) {
      this.#fail(`an answer nobody waits for: code ${answer.code}, opaque ${answer.opaque}, ${answer.remark}`);
      return;
    }
    if (found.due) this.#due -= 1;
    this.#tally.fates[found.fate] += 1;
    if (answer.code !== SUCCESS || found.fate !== 'handled') return;
    this.#tally.successes.set(found.code, (this.#tally.successes.get(found.code) ?? 0) + 1);
  }

  /** Takes a request that the answer fits off the lists: one with its opaque, or one that was sent without. */
  #takeWaiting(answer: RemotingCommand, fits: (waiting: Waiting, answer: RemotingCommand) => boolean) {
    for (const key of [answer.opaque, NO_OPAQUE]) {
      const waiting = this.#waiting.get(key) ?? [];
      const at = waiting.findIndex((each) => fits(each, answer));
      if (at < 0) continue;
      const [found] = waiting.splice(at, 1);
      if (waiting.length === 0) this.#waiting.delete(key);
      return found;
    }
    return undefined;
  }

  #fail(what: string): void {
    this.#problem ??= new Mismatch(what);
  }

  #missing(): string {
    const missing = [...this.#waiting].filter(([, all]) => all.some(({ due }) => due));
    const shown = missing.slice(0, 5).map(([opaque, all]) => `${opaque} (${all.map(({ fate }) => fate).join()})`);
    return `${this.#due} answers are missing, opaques ${shown.join(', ')}`;
  }
}

/** What an answer says about where it was made. */
function fateOf({ code, remark }: RemotingCommand): Fate {
  // The accounts' handlers use the code as well, with words of their own.
  if (code === REQUEST_CODE_NOT_SUPPORTED && NOT_SUPPORTED.test(remark ?? '')) return 'unsupported';
  return code === SYSTEM_ERROR && FIELD_REFUSAL.test(remark ?? '') ? 'refused' : 'handled';
}

const SYSTEM_BUSY = 2;

/** A handler may refuse a field in the same words; a busy server says so to anybody. */
function agrees(expected: Waiting, answer: RemotingCommand): boolean {
  return answer.code === SYSTEM_BUSY || (expected.fate === 'handled' && fateOf(answer) === 'refused');
}
