import { type CommandName, type CommandRow, commands, isServed, type Server } from '../codec/commands.ts';
import { type FrameParts, splitFrame } from '../codec/frame.ts';
import { type HeaderSchema, noHeader } from '../codec/header.ts';
import { type HeaderBinder, headerBinder } from '../codec/header-view.ts';
import { FLAG_ONEWAY, FLAG_RESPONSE, scanHeader } from '../codec/remoting-command.ts';
import { RequestError, type ResponseName } from '../codec/response-codes.ts';
import { ScannedCommand } from '../codec/scanned-command.ts';
import { AssertionError } from '../util/assert.ts';
import type { Clock } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import type { Admission, LaneState } from './admission.ts';
import type { Connection, FrameReceiver } from './connection.ts';
import type { Handlers } from './handler.ts';
import { LogLimit } from './log-limit.ts';
import type { ParkedReplies } from './parked-replies.ts';
import { PoisonedRequest } from './poisoned-request.ts';
import { type NoReply, noReply, type ParkedReply, type Reply, type WrittenReply } from './reply.ts';
import { RequestSlot } from './request-slot.ts';

export interface DispatcherOptions<S extends Server> {
  /** Which rows of THE TABLE are served. */
  readonly server: S;
  readonly port: 'main' | 'vip';
  readonly handlers: Handlers<S> | typeof noHandlers;
  /** Shared by the ports of a server. */
  readonly admission: Admission;
  /** Shared by the ports of a server; the root connects it with the store's marks. */
  readonly parked: ParkedReplies;
  readonly clock: Clock;
  readonly log: Logger;
  /** Debug: every request is read from a copy that is spoilt when the synchronous part of its handler is over. */
  readonly poison?: boolean;
}

/** Of somebody who only asks: every request is answered REQUEST_CODE_NOT_SUPPORTED. */
export const noHandlers: Readonly<Record<string, never>> = {};

type LateResult = Reply | ParkedReply | NoReply;
type AnyResult = LateResult | WrittenReply;
type AnyHandler = (request: RequestSlot) => AnyResult | Promise<LateResult>;

/** One served command: everything its frames need, found by code. */
interface Entry {
  readonly name: CommandName;
  readonly row: CommandRow;
  readonly lane: LaneState;
  readonly handler: AnyHandler;
  /** Compiled at the first request. */
  binder: HeaderBinder<HeaderSchema> | undefined;
}

/**
 * Headers of one client differ in length by a few digits, those of several requests by more: each length, modulo this,
 * has a command of its own, so that what was learned of it lasts (ADR 0021).
 */
const HEADER_FORMS = 8;
/** Request codes beyond this are unknown to everybody. */
const CODES_END = 1024;
const STACKS_PER_SECOND = 10;

/**
 * Code → row → header → admission → handler → response, for all connections of one port; the only catch.
 * Java: NettyRemotingAbstract#processRequestCommand.
 */
export class Dispatcher<S extends Server = Server> implements FrameReceiver {
  readonly server: S;
  readonly port: 'main' | 'vip';
  private readonly entries: readonly (Entry | undefined)[];
  private readonly admission: Admission;
  private readonly parked: ParkedReplies;
  private readonly log: Logger;
  private readonly stacks: LogLimit;
  private readonly parts: FrameParts = { serializeType: 0, headerStart: 0, headerEnd: 0, bodyEnd: 0 };
  private readonly scannedByLength = Array.from({ length: HEADER_FORMS }, () => new ScannedCommand());
  private readonly request: RequestSlot;
  private readonly poison: boolean;

  constructor(options: DispatcherOptions<S>) {
    this.server = options.server;
    this.port = options.port;
    this.admission = options.admission;
    this.parked = options.parked;
    this.log = options.log;
    this.stacks = new LogLimit(options.clock, STACKS_PER_SECOND);
    this.entries = entriesOf(options);
    const unbound = headerBinder<HeaderSchema>(noHeader).view;
    this.request = new RequestSlot(
      this.scannedByLength[0] as ScannedCommand,
      this.parts,
      options.port === 'vip',
      unbound,
    );
    this.poison = options.poison === true;
  }

  onFrame(connection: Connection, bytes: Buffer, start: number, end: number): boolean {
    const { parts } = this;
    if (!splitFrame(bytes, start, end, parts)) return false;
    const form = (parts.headerEnd - parts.headerStart) % HEADER_FORMS;
    const scanned = this.scannedByLength[form] as ScannedCommand;
    if (!scanHeader(bytes, parts, scanned)) return false;
    if ((scanned.flag & FLAG_RESPONSE) !== 0) {
      connection.takeAnswer(scanned, bytes, parts.headerEnd, parts.bodyEnd);
      return true;
    }
    const opaque = scanned.hasOpaque ? scanned.opaque : connection.nextOpaque();
    const code = scanned.code;
    const entry = code >= 0 && code < CODES_END ? this.entries[code] : undefined;
    if (entry === undefined) {
      // Java's servers say nothing at all, and clients wait for their time-out.
      connection.refuse(opaque, 'REQUEST_CODE_NOT_SUPPORTED', ` request type ${code} not supported`);
      return true;
    }
    this.handle(entry, connection, bytes, scanned, opaque);
    return true;
  }

  forget(connection: Connection): void {
    if (this.request.connection === connection) this.request.clear();
  }

  private handle(entry: Entry, connection: Connection, bytes: Buffer, scanned: ScannedCommand, opaque: number): void {
    const oneway = (scanned.flag & FLAG_ONEWAY) !== 0;
    const refusal = this.admission.refusal(entry.lane, connection.arrival);
    if (refusal !== undefined) {
      if (!oneway || refusal.evenOneway) connection.refuse(opaque, 'SYSTEM_BUSY', refusal.remark);
      return;
    }
    const binder = entry.binder ?? compile(entry);
    const problem = binder.bind(scanned);
    if (problem !== undefined) {
      if (!oneway) connection.refuse(opaque, 'SYSTEM_ERROR', problem);
      return;
    }
    const request = this.request;
    request.command = entry.name;
    request.scanned = scanned;
    request.header = binder.view;
    request.connection = connection;
    request.opaque = opaque;
    request.frame = bytes;
    try {
      const result = this.poison ? this.callPoisoned(entry) : entry.handler(request);
      if (result instanceof Promise) this.await(entry, connection, opaque, oneway, result);
      else this.answer(entry, connection, opaque, oneway, result);
    } catch (error) {
      this.fail(entry, connection, opaque, oneway, error);
    }
  }

  /** What a handler answered at last. A oneway request gets nothing. */
  private answer(entry: Entry, connection: Connection, opaque: number, oneway: boolean, result: AnyResult): void {
    if (oneway || result === noReply) return;
    if ('ticket' in result) this.parked.park(connection, opaque, result, entry.lane);
    else if ('writeNow' in result) connection.replyWritten(opaque, result);
    else connection.replyRow(opaque, entry.row, result);
  }

  private await(
    entry: Entry,
    connection: Connection,
    opaque: number,
    oneway: boolean,
    result: Promise<LateResult>,
  ): void {
    entry.lane.inFlight += 1;
    connection.began();
    const ended = (): void => {
      entry.lane.inFlight -= 1;
      connection.ended();
    };
    result
      .then(
        (reply) => {
          ended();
          this.answer(entry, connection, opaque, oneway, reply);
        },
        (error: unknown) => {
          ended();
          this.fail(entry, connection, opaque, oneway, error);
        },
      )
      .catch((error: unknown) => this.fail(entry, connection, opaque, oneway, error));
  }

  /** The one catch: refusals are answered in their own words, anything else briefly, with the stack in the log. */
  private fail(entry: Entry, connection: Connection, opaque: number, oneway: boolean, error: unknown): void {
    if (error instanceof AssertionError) throw error;
    if (error instanceof RequestError) {
      if (!oneway) this.refuseWith(entry, connection, opaque, error.code, error.message);
      return;
    }
    if (this.stacks.allows()) {
      this.log.error({ err: error, command: entry.name, peer: connection.remoteAddress }, 'a handler failed');
    }
    if (!oneway) connection.refuse(opaque, 'SYSTEM_ERROR', shortText(error));
  }

  private refuseWith(entry: Entry, connection: Connection, opaque: number, code: ResponseName, remark: string): void {
    connection.replyRow(opaque, entry.row, { code: code as Reply['code'], remark });
  }

  private callPoisoned(entry: Entry): AnyResult | Promise<LateResult> {
    const poisoned = new PoisonedRequest(this.request);
    try {
      return entry.handler(poisoned.request);
    } finally {
      poisoned.spoil();
    }
  }
}

function entriesOf<S extends Server>(options: DispatcherOptions<S>): (Entry | undefined)[] {
  const entries = new Array<Entry | undefined>(CODES_END).fill(undefined);
  for (const name of Object.keys(options.handlers) as CommandName[]) {
    const row: CommandRow = commands[name];
    if (!isServed(name, options.server)) continue;
    if (options.server === 'broker' && !row.ports.includes(options.port)) continue;
    const handler = (options.handlers as Readonly<Record<string, unknown>>)[name] as AnyHandler;
    entries[row.code] = { name, row, lane: options.admission.lane(row.lane), handler, binder: undefined };
  }
  return entries;
}

function compile(entry: Entry): HeaderBinder<HeaderSchema> {
  const binder = headerBinder(entry.row.request);
  entry.binder = binder;
  return binder;
}

/** Java: RemotingHelper#exceptionSimpleDesc, without the stack element. */
function shortText(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
