/** Types between the dispatcher and the handlers; derived from THE TABLE (codec/commands.ts). */
import type { CommandName, Commands, ServedBy, Server } from '../codec/commands.ts';
import type { HeaderInput, HeaderSchema } from '../codec/header.ts';
import type { HeaderView } from '../codec/header-view.ts';
import type { OutputBuffer } from '../codec/output-buffer.ts';
import type { ResponseName } from '../codec/response-codes.ts';
import type { Language } from '../codec/scanned-command.ts';
import type { Ticket } from '../util/ticket.ts';
import type { Connection } from './connection.ts';

/**
 * One request. The object and its header view are reused for the next frame: a handler reads them before its first
 * `await`; what has to live longer is copied (`header.detach()`, `Buffer.from(body)`).
 */
export interface Request<C extends CommandName> {
  readonly command: C;
  readonly header: HeaderView<Commands[C]['request']>;
  readonly connection: Connection;
  /** Bytes behind the header, valid until the handler returns; undefined when there are none. */
  readonly body: Buffer | undefined;
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

/** What a handler answers. The dispatcher adds opaque, language, version and flag. */
export interface Reply<C extends CommandName> {
  readonly code: Commands[C]['replies'][number];
  readonly remark?: string | undefined;
  readonly header?: HeaderInput<Commands[C]['response']>;
  /** One buffer or several that are written behind each other without joining. They belong to the connection now. */
  readonly body?: Buffer | readonly Buffer[] | undefined;
}

/** The handler answers later, through {@link Connection.reply}, or never. */
export const noReply = Symbol('no reply');

/** How a parked reply's ticket ended. */
export type TicketOutcome = 'stored' | 'failed' | 'flush timeout' | 'replication timeout';

/**
 * A reply that waits for the store (house.md §5): kept by the dispatcher in one bounded list until the marks named by
 * the ticket have passed it. Plain data and one method, because there is one per message.
 */
export interface ParkedReply {
  readonly ticket: Ticket;
  /** Appends the whole response frame. */
  write(out: OutputBuffer, opaque: number, outcome: TicketOutcome): void;
}

export type HandlerResult<C extends CommandName> = Reply<C> | ParkedReply | typeof noReply;

/** One request → one reply. Synchronous up to its first await. */
export type Handler<C extends CommandName> = (request: Request<C>) => HandlerResult<C> | Promise<HandlerResult<C>>;

/** The complete handler map of a server: it does not compile with a code missing or too many. */
export type Handlers<S extends Server> = { readonly [C in ServedBy<S>]: Handler<C> };

/** A response that came back for a request of ours. */
export interface Answer<Schema extends HeaderSchema = HeaderSchema> {
  readonly code: number;
  readonly codeName: ResponseName | undefined;
  readonly remark: string | undefined;
  readonly extFields: ReadonlyMap<string, string>;
  readonly body: Buffer | undefined;
  readonly version: number;
  /** Only to carry the schema in the type. */
  readonly schema?: Schema;
}
