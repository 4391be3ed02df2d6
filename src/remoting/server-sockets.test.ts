import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takePorts } from '../../testing/ports.ts';
import { FrameClient } from '../../testing/remoting-fixture.ts';
import { FLAG_RESPONSE, JSON_TYPE, writeCommand } from '../codec/remoting-command.ts';
import { systemClock } from '../util/clock.ts';
import { silentLogger } from '../util/logger.ts';
import { nodeNet } from '../util/node-net.ts';
import { Admission, plainLimits } from './admission.ts';
import { RemotingClient } from './client.ts';
import { Dispatcher } from './dispatcher.ts';
import type { Handlers, ParkedReply, Reply } from './handler.ts';
import { LoopTurn } from './loop-turn.ts';
import { ParkedReplies } from './parked-replies.ts';
import { RemotingServer } from './server.ts';

const QUEUE = { topic: 'T', queueId: '3' };
const GET_MAX_OFFSET = 30;
const GET_MIN_OFFSET = 31;

/** The whole layer on sockets of the operating system, with a store that writes at the end of the turn. */
describe('remoting on real sockets', () => {
  const turn = new LoopTurn(systemClock);
  const log = silentLogger;
  let parked: ParkedReplies;
  let server: RemotingServer;
  let client: FrameClient;
  let port: number;
  let end = 0;
  let isScheduled = false;

  /** As a send: the reply waits for the end of the turn. */
  function park(): ParkedReply {
    end += 100;
    if (!isScheduled) {
      systemClock.atTurnEnd(() => {
        isScheduled = false;
        parked.release({ written: end, flushed: 0, replicated: 0 });
      });
    }
    isScheduled = true;
    return {
      ticket: { endOffset: end, needs: 0, deadlineMs: 0, failed: false },
      write: (out, opaque) => writeCommand({ code: 0, version: 333, opaque, flag: FLAG_RESPONSE }, JSON_TYPE, out),
    };
  }

  /** As a pull: pieces of a body, as long as the queue id says in KiB. */
  function pieces(kib: number): Reply<'GET_MIN_OFFSET'> {
    const body = Array.from({ length: kib }, (_, at) => Buffer.alloc(1024, at));
    return { code: 'SUCCESS', header: { offset: kib }, body: [...body, Buffer.alloc(20_000, 1)] };
  }

  beforeEach(async () => {
    parked = new ParkedReplies({ clock: systemClock, turn });
    const handlers: Pick<Handlers<'broker'>, 'GET_MAX_OFFSET' | 'GET_MIN_OFFSET'> = {
      GET_MAX_OFFSET: park,
      GET_MIN_OFFSET: (request) => pieces(request.header.queueId),
    };
    const receiver = new Dispatcher({
      server: 'broker',
      port: 'main',
      handlers: handlers as Handlers<'broker'>,
      admission: new Admission(plainLimits()),
      parked,
      clock: systemClock,
      log,
    });
    port = (await takePorts()).listenPort;
    const ports = [{ host: '127.0.0.1', port, receiver }];
    server = new RemotingServer({ net: nodeNet, clock: systemClock, log, turn, ports, idleMs: 120_000 });
    await server.start();
    client = await FrameClient.connect(nodeNet, port);
  });

  afterEach(() => server.close());

  async function received(count: number): Promise<void> {
    while (client.received.length < count) await new Promise((resolve) => setImmediate(resolve));
  }

  it('answers thousands of pipelined requests, each once, in order', async () => {
    for (let i = 0; i < 5000; i++) client.request(GET_MAX_OFFSET, QUEUE);
    await received(5000);
    expect(client.received.map((answer) => answer.opaque)).toEqual(Array.from({ length: 5000 }, (_, at) => at + 1));
    expect(client.chunks.length).toBeLessThan(1000);
  });

  it('takes long bodies and sends them, the bytes as they were', async () => {
    client.request(GET_MAX_OFFSET, QUEUE, { body: Buffer.alloc(5_000_000) });
    client.request(GET_MIN_OFFSET, { topic: 'T', queueId: '3000' });
    client.request(GET_MIN_OFFSET, { topic: 'T', queueId: '2' });
    await received(3);
    const bodies = new Map(client.received.map((answer) => [answer.opaque, answer.body]));
    expect(bodies.get(2)?.length).toBe(3000 * 1024 + 20_000);
    expect(bodies.get(3)).toEqual(
      Buffer.concat([Buffer.alloc(1024, 0), Buffer.alloc(1024, 1), Buffer.alloc(20_000, 1)]),
    );
  });

  it('stops reading from a peer that does not take its answers, and loses none', async () => {
    client.socket.pause();
    for (let i = 0; i < 200; i++) client.request(GET_MIN_OFFSET, { topic: 'T', queueId: '200' });
    const [connection] = server.connections;
    while (connection?.isWritable !== false) await new Promise((resolve) => setImmediate(resolve));
    expect(client.received).toEqual([]);
    client.socket.resume();
    await received(200);
    expect(client.received.every((answer) => answer.body?.length === 200 * 1024 + 20_000)).toBe(true);
  });

  it('closes the one connection that sends bytes that are no frames', async () => {
    const bad = await FrameClient.connect(nodeNet, port);
    bad.socket.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    while (bad.closed === undefined) await new Promise((resolve) => setImmediate(resolve));
    client.request(GET_MAX_OFFSET, QUEUE);
    await received(1);
    expect(server.connections.size).toBe(1);
  });

  it('serves the client of the house, both ways', async () => {
    const remoting = new RemotingClient({ net: nodeNet, clock: systemClock, log, turn });
    const header = { topic: 'T', queueId: 1 };
    const answers = await Promise.all(
      Array.from({ length: 100 }, () =>
        remoting.invoke(`127.0.0.1:${port}`, 'GET_MIN_OFFSET', header, Buffer.alloc(10_000), 5000),
      ),
    );
    expect(new Set(answers.map((answer) => answer.body?.length))).toEqual(new Set([21_024]));
    const asked = [...server.connections][1]?.call(40, undefined, undefined, 5000);
    expect((await asked)?.code).toBe(3);
    await remoting.close();
    while (server.connections.size > 1) await new Promise((resolve) => setImmediate(resolve));
  });
});
