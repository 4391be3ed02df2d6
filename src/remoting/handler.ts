/** Types between the dispatcher and the handlers; derived from THE TABLE (codec/commands.ts). */
import type { CommandName, Commands, ServedBy, Server } from '../codec/commands.ts';
import type { HeaderView } from '../codec/header-view.ts';
import type { Language } from '../codec/scanned-command.ts';
import type { Connection } from './connection.ts';
import type { NoReply, ParkedReply, Reply, WrittenReply } from './reply.ts';

export type { Answer, NoReply, ParkedReply, Reply, TicketOutcome, WrittenReply } from './reply.ts';
export { noReply } from './reply.ts';

/**
 * One request. The object and its header view are reused for the next frame: a handler reads them before its first
 * `await`; what has to live longer is copied (`header.detach()`, `Buffer.from(body)`).
 */
export interface Request<C extends CommandName> {
  readonly command: C;
  readonly header: HeaderView<Commands[C]['request']>;
  readonly connection: Connection;
  /** Bytes behind the header, valid until the handler returns; undefined when there are none. A view made on demand. */
  readonly body: Buffer | undefined;
  /** The same bytes without a view: `bytes[bodyStart, bodyEnd)`; equal positions when there are none. */
  readonly bytes: Buffer;
  readonly bodyStart: number;
  readonly bodyEnd: number;
  readonly opaque: number;
  readonly version: number;
  readonly language: Language | undefined;
  readonly oneway: boolean;
  readonly remark: string | undefined;
  /** True on the VIP port. */
  readonly vip: boolean;
  /** False when the request carried no extFields at all. */
  readonly hasExtFields: boolean;
  /** An extField that is not part of the schema. */
  ext(name: string): string | undefined;
  /** All extFields, copied; for relays. */
  extFields(): Map<string, string>;
}

/** What a handler may answer after it has waited for something. */
export type LateResult<C extends CommandName> = Reply<C> | ParkedReply | NoReply;
/** What a handler may answer at once. */
export type HandlerResult<C extends CommandName> = LateResult<C> | WrittenReply;

/** One request → one reply. Synchronous up to its first await. */
export type Handler<C extends CommandName> = (request: Request<C>) => HandlerResult<C> | Promise<LateResult<C>>;

/** The complete handler map of a server: it does not compile with a code missing or too many. */
export type Handlers<S extends Server> = { readonly [C in ServedBy<S>]: Handler<C> };
