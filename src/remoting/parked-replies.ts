import type { Clock, Timer } from '../util/clock.ts';
import { type Marks, NEEDS_FLUSHED, NEEDS_REPLICATED } from '../util/ticket.ts';
import type { LaneState } from './admission.ts';
import type { Connection } from './connection.ts';
import type { LoopTurn } from './loop-turn.ts';
import type { ParkedReply, TicketOutcome } from './reply.ts';

/** How often deadlines are looked at while any reply has one. */
const DEADLINE_CHECK_MS = 50;

/**
 * Replies that wait for the store, in the order of their records. Everything waits for the written mark first; what
 * needs more then waits in the list of its needs, each again in the order of the records, so that every release looks
 * only at what it releases. Bounded by the capacities of the lanes. Java: SendMessageProcessor#handlePutMessageResult.
 */
export class ParkedReplies {
  readonly #clock: Clock;
  readonly #turn: LoopTurn;
  readonly #written = new ReplyRing();
  /** By needs: flushed (1), replicated (2), both (3). */
  readonly #durable = [new ReplyRing(), new ReplyRing(), new ReplyRing(), new ReplyRing()] as const;
  #writtenEnd = 0;
  #flushed = 0;
  #replicated = 0;
  #headSinceMs = 0;
  #timer: Timer | undefined;

  constructor(parts: { readonly clock: Clock; readonly turn: LoopTurn }) {
    this.#clock = parts.clock;
    this.#turn = parts.turn;
  }

  /** Replies that wait. */
  get size(): number {
    return this.#written.size + this.#waitingForDurability;
  }

  /** How long the oldest reply had waited for the written mark at a monotonic time, at least. */
  headWaitMs(nowMs: number): number {
    return this.#written.size === 0 ? 0 : nowMs - this.#headSinceMs;
  }

  /** Keeps a reply until {@link release}. The lane and the connection count it as in flight. */
  park(connection: Connection, opaque: number, reply: ParkedReply, lane: LaneState): void {
    if (this.#written.size === 0) this.#headSinceMs = this.#clock.monotonicMs();
    lane.inFlight += 1;
    connection.began();
    this.#written.push(connection, opaque, reply, lane);
    if (reply.ticket.endOffset > this.#writtenEnd && !reply.ticket.failed) return;
    // The store wrote inside the put: no later mark may ever come for this record.
    this.#releaseWritten();
    this.#turn.flush();
  }

  /** The store's marks moved, or a write failed: writes every reply they release, one socket write per connection. */
  release(marks: Marks): void {
    this.#writtenEnd = marks.written;
    this.#flushed = marks.flushed;
    this.#replicated = marks.replicated;
    this.#releaseWritten();
    if (this.#waitingForDurability > 0) this.#releaseDurable();
    this.#turn.flush();
  }

  get #waitingForDurability(): number {
    return this.#durable[1].size + this.#durable[2].size + this.#durable[3].size;
  }

  #releaseWritten(): void {
    const ring = this.#written;
    while (ring.size > 0) {
      const ticket = ring.headReply.ticket;
      if (ticket.failed) this.#finish(ring, 'failed');
      else if (ticket.endOffset > this.#writtenEnd) break;
      else if (this.#unmet(ticket.needs, ticket.endOffset) === 0) this.#finish(ring, 'stored');
      else {
        ring.moveHeadTo(this.#durable[ticket.needs & 3] as ReplyRing);
        this.#watchDeadlines();
      }
    }
    if (ring.size > 0) this.#headSinceMs = this.#clock.monotonicMs();
  }

  #releaseDurable(): void {
    for (let needs = 1; needs <= 3; needs++) {
      const ring = this.#durable[needs] as ReplyRing;
      while (ring.size > 0 && this.#unmet(needs, ring.headReply.ticket.endOffset) === 0) this.#finish(ring, 'stored');
    }
  }

  /** The bits of `needs` whose mark has not passed `endOffset`. */
  #unmet(needs: number, endOffset: number): number {
    let unmet = 0;
    if ((needs & NEEDS_FLUSHED) !== 0 && endOffset > this.#flushed) unmet |= NEEDS_FLUSHED;
    if ((needs & NEEDS_REPLICATED) !== 0 && endOffset > this.#replicated) unmet |= NEEDS_REPLICATED;
    return unmet;
  }

  /** Takes the head out of its list and writes its reply. */
  #finish(ring: ReplyRing, outcome: TicketOutcome): void {
    const connection = ring.headConnection;
    const reply = ring.headReply;
    const opaque = ring.headOpaque;
    ring.headLane.inFlight -= 1;
    ring.shift();
    connection.ended();
    if (!connection.isOpen) return;
    const out = connection.output();
    const before = out.length;
    try {
      reply.write(out, opaque, outcome);
    } catch (error) {
      connection.couldNotWrite(opaque, before, error);
      return;
    }
    connection.wroteForTurn();
  }

  #watchDeadlines(): void {
    if (this.#timer !== undefined) return;
    this.#timer = this.#clock.setTimeout(() => this.#expire(), DEADLINE_CHECK_MS);
  }

  /** Deadlines follow the order of the records within a list, so only heads are looked at. */
  #expire(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.monotonicMs();
    for (let needs = 1; needs <= 3; needs++) {
      const ring = this.#durable[needs] as ReplyRing;
      while (ring.size > 0) {
        const { deadlineMs, endOffset } = ring.headReply.ticket;
        if (deadlineMs > nowMs) break;
        const unmet = this.#unmet(needs, endOffset);
        this.#finish(ring, (unmet & NEEDS_FLUSHED) !== 0 ? 'flush timeout' : 'replication timeout');
      }
    }
    if (this.#waitingForDurability > 0) this.#watchDeadlines();
    this.#turn.flush();
  }
}

const FIRST_RING_SIZE = 256;

/** A growing ring of parked replies, field by field, so that parking allocates nothing. Its size is a power of two. */
class ReplyRing {
  size = 0;
  #head = 0;
  #mask = FIRST_RING_SIZE - 1;
  #connections = new Array<Connection | undefined>(FIRST_RING_SIZE).fill(undefined);
  #replies = new Array<ParkedReply | undefined>(FIRST_RING_SIZE).fill(undefined);
  #lanes = new Array<LaneState | undefined>(FIRST_RING_SIZE).fill(undefined);
  #opaques = new Int32Array(FIRST_RING_SIZE);

  get headConnection(): Connection {
    return this.#connections[this.#head] as Connection;
  }

  get headReply(): ParkedReply {
    return this.#replies[this.#head] as ParkedReply;
  }

  get headLane(): LaneState {
    return this.#lanes[this.#head] as LaneState;
  }

  get headOpaque(): number {
    return this.#opaques[this.#head] as number;
  }

  push(connection: Connection, opaque: number, reply: ParkedReply, lane: LaneState): void {
    if (this.size > this.#mask) this.#grow();
    const at = (this.#head + this.size) & this.#mask;
    this.#connections[at] = connection;
    this.#replies[at] = reply;
    this.#lanes[at] = lane;
    this.#opaques[at] = opaque;
    this.size += 1;
  }

  shift(): void {
    const at = this.#head;
    this.#connections[at] = undefined;
    this.#replies[at] = undefined;
    this.#lanes[at] = undefined;
    this.#head = (at + 1) & this.#mask;
    this.size -= 1;
  }

  moveHeadTo(other: ReplyRing): void {
    other.push(this.headConnection, this.headOpaque, this.headReply, this.headLane);
    this.shift();
  }

  #grow(): void {
    const size = this.#mask + 1;
    this.#connections = unrolled(this.#connections, this.#head);
    this.#replies = unrolled(this.#replies, this.#head);
    this.#lanes = unrolled(this.#lanes, this.#head);
    const opaques = new Int32Array(size * 2);
    for (let i = 0; i < size; i++) opaques[i] = this.#opaques[(this.#head + i) & this.#mask] as number;
    this.#opaques = opaques;
    this.#head = 0;
    this.#mask = size * 2 - 1;
  }
}

/** The full ring `items` from `head` on, at the start of an array of twice its size. */
function unrolled<T>(items: (T | undefined)[], head: number): (T | undefined)[] {
  const out = new Array<T | undefined>(items.length * 2).fill(undefined);
  for (let i = 0; i < items.length; i++) out[i] = items[(head + i) & (items.length - 1)];
  return out;
}
