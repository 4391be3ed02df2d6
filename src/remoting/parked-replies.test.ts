import { beforeEach, describe, expect, it } from 'vitest';
import { type FrameClient, RemotingFixture } from '../../testing/remoting-fixture.ts';
import type { SimSocket } from '../../testing/sim-network.ts';
import { FLAG_RESPONSE, JSON_TYPE, writeCommand } from '../codec/remoting-command.ts';
import { NEEDS_FLUSHED, NEEDS_REPLICATED, type Ticket } from '../util/ticket.ts';
import type { ParkedReply } from './handler.ts';

const OUTCOMES = { stored: 0, failed: 14, 'flush timeout': 10, 'replication timeout': 12 } as const;

/** A ticket whose reply carries the outcome as its code. */
function parked(ticket: Ticket): ParkedReply {
  return {
    ticket,
    write(out, opaque, outcome) {
      if (ticket.endOffset === 666) {
        out.int32(1);
        throw new RangeError('broken reply');
      }
      writeCommand({ code: OUTCOMES[outcome], version: 333, opaque, flag: FLAG_RESPONSE }, JSON_TYPE, out);
    },
  };
}

describe('ParkedReplies', () => {
  let tickets: Ticket[];
  let fixture: RemotingFixture;
  let client: FrameClient<SimSocket>;

  beforeEach(async () => {
    tickets = [];
    fixture = await RemotingFixture.start({
      handlers: {
        HEART_BEAT: (request) => {
          const [endOffset = 0, needs = 0, deadlineMs = 0] = String(request.body).split(' ').map(Number);
          const ticket = { endOffset, needs, deadlineMs, failed: false };
          tickets.push(ticket);
          return parked(ticket) as never;
        },
      },
    });
    client = await fixture.client();
  });

  /** Sends one request whose ticket is `endOffset needs deadlineMs`. */
  async function send(endOffset: number, needs = 0, deadlineMs = 0, from = client): Promise<void> {
    from.request(34, {}, { body: Buffer.from(`${endOffset} ${needs} ${deadlineMs}`) });
    await fixture.settle();
  }

  async function release(written: number, flushed = 0, replicated = 0): Promise<void> {
    fixture.parked.release({ written, flushed, replicated });
    await fixture.settle();
  }

  const codes = (from = client): number[] => from.received.map((answer) => answer.code);
  const opaques = (from = client): number[] => from.received.map((answer) => answer.opaque);

  it('writes nothing before the written mark has passed the record', async () => {
    await send(100);
    await release(99);
    expect([client.received.length, fixture.parked.size]).toEqual([0, 1]);
    await release(100);
    expect([codes(), fixture.parked.size]).toEqual([[0], 0]);
  });

  it('answers at once when the store wrote inside the put', async () => {
    await release(100, 50, 0);
    await send(100);
    expect([codes(), fixture.parked.size]).toEqual([[0], 0]);
    await send(100, NEEDS_FLUSHED);
    expect([codes(), fixture.parked.size]).toEqual([[0], 1]);
    await release(100, 100, 0);
    expect([codes(), fixture.parked.size]).toEqual([[0, 0], 0]);
  });

  it('releases in the order of the records, each connection with one write', async () => {
    const other = await fixture.client();
    for (let i = 1; i <= 6; i++) await send(i * 10, 0, 0, i % 2 === 0 ? other : client);
    const before = [client.socket.peer?.writes, other.socket.peer?.writes];
    await release(45);
    expect([opaques(), opaques(other)]).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect([client.socket.peer?.writes, other.socket.peer?.writes]).toEqual(before.map((count = 0) => count + 1));
    await release(1000);
    expect([opaques(), opaques(other)]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  it('waits for every mark that a ticket names', async () => {
    await send(10, NEEDS_FLUSHED);
    await send(20, NEEDS_REPLICATED);
    await send(30, NEEDS_FLUSHED | NEEDS_REPLICATED);
    await send(40);
    await release(40);
    expect(opaques()).toEqual([4]);
    await release(40, 40, 0);
    expect(opaques()).toEqual([4, 1]);
    await release(40, 40, 20);
    expect(opaques()).toEqual([4, 1, 2]);
    await release(40, 40, 30);
    expect([opaques(), codes(), fixture.parked.size]).toEqual([[4, 1, 2, 3], [0, 0, 0, 0], 0]);
  });

  it('answers at once when the marks a ticket needs are there already', async () => {
    await send(10, NEEDS_FLUSHED | NEEDS_REPLICATED);
    await release(10, 10, 10);
    expect(codes()).toEqual([0]);
    expect(fixture.clock.pendingTimers).toBe(1);
  });

  it('answers after the deadline with what is missing', async () => {
    const deadlineMs = fixture.clock.monotonicMs() + 5000;
    await send(10, NEEDS_FLUSHED, deadlineMs);
    await send(20, NEEDS_REPLICATED, deadlineMs);
    await send(30, NEEDS_FLUSHED | NEEDS_REPLICATED, deadlineMs);
    await send(40, NEEDS_FLUSHED | NEEDS_REPLICATED, deadlineMs);
    await release(40, 5, 5);
    await fixture.clock.advanceAsync(4999);
    expect(codes()).toEqual([]);
    await release(40, 30, 5);
    expect(codes()).toEqual([0]);
    await fixture.clock.advanceAsync(100);
    await fixture.settle();
    expect(new Map(client.received.map((answer) => [answer.opaque, answer.code]))).toEqual(
      new Map([
        [1, 0],
        [2, 12],
        [3, 12],
        [4, 10],
      ]),
    );
    expect([fixture.parked.size, fixture.clock.pendingTimers]).toEqual([0, 1]);
  });

  it('answers a failed write, and goes on with positions given out again', async () => {
    await send(10);
    await send(20);
    for (const ticket of tickets) ticket.failed = true;
    await release(0);
    expect(codes()).toEqual([14, 14]);
    await send(10);
    await release(10);
    expect(codes()).toEqual([14, 14, 0]);
  });

  it('drops the replies of a closed connection and still counts them off', async () => {
    const other = await fixture.client();
    await send(10);
    await send(20, 0, 0, other);
    client.socket.destroy();
    await fixture.settle();
    await release(20);
    expect([codes(other), fixture.parked.size, fixture.admission.lane('heartbeat').inFlight]).toEqual([[0], 0, 0]);
  });

  it('keeps a broken reply from harming the others', async () => {
    await send(10);
    await send(666);
    await send(667);
    await release(1000);
    expect(codes()).toEqual([0, 1, 0]);
    expect(client.received[1]?.remark).toBe('RangeError: broken reply');
    expect(fixture.log.lines.filter((line) => line.level === 'error')).toHaveLength(1);
  });

  it('holds many more than it starts with, over partial releases', async () => {
    let end = 0;
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 300; i++) client.request(34, {}, { body: Buffer.from(String(++end)) });
      await fixture.settle();
      await release(end - 100);
    }
    await release(end);
    expect(opaques()).toEqual(Array.from({ length: 1500 }, (_, at) => at + 1));
  });

  it('says how long the head has waited', async () => {
    expect(fixture.parked.headWaitMs(fixture.clock.monotonicMs())).toBe(0);
    await send(10);
    fixture.clock.advance(250);
    expect(fixture.parked.headWaitMs(fixture.clock.monotonicMs())).toBe(250);
    await release(10);
    expect(fixture.parked.headWaitMs(fixture.clock.monotonicMs())).toBe(0);
  });

  it('parks nothing for a oneway request', async () => {
    client.oneway(34);
    await fixture.settle();
    expect([tickets.length, fixture.parked.size]).toEqual([1, 0]);
  });
});
