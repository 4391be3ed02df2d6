import { describe, expect, it } from 'vitest';
import { MAIN_PORT, RemotingFixture, type RemotingFixtureOptions } from '../../testing/remoting-fixture.ts';
import { parseAddress, RemotingClient, type RemotingClientOptions } from './client.ts';
import type { Handler } from './handler.ts';
import type { RemotingError } from './reply.ts';

const ADDRESS = `127.0.0.1:${MAIN_PORT}`;
const QUEUE = { topic: 'T', queueId: 3 };
const echo: Handler<'GET_MAX_OFFSET'> = (request) => ({ code: 'SUCCESS', header: { offset: request.header.queueId } });
const never: Handler<'GET_MAX_OFFSET'> = () => new Promise(() => {});

async function started(
  handler = echo,
  more: { server?: RemotingFixtureOptions; client?: Partial<RemotingClientOptions> } = {},
): Promise<{ fixture: RemotingFixture; client: RemotingClient }> {
  const fixture = await RemotingFixture.start({ handlers: { GET_MAX_OFFSET: handler }, ...more.server });
  const { net, clock, log, turn } = fixture;
  return { fixture, client: new RemotingClient({ net, clock, log, turn, ...more.client }) };
}

/** Settles the promise while the simulation runs; errors as values. */
async function outcome<T>(fixture: RemotingFixture, promise: Promise<T>): Promise<T | RemotingError> {
  const caught = promise.catch((error: unknown) => error as RemotingError);
  await fixture.settle();
  return caught;
}

describe('RemotingClient', () => {
  it('asks and is answered, over one connection for all requests of an address', async () => {
    const { fixture, client } = await started();
    const asked = [1, 2, 3].map((queueId) =>
      client.invoke(ADDRESS, 'GET_MAX_OFFSET', { topic: 'T', queueId }, undefined, 1000),
    );
    await fixture.settle();
    const answers = await Promise.all(asked);
    expect(answers.map((answer) => [answer.codeName, answer.extFields.get('offset')])).toEqual([
      ['SUCCESS', '1'],
      ['SUCCESS', '2'],
      ['SUCCESS', '3'],
    ]);
    expect(fixture.server.connections.size).toBe(1);
  });

  it('connects again after a connection was lost, also before it was told of the loss', async () => {
    const { fixture, client } = await started();
    const first = await outcome(fixture, client.connect(ADDRESS, 1000));
    if (!('destroy' in first)) throw first;
    first.destroy('test');
    const answer = await outcome(fixture, client.invoke(ADDRESS, 'GET_MAX_OFFSET', QUEUE, undefined, 1000));
    expect(answer).toMatchObject({ code: 0 });
    fixture.connection.destroy('by the server');
    await fixture.settle();
    const again = await outcome(fixture, client.invoke(ADDRESS, 'GET_MAX_OFFSET', QUEUE, undefined, 1000));
    expect(again).toMatchObject({ code: 0 });
  });

  it('says that nobody listens, and tries anew at the next use', async () => {
    const { fixture, client } = await started();
    const refused = await outcome(fixture, client.invoke('127.0.0.1:1', 'GET_MAX_OFFSET', QUEUE, undefined, 1000));
    expect(refused).toMatchObject({ problem: 'connect failed', message: 'connect to <127.0.0.1:1> failed' });
    await fixture.net.listen({ port: 1, maxConnections: 5 }, () => {});
    expect(await outcome(fixture, client.connect('127.0.0.1:1', 1000))).toMatchObject({ isOpen: true });
    for (const bad of ['127.0.0.1', ':1', '[::1', 'h:0', 'h:65536', 'a:b:1']) {
      expect(await outcome(fixture, client.connect(bad, 1000))).toMatchObject({ problem: 'connect failed' });
    }
  });

  it('gives up connecting after 3 s, or after the time-out of the request when that is shorter', async () => {
    const { fixture, client } = await started();
    for (const [host, timeoutMs, takesMs] of [
      ['a', 10_000, 3000],
      ['b', 500, 500],
    ] as const) {
      fixture.net.unreachable.add(host);
      let error: unknown;
      void client.call(`${host}:1`, 1, undefined, undefined, timeoutMs).catch((thrown: unknown) => {
        error = thrown;
      });
      await fixture.clock.advanceAsync(takesMs - 1);
      expect(error).toBeUndefined();
      await fixture.clock.advanceAsync(1);
      expect(error).toMatchObject({ problem: 'connect failed' });
    }
  });

  it('times a request out and keeps the connection, or closes it when so set', async () => {
    for (const closeOnTimeout of [false, true]) {
      const { fixture, client } = await started(never, { client: { closeOnTimeout } });
      const asked = client.invoke(ADDRESS, 'GET_MAX_OFFSET', QUEUE, undefined, 700);
      const caught = asked.catch((error: unknown) => error);
      await fixture.settle();
      await fixture.clock.advanceAsync(700);
      expect(await caught).toMatchObject({ problem: 'timeout' });
      await fixture.settle();
      expect(fixture.server.connections.size).toBe(closeOnTimeout ? 0 : 1);
    }
  });

  it('tells a server something', async () => {
    const seen: boolean[] = [];
    const { fixture, client } = await started((request) => {
      seen.push(request.oneway);
      return echo(request);
    });
    expect(await outcome(fixture, client.oneway(ADDRESS, 'GET_MAX_OFFSET', QUEUE, undefined))).toBe(true);
    await fixture.settle();
    expect(seen).toEqual([true]);
  });

  it('answers code 3 to requests of a server when it serves nothing', async () => {
    const { fixture, client } = await started();
    await outcome(fixture, client.connect(ADDRESS, 1000));
    const answer = await outcome(fixture, fixture.connection.call(40, undefined, undefined, 1000));
    expect(answer).toMatchObject({ code: 3, remark: ' request type 40 not supported' });
  });

  it('closes idle connections', async () => {
    const { fixture, client } = await started(echo, { client: { idleMs: 1000 }, server: { idleMs: 0 } });
    await outcome(fixture, client.connect(ADDRESS, 1000));
    expect(fixture.server.connections.size).toBe(1);
    await fixture.clock.advanceAsync(1100, 100);
    await fixture.settle();
    expect(fixture.server.connections.size).toBe(0);
  });

  it('takes nothing after it was closed', async () => {
    const { fixture, client } = await started();
    await outcome(fixture, client.connect(ADDRESS, 1000));
    await outcome(fixture, client.close());
    await fixture.settle();
    expect(fixture.server.connections.size).toBe(0);
    const late = await outcome(fixture, client.invoke(ADDRESS, 'GET_MAX_OFFSET', QUEUE, undefined, 1000));
    expect(late).toMatchObject({ problem: 'closed' });
  });

  it('knows a bounded number of servers', async () => {
    const { fixture, client } = await started();
    fixture.net.unreachable.add('x');
    for (let port = 1; port <= 1024; port++) client.connect(`x:${port}`, 100).catch(() => {});
    expect(await outcome(fixture, client.connect(ADDRESS, 100))).toMatchObject({ problem: 'too many requests' });
    await fixture.clock.advanceAsync(100);
    expect(await outcome(fixture, client.connect(ADDRESS, 100))).toMatchObject({ isOpen: true });
  });
});

describe('parseAddress', () => {
  it('takes host names and both address families', () => {
    expect(parseAddress('10.0.0.1:9876')).toEqual({ host: '10.0.0.1', port: 9876 });
    expect(parseAddress('broker-host:1')).toEqual({ host: 'broker-host', port: 1 });
    expect(parseAddress('[0:0:0:0:0:0:0:1]:57716')).toEqual({ host: '0:0:0:0:0:0:0:1', port: 57716 });
  });
});
