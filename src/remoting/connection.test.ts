import { describe, expect, it } from 'vitest';
import { type FrameClient, RemotingFixture, requestCommand } from '../../testing/remoting-fixture.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import type { SimSocket } from '../../testing/sim-network.ts';
import { encodeCommand, FLAG_ONEWAY, FLAG_RESPONSE } from '../codec/remoting-command.ts';
import { type Handler, noReply } from './handler.ts';
import { RemotingError } from './reply.ts';

const GET_MAX_OFFSET = 30;
const QUEUE = { topic: 'T', queueId: '3' };

type MaxOffset = Handler<'GET_MAX_OFFSET'>;
const echo: MaxOffset = (request) => ({ code: 'SUCCESS', header: { offset: request.header.queueId } });

function started(handler: MaxOffset, options: Parameters<typeof RemotingFixture.start>[0] = {}) {
  return RemotingFixture.start({ handlers: { GET_MAX_OFFSET: handler }, ...options });
}

/** Requests with queue ids 0 … count − 1, as one run of bytes. */
function frames(count: number, body?: Buffer): Buffer {
  return Buffer.concat(
    Array.from({ length: count }, (_, at) =>
      encodeCommand(requestCommand(GET_MAX_OFFSET, { topic: 'T', queueId: String(at) }, { opaque: at, body })),
    ),
  );
}

function offsets(client: FrameClient): number[] {
  return client.received.map((answer) => Number(answer.extFields?.get('offset')));
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

describe('Connection: frames in', () => {
  it.each([
    ['byte by byte', () => 1],
    ['in random cuts', seededCuts(7)],
    ['in one chunk', (bytes: number) => bytes],
  ])('handles frames that come %s', async (_how, cut) => {
    const fixture = await started(echo, { network: { cut } });
    const client = await fixture.client();
    client.socket.write(frames(50, Buffer.from('some body')));
    await fixture.settle();
    expect(offsets(client)).toEqual(upTo(50));
  });

  it('answers all frames of a chunk with one write', async () => {
    const fixture = await started(echo);
    const client = await fixture.client();
    client.socket.write(frames(50));
    await fixture.settle();
    expect(client.socket.peer?.writes).toBe(1);
    expect(client.received).toHaveLength(50);
  });

  it('handles no more than its share per turn, keeps the rest, and loses nothing', async () => {
    let handled = 0;
    const afterTurns: number[] = [];
    let isWatching = false;
    const watch = (): void => {
      isWatching = false;
      afterTurns.push(handled);
    };
    const fixture: RemotingFixture = await started(
      (request) => {
        if (!isWatching) fixture.clock.atTurnEnd(watch);
        isWatching = true;
        handled += 1;
        return echo(request);
      },
      { limits: { framesPerTurn: 8 } },
    );
    const client = await fixture.client();
    const server = client.socket.peer as SimSocket;
    client.socket.write(frames(50));
    await fixture.settle();
    expect(afterTurns).toEqual([8, 16, 24, 32, 40, 48, 50]);
    expect(offsets(client)).toEqual(upTo(50));
    expect(server.isPaused).toBe(false);
    client.socket.write(frames(3));
    await fixture.settle();
    expect(client.received).toHaveLength(53);
  });

  it('counts bytes towards the share too', async () => {
    let handled = 0;
    let first = 0;
    const fixture: RemotingFixture = await started(
      () => {
        if (handled++ === 0)
          fixture.clock.atTurnEnd(() => {
            first = handled;
          });
        return noReply;
      },
      { limits: { bytesPerTurn: 2500 } },
    );
    const client = await fixture.client();
    client.socket.write(frames(10, Buffer.alloc(1000)));
    await fixture.settle();
    expect([first, handled]).toEqual([3, 10]);
  });

  it('closes a connection that announces too large or negative a frame, without an answer', async () => {
    const fixture = await started(echo);
    for (const length of [16_777_216 - 3, -1, -0x8000_0000]) {
      const client = await fixture.client();
      const prefix = Buffer.alloc(4);
      prefix.writeInt32BE(length);
      client.socket.write(prefix);
      await fixture.settle();
      expect([client.closed, client.received.length]).toEqual(['closed by peer', 0]);
    }
  });

  it('closes a connection when half frames of all hold too much, and takes it back when they close', async () => {
    const fixture = await started(echo, { partialFrameBytes: 1000 });
    const half = Buffer.alloc(100);
    half.writeInt32BE(600);
    const first = await fixture.client();
    first.socket.write(half);
    const second = await fixture.client();
    second.socket.write(half);
    await fixture.settle();
    expect([first.closed, second.closed]).toEqual([undefined, 'closed by peer']);
    first.socket.destroy();
    const third = await fixture.client();
    await fixture.settle();
    third.socket.write(half);
    await fixture.settle();
    expect(third.closed).toBeUndefined();
  });

  it('closes a connection that begins with a TLS handshake and says so once', async () => {
    const fixture = await started(echo);
    const client = await fixture.client();
    client.socket.write(Buffer.from([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0]));
    await fixture.settle();
    expect(client.closed).toBe('closed by peer');
    expect(fixture.log.lines.filter((line) => line.level === 'info' && line.text.includes('TLS'))).toHaveLength(1);
  });
});

describe('Connection: lines about peers', () => {
  it('writes ten a second at most, however many peers send nonsense', async () => {
    const fixture = await started(echo);
    for (let i = 0; i < 25; i++) (await fixture.client()).socket.write(Buffer.alloc(8, 0xff));
    await fixture.settle();
    expect(fixture.server.connections.size).toBe(0);
    expect(fixture.log.lines.filter((line) => line.level === 'info')).toHaveLength(10);
  });
});

describe('Connection: frames out', () => {
  it('writes long pieces of a body as they are and short ones joined, in order', async () => {
    const pieces = [Buffer.alloc(10, 1), Buffer.alloc(20_000, 2), Buffer.alloc(9000, 3), Buffer.alloc(5, 4)];
    const fixture = await started(() => ({ code: 'SUCCESS', header: { offset: 1 }, body: pieces }), {
      network: { windowBytes: 200_000 },
    });
    const client = await fixture.client();
    client.socket.write(frames(3));
    await fixture.settle();
    expect(client.received).toHaveLength(3);
    for (const answer of client.received) expect(answer.body?.equals(Buffer.concat(pieces))).toBe(true);
    expect(client.socket.peer?.writes).toBe(1);
  });

  it('sends before the turn ends what grew too long', async () => {
    const body = Buffer.alloc(50_000);
    const fixture = await started(() => ({ code: 'SUCCESS', header: { offset: 1 }, body }), {
      network: { windowBytes: 4_000_000 },
    });
    const client = await fixture.client();
    client.socket.write(frames(6));
    await fixture.settle();
    expect(client.received).toHaveLength(6);
    expect(client.socket.peer?.writes).toBe(2);
  });

  it('does not touch a buffer that the kernel has not taken', async () => {
    const fixture = await started(echo, { network: { windowBytes: 300 } });
    const slow = await fixture.client();
    const fast = await fixture.client();
    slow.socket.pause();
    slow.socket.write(frames(5));
    await fixture.settle();
    expect(slow.socket.peer?.unsentBytes).toBeGreaterThan(0);
    for (let i = 0; i < 5; i++) {
      fast.socket.write(frames(1));
      await fixture.settle();
    }
    slow.socket.resume();
    await fixture.settle();
    expect(offsets(slow)).toEqual(upTo(5));
    expect(offsets(fast)).toEqual([0, 0, 0, 0, 0]);
  });

  it('reads nothing while too much is unsent, and goes on when it drained', async () => {
    let handled = 0;
    const fixture = await started(
      (request) => {
        handled += 1;
        return echo(request);
      },
      { network: { windowBytes: 20_000 }, limits: { pauseUnsentBytes: 2000, framesPerTurn: 50 } },
    );
    const client = await fixture.client();
    client.socket.pause();
    client.socket.write(frames(800));
    await fixture.settle();
    const handledWhilePaused = handled;
    expect(handledWhilePaused).toBeLessThan(400);
    expect(fixture.connection.isWritable).toBe(false);
    expect(fixture.connection.oneway('NOTIFY_CONSUMER_IDS_CHANGED', { consumerGroup: 'g' }, undefined)).toBe(false);
    await fixture.settle();
    expect(handled).toBe(handledWhilePaused);
    client.socket.resume();
    await fixture.settle();
    expect(offsets(client)).toEqual(upTo(800));
    expect(fixture.connection.isWritable).toBe(true);
  });

  it('closes a connection whose unsent output passes the last bound', async () => {
    const fixture = await started(echo, {
      network: { windowBytes: 500 },
      limits: { pauseUnsentBytes: 1000, mostUnsentBytes: 3000, framesPerTurn: 1 },
    });
    const client = await fixture.client();
    client.socket.pause();
    const { connection } = fixture;
    for (let i = 0; i < 40; i++) {
      connection.reply(i, 'GET_MAX_OFFSET', { code: 'SUCCESS', header: { offset: i } });
      connection.flush();
    }
    await fixture.settle();
    expect(connection.isOpen).toBe(false);
  });

  it('reads nothing while too many requests wait for their reply', async () => {
    const settle: (() => void)[] = [];
    const fixture = await started(
      () =>
        new Promise((resolve) => {
          settle.push(() => resolve({ code: 'SUCCESS', header: { offset: settle.length } }));
        }),
      { limits: { mostInFlight: 10 } },
    );
    const client = await fixture.client();
    client.socket.write(frames(25));
    await fixture.settle();
    expect([settle.length, client.socket.peer?.isPaused]).toEqual([10, true]);
    for (const one of settle.splice(0, 4)) one();
    await fixture.settle();
    expect([settle.length, fixture.connection.inFlight]).toEqual([6, 6]);
    settle.shift()?.();
    await fixture.settle();
    expect(fixture.connection.inFlight).toBe(10);
    for (let i = 0; i < 5; i++) {
      for (const one of settle.splice(0)) one();
      await fixture.settle();
    }
    expect([client.received.length, client.socket.peer?.isPaused]).toEqual([25, false]);
  });
});

describe('Connection: requests of ours', () => {
  async function asked(timeoutMs = 1000) {
    const fixture = await started(echo);
    const client = await fixture.client();
    const { connection } = fixture;
    const answered = connection.request('CHECK_TRANSACTION_STATE', CHECK, Buffer.from('record'), timeoutMs);
    const outcome = answered.then(
      (answer) => answer,
      (error: unknown) => error as RemotingError,
    );
    await fixture.settle();
    return { fixture, client, connection, outcome };
  }
  const CHECK = { tranStateTableOffset: 5, commitLogOffset: 6, msgId: 'm' };

  it('sends header and body and settles with the answer', async () => {
    const { fixture, client, outcome } = await asked();
    expect(client.only).toMatchObject({
      code: 39,
      flag: 0,
      version: 333,
      language: 'JAVA',
      body: Buffer.from('record'),
    });
    expect(client.only.extFields).toEqual(
      new Map([
        ['tranStateTableOffset', '5'],
        ['commitLogOffset', '6'],
        ['msgId', 'm'],
      ]),
    );
    const extFields = new Map([['k', 'v']]);
    const body = Buffer.from('state');
    const answer = {
      code: 17,
      version: 300,
      opaque: client.only.opaque,
      flag: FLAG_RESPONSE,
      remark: 'r',
      extFields,
      body,
    };
    client.socket.write(encodeCommand(answer));
    await fixture.settle();
    const hasExtFields = true;
    const expected = {
      code: 17,
      codeName: 'TOPIC_NOT_EXIST',
      remark: 'r',
      version: 300,
      extFields,
      hasExtFields,
      body,
    };
    expect(await outcome).toEqual(expected);
  });

  it('never takes a request of the peer for an answer, whatever its opaque', async () => {
    const { fixture, client, outcome } = await asked();
    const { opaque } = client.only;
    client.request(GET_MAX_OFFSET, QUEUE, { opaque });
    client.socket.write(encodeCommand({ code: 0, version: 1, opaque: opaque + 1, flag: FLAG_RESPONSE }));
    await fixture.settle();
    expect(client.received).toHaveLength(2);
    expect(fixture.log.lines.filter((line) => line.level === 'debug')).toMatchObject([
      { fields: { opaque: opaque + 1 }, text: 'dropped an answer nobody waits for' },
    ]);
    client.socket.write(encodeCommand({ code: 0, version: 1, opaque, flag: FLAG_RESPONSE | FLAG_ONEWAY }));
    await fixture.settle();
    expect(await outcome).toMatchObject({ code: 0 });
  });

  it('fails after the time-out with the text operators know, and drops the late answer', async () => {
    const { fixture, client, outcome } = await asked(1000);
    fixture.clock.advance(999);
    await fixture.settle();
    expect(fixture.clock.pendingTimers).toBe(2);
    fixture.clock.advance(1);
    const error = await outcome;
    expect(error).toBeInstanceOf(RemotingError);
    const peer = `127.0.0.1:${client.socket.localPort}`;
    expect(error).toMatchObject({
      problem: 'timeout',
      message: `wait response on the channel <${peer}> timeout, 1000(ms)`,
    });
    client.socket.write(encodeCommand({ code: 0, version: 1, opaque: client.only.opaque, flag: FLAG_RESPONSE }));
    await fixture.settle();
    expect(client.closed).toBeUndefined();
    expect(fixture.clock.pendingTimers).toBe(1);
  });

  it('keeps each of several time-outs', async () => {
    const fixture = await started(echo);
    await fixture.client();
    const done: string[] = [];
    for (const [name, timeoutMs] of [
      ['long', 900],
      ['short', 100],
      ['middle', 500],
    ] as const) {
      fixture.connection.call(1, undefined, undefined, timeoutMs).catch(() => done.push(name));
    }
    for (const expected of [['short'], ['short', 'middle'], ['short', 'middle', 'long']]) {
      await fixture.clock.advanceAsync(expected.length === 1 ? 100 : 400);
      expect(done).toEqual(expected);
    }
  });

  it('fails what waits when the connection closes, and everything asked later', async () => {
    const { fixture, client, connection, outcome } = await asked();
    client.socket.destroy();
    await fixture.settle();
    expect(await outcome).toMatchObject({ problem: 'closed' });
    await expect(connection.call(1, undefined, undefined, 10)).rejects.toMatchObject({ problem: 'closed' });
    expect(connection.oneway('NOTIFY_CONSUMER_IDS_CHANGED', { consumerGroup: 'g' }, undefined)).toBe(false);
  });

  it('bounds how many wait', async () => {
    const fixture = await started(echo, { limits: { mostPendingRequests: 2 } });
    await fixture.client();
    const calls = [1, 2, 3].map(() =>
      fixture.connection.call(1, undefined, undefined, 50).catch((e: RemotingError) => e.problem),
    );
    expect(await calls[2]).toBe('too many requests');
    fixture.clock.advance(50);
    expect(await Promise.all(calls)).toEqual(['timeout', 'timeout', 'too many requests']);
  });

  it('tells the peer something without waiting', async () => {
    const fixture = await started(echo);
    const client = await fixture.client();
    expect(fixture.connection.oneway('NOTIFY_CONSUMER_IDS_CHANGED', { consumerGroup: 'g' }, undefined)).toBe(true);
    await fixture.settle();
    expect(client.only).toMatchObject({ code: 40, flag: FLAG_ONEWAY, extFields: new Map([['consumerGroup', 'g']]) });
  });

  it('relays an answer unchanged, a long body included', async () => {
    const fixture = await started(echo);
    const client = await fixture.client();
    const extFields = new Map([['x', '1']]);
    const body = Buffer.alloc(30_000, 7);
    fixture.connection.relay(77, { code: 207, remark: 'slow', extFields, body });
    await fixture.settle();
    expect(client.only).toMatchObject({ code: 207, remark: 'slow', opaque: 77, flag: FLAG_RESPONSE, extFields });
    expect(client.only.body?.equals(body)).toBe(true);
  });
});

describe('Connection: its end', () => {
  it('tells its listeners once, and later ones at once', async () => {
    const fixture = await started(echo);
    const client = await fixture.client();
    const { connection } = fixture;
    const told: string[] = [];
    connection.onClosed((_closed, reason) => told.push(`a ${reason}`));
    connection.destroy('test');
    expect(connection.isOpen).toBe(false);
    await fixture.settle();
    connection.destroy('again');
    connection.onClosed((_closed, reason) => told.push(`b ${reason}`));
    await fixture.settle();
    expect(told).toEqual(['a test', 'b test']);
    expect(client.closed).toBe('closed by peer');
  });

  it('sends what waits before it ends', async () => {
    const fixture = await started(echo);
    const client = await fixture.client();
    const { connection } = fixture;
    connection.reply(5, 'GET_MAX_OFFSET', { code: 'SUCCESS', header: { offset: 1 } });
    connection.end('test');
    await fixture.settle();
    expect([client.only.opaque, client.closed]).toEqual([5, 'closed by peer']);
  });

  it('names its peer as Java does', async () => {
    const fixture = await started(echo);
    await fixture.client();
    const { connection } = fixture;
    expect(connection.remoteAddress).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(connection.remoteHost.subarray(0, 4)).toEqual(Buffer.from([127, 0, 0, 1]));
    expect(`127.0.0.1:${connection.remoteHost.readInt32BE(4)}`).toBe(connection.remoteAddress);
    expect(connection.localPort).toBe(10911);
  });
});

function seededCuts(seed: number): (bytes: number) => number {
  const random = new SeededRandom(seed);
  return (bytes) => 1 + random.below(Math.min(bytes, 90));
}
