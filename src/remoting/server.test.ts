import { describe, expect, it } from 'vitest';
import { MAIN_PORT, RemotingFixture, VIP_PORT } from '../../testing/remoting-fixture.ts';
import type { Handler } from './handler.ts';

const GET_MAX_OFFSET = 30;
const QUEUE = { topic: 'T', queueId: '3' };
const handler: Handler<'GET_MAX_OFFSET'> = () => ({ code: 'SUCCESS', header: { offset: 1 } });
const handlers = { GET_MAX_OFFSET: handler };

describe('RemotingServer', () => {
  it('keeps the connections of both ports in one table and tells its listeners', async () => {
    const fixture = await RemotingFixture.start({ handlers });
    const told: string[] = [];
    fixture.server.addListener({
      onConnect: (connection) => told.push(`connect ${connection.localPort}`),
      onClose: (connection, reason) => told.push(`close ${connection.localPort} ${reason}`),
    });
    const main = await fixture.client();
    await fixture.client(VIP_PORT);
    expect(fixture.server.ports).toEqual([MAIN_PORT, VIP_PORT]);
    expect([...fixture.server.connections].map((one) => one.localPort)).toEqual([MAIN_PORT, VIP_PORT]);
    main.socket.destroy();
    await fixture.settle();
    expect(fixture.server.connections.size).toBe(1);
    expect(told).toEqual([`connect ${MAIN_PORT}`, `connect ${VIP_PORT}`, `close ${MAIN_PORT} closed by peer`]);
  });

  it('closes a connection after silence in both directions, and tells so', async () => {
    const fixture = await RemotingFixture.start({ handlers, idleMs: 120_000 });
    const told: string[] = [];
    fixture.server.addListener({
      onIdle: (connection) => told.push(`idle ${connection.id}`),
      onClose: (connection, reason) => told.push(`${reason} ${connection.id}`),
    });
    const silent = await fixture.client();
    const { id } = fixture.connection;
    const asking = await fixture.client();
    const told2 = await fixture.client();
    const listening = [...fixture.server.connections][2];
    for (let elapsedMs = 0; elapsedMs < 140_000; elapsedMs += 20_000) {
      if (elapsedMs < 120_000) expect(silent.closed).toBeUndefined();
      asking.request(GET_MAX_OFFSET, QUEUE);
      listening?.oneway('NOTIFY_CONSUMER_IDS_CHANGED', { consumerGroup: 'g' }, undefined);
      await fixture.clock.advanceAsync(20_000);
    }
    expect([silent.closed, asking.closed, told2.closed]).toEqual(['closed by peer', undefined, undefined]);
    expect(told).toEqual([`idle ${id}`, `idle ${id}`]);
  });

  it('closes a peer that does not take its output, however long it is owed', async () => {
    const fixture = await RemotingFixture.start({ handlers, network: { windowBytes: 50 }, idleMs: 1000 });
    const client = await fixture.client();
    client.socket.pause();
    const { connection } = fixture;
    for (let i = 0; i < 30; i++) {
      connection.reply(i, 'GET_MAX_OFFSET', { code: 'SUCCESS', header: { offset: i } });
      await fixture.clock.advanceAsync(50);
    }
    expect(connection.isOpen).toBe(false);
  });

  it('binds all its ports or none', async () => {
    const fixture = await RemotingFixture.start({ handlers });
    const { net } = fixture;
    await fixture.server.close();
    const taken = await net.listen({ port: VIP_PORT, maxConnections: 1 }, () => {});
    await expect(fixture.server.start()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await taken.close();
    await net.listen({ port: MAIN_PORT, maxConnections: 1 }, () => {});
  });

  it('sends what waits, closes every connection, and accepts no more', async () => {
    const fixture = await RemotingFixture.start({ handlers });
    const clients = [await fixture.client(), await fixture.client(VIP_PORT)];
    for (const connection of fixture.server.connections) {
      connection.reply(9, 'GET_MAX_OFFSET', { code: 'SUCCESS', header: { offset: 1 } });
    }
    const closed = fixture.server.close();
    await fixture.settle();
    await closed;
    for (const client of clients) expect([client.only.opaque, client.closed]).toEqual([9, 'closed by peer']);
    await expect(fixture.client()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(fixture.clock.pendingTimers).toBe(0);
  });

  it('cuts the connections that do not take their output in time', async () => {
    const fixture = await RemotingFixture.start({ handlers, network: { windowBytes: 10 } });
    const client = await fixture.client();
    client.socket.pause();
    fixture.connection.reply(9, 'GET_MAX_OFFSET', { code: 'SUCCESS', header: { offset: 1 } });
    let isClosed = false;
    void fixture.server.close().then(() => {
      isClosed = true;
    });
    await fixture.settle();
    await fixture.clock.advanceAsync(2999);
    expect(isClosed).toBe(false);
    await fixture.clock.advanceAsync(1);
    await fixture.settle();
    expect(isClosed).toBe(true);
  });
});
