/** What goes back over a connection: answers to requests of the peer, and the peer's answers to ours. */
import type { CommandName, Commands } from '../codec/commands.ts';
import type { HeaderInput, HeaderSchema } from '../codec/header.ts';
import type { OutputBuffer } from '../codec/output-buffer.ts';
import type { ResponseName } from '../codec/response-codes.ts';
import type { Ticket } from '../util/ticket.ts';

/** What a handler answers. The connection adds opaque, language, version and flag. */
export interface Reply<C extends CommandName = CommandName> {
  readonly code: Commands[C]['replies'][number];
  readonly remark?: string | undefined;
  readonly header?: HeaderInput<Commands[C]['response']>;
  /** One buffer or several that are written behind each other without joining. They belong to the connection now. */
  readonly body?: Buffer | readonly Buffer[] | undefined;
}

/** The handler answers later, through Connection#reply, or never. An async handler that gives it names its type. */
export const noReply = Symbol('no reply');
export type NoReply = typeof noReply;

/** How a parked reply's ticket ended. */
export type TicketOutcome = 'stored' | 'failed' | 'flush timeout' | 'replication timeout';

/**
 * A reply that waits for the store: kept by {@link ParkedReplies} in one bounded list until the marks
 * named by the ticket have passed it. Plain data and one method, because there is one per message.
 */
export interface ParkedReply {
  readonly ticket: Ticket;
  /** Appends the whole response frame. */
  write(out: OutputBuffer, opaque: number, outcome: TicketOutcome): void;
}

/**
 * A reply whose bytes lie in memory that the handler uses again: it is written before anything else runs. A synchronous
 * handler's way to answer without an allocation.
 */
export interface WrittenReply {
  /** Appends the whole response frame. Called once, as soon as the handler has returned. */
  writeNow(out: OutputBuffer, opaque: number): void;
}

/** A response that came back for a request of ours. */
export interface Answer<Schema extends HeaderSchema = HeaderSchema> {
  readonly code: number;
  readonly codeName: ResponseName | undefined;
  readonly remark: string | undefined;
  readonly extFields: ReadonlyMap<string, string>;
  /** False when the answer carried no extFields at all, not even empty ones. */
  readonly hasExtFields: boolean;
  readonly body: Buffer | undefined;
  readonly version: number;
  /** Only to carry the schema in the type. */
  readonly schema?: Schema;
}

/** Why a request of ours has no answer. */
export type RemotingProblem = 'connect failed' | 'timeout' | 'closed' | 'too many requests';

/** A request of ours that was not answered. Java: RemotingConnectException, RemotingTimeoutException and their kin. */
export class RemotingError extends Error {
  override readonly name = 'RemotingError';
  readonly problem: RemotingProblem;
  constructor(problem: RemotingProblem, message: string, cause?: unknown) {
    super(message, { cause });
    this.problem = problem;
  }
}
