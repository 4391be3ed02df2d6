import { afterEach, describe, expect, it } from 'vitest';
import { collectingLogger } from '../../testing/collecting-logger.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { FaultFs } from '../../testing/fault-fs.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { logBytes, type Slave, startSlave } from '../../testing/replication/pair.ts';
import { packetOf, ScriptedMaster } from '../../testing/replication/scripted.ts';
import { SimNetwork } from '../../testing/sim-network.ts';
import { openTestStore, put, readAll } from '../../testing/store-fixture.ts';
import { settle } from '../../testing/test-client.ts';
import type { MessageStoreConfig } from '../config/message-store-config.ts';

const PORT = 10_912;

/** A log of a master: messages `m0` to `m(count - 1)`, in files of 4 KiB. */
async function masterLog(count: number, keys = true): Promise<Buffer> {
  const { store, clock } = openTestStore(new MemFs(), '/m');
  for (let index = 0; index < count; index++) {
    put(store, { body: `m${index}`, properties: keys ? { KEYS: `k${index}` } : {} });
    clock.endTurn();
  }
  const bytes = await logBytes(store);
  await store.shutdown();
  return bytes;
}

const bodies = (count: number, from = 0): string[] =>
  Array.from({ length: count - from }, (_, index) => `m${from + index}`);

/** A slave in memory and the master that a test plays. */
class World {
  readonly clock = new FakeClock();
  readonly net: SimNetwork;
  readonly disk = new MemFs();
  readonly fs = new FaultFs(this.disk);
  readonly log = collectingLogger();
  #slave: Slave | undefined;
  #master: ScriptedMaster | undefined;

  private constructor(cut?: (bytes: number) => number) {
    this.net = new SimNetwork({ clock: this.clock, ...(cut === undefined ? {} : { cut }) });
  }

  static async start(cut?: (bytes: number) => number): Promise<World> {
    const world = new World(cut);
    world.#master = await ScriptedMaster.listen(world.net, PORT);
    await world.startSlave();
    return world;
  }

  async startSlave(changes: Partial<MessageStoreConfig> = {}): Promise<void> {
    const { fs, clock, net, log } = this;
    this.#slave = startSlave({ fs, clock, net, log, root: '/s', changes }, PORT);
    await settle(clock);
  }

  get slave(): Slave {
    if (this.#slave === undefined) throw new Error('not started');
    return this.#slave;
  }

  get master(): ScriptedMaster {
    if (this.#master === undefined) throw new Error('not started');
    return this.#master;
  }

  async send(phyOffset: number, body?: Uint8Array): Promise<void> {
    this.master.send(phyOffset, body);
    await settle(this.clock, 40);
  }

  get errors(): string[] {
    return this.log.lines.filter(({ level }) => level === 'error').map(({ text }) => text);
  }
}

let world: World;
afterEach(async () => {
  world.slave.client.stop();
  await world.slave.store.shutdown();
});

describe('a slave', () => {
  it('reports at once, after each packet and every five seconds', async () => {
    const log = await masterLog(4);
    world = await World.start();
    expect(world.master.reports).toEqual([0]);
    await world.send(0, log.subarray(0, 100));
    await world.send(100, log.subarray(100));
    expect(world.master.reports).toEqual([0, 0, log.length]);
    await world.clock.advanceAsync(6000, 1000);
    expect(world.master.reports).toEqual([0, 0, log.length, log.length]);
  });

  it('serves messages as soon as they are whole, by queue and by key', async () => {
    const log = await masterLog(4);
    world = await World.start();
    const { store } = world.slave;
    await world.send(0, log.subarray(0, log.length / 2 - 1));
    expect(await readAll(store)).toEqual(bodies(1));
    await world.send(log.length / 2 - 1, log.subarray(log.length / 2 - 1, log.length / 2));
    expect(await readAll(store)).toEqual(bodies(2));
    await world.send(log.length / 2, log.subarray(log.length / 2));
    expect(await readAll(store)).toEqual(bodies(4));
    expect((await store.queryMessage('TopicA', 'k3', 8, 0, Number.MAX_SAFE_INTEGER)).buffers).toHaveLength(1);
    expect(store.dispatchBehindBytes()).toBe(0);
  });

  it('takes packets however they are cut, through the ends of files', async () => {
    const log = await masterLog(90);
    world = await World.start((bytes) => Math.min(bytes, 13));
    expect(log.length).toBeGreaterThan(8192);
    for (let at = 0; at < log.length; ) {
      const size = Math.min(777, log.length - at, 4096 - (at % 4096));
      await world.send(at, log.subarray(at, at + size));
      await settle(world.clock, 80);
      at += size;
    }
    expect(await logBytes(world.slave.store)).toEqual(log);
    expect(await readAll(world.slave.store)).toEqual(bodies(90));
  });

  it('begins with any file of the master when it is empty, also behind heartbeats and after a restart', async () => {
    const log = (await masterLog(90)).subarray(8192);
    world = await World.start();
    await world.send(8192);
    await world.slave.store.shutdown();
    world.slave.client.stop();
    await world.startSlave();
    await world.send(8192, log);
    const { store } = world.slave;
    expect([store.getMinPhyOffset(), store.getMaxPhyOffset()]).toEqual([8192, 8192 + log.length]);
    expect(await logBytes(store)).toEqual(log);
    const first = store.getMinOffsetInQueue('TopicA', 0);
    const max = store.getMaxOffsetInQueue('TopicA', 0);
    expect(max).toBe(90);
    const known = await readAll(store, 'TopicA', 0, max - 5);
    expect(known).toEqual(bodies(90, 85));
    expect(first).toBeGreaterThan(0);
  });

  it('begins there too when a failed start has left an empty file', async () => {
    const log = (await masterLog(90)).subarray(8192);
    world = await World.start();
    world.fs.fail({ operation: 'open', path: /commitlog/, code: 'ENOSPC' });
    await world.send(0, log.subarray(0, 500));
    await world.clock.advanceAsync(6000, 500);
    expect(world.disk.files().filter((path) => path.includes('commitlog'))).toEqual([
      '/s/commitlog/00000000000000000000',
    ]);
    await world.send(8192, log);
    expect(world.disk.files().filter((path) => path.includes('commitlog'))).toEqual([
      '/s/commitlog/00000000000000008192',
    ]);
    expect(await logBytes(world.slave.store)).toEqual(log);
  });

  it('begins there too when the first write fails', async () => {
    const log = (await masterLog(90)).subarray(8192);
    world = await World.start();
    world.fs.fail({ operation: 'pwrite', path: /commitlog/, code: 'EIO' });
    await world.send(8192, log);
    await world.clock.advanceAsync(6000, 500);
    expect(world.master.reports.at(-1)).toBe(8192);
    await world.send(8192, log);
    expect(world.slave.store.dispatchBehindBytes()).toBe(0);
    expect(world.slave.store.getMaxOffsetInQueue('TopicA', 0)).toBe(90);
  });

  it('has nothing of a record in its log before all is there: zeros for its end would pass for it', async () => {
    const log = await masterLog(2, false);
    world = await World.start();
    // All but the end of the topic and the length of no properties; no recovery looks into a topic.
    await world.send(0, log.subarray(0, log.length - 7));
    expect(world.slave.store.getMaxPhyOffset()).toBe(log.length / 2);
    world.slave.client.stop();
    world.disk.kill();
    await world.startSlave();
    expect(world.master.reports.at(-1)).toBe(log.length / 2);
  });

  it('takes a record that comes in many packets', async () => {
    const { store, clock } = openTestStore(new MemFs(), '/m', { changes: { mappedFileSizeCommitLog: 1 << 20 } });
    put(store, { body: 'x'.repeat(300_000) });
    put(store, { body: 'small' });
    clock.endTurn();
    const log = await logBytes(store);
    await store.shutdown();
    world = await World.start();
    world.slave.client.stop();
    await world.slave.store.shutdown();
    await world.startSlave({ mappedFileSizeCommitLog: 1 << 20 });
    for (let at = 0; at < log.length; at += 32_768) await world.send(at, log.subarray(at, at + 32_768));
    expect(await logBytes(world.slave.store)).toEqual(log);
    expect((await readAll(world.slave.store)).map((body) => body.length)).toEqual([300_000, 5]);
  });

  it('resumes at its end after a restart; what was in part is cut', async () => {
    const log = await masterLog(10);
    const record = log.length / 10;
    world = await World.start();
    await world.send(0, log.subarray(0, 3 * record + 20));
    world.slave.client.stop();
    await world.slave.store.shutdown();
    await world.startSlave();
    expect(world.master.reports.at(-1)).toBe(3 * record);
    await world.send(3 * record, log.subarray(3 * record));
    expect(await readAll(world.slave.store)).toEqual(bodies(10));
    world.slave.client.stop();
    await world.slave.store.shutdown();
    await world.startSlave();
    expect(await logBytes(world.slave.store)).toEqual(log);
    expect(await readAll(world.slave.store)).toEqual(bodies(10));
  });
});

describe('a slave closes and dials again five seconds later', () => {
  /** The connection is gone, none of the bytes came in, and the next one begins with the same report. */
  async function expectRedial(end: number): Promise<void> {
    await settle(world.clock);
    expect(world.master.closed).toBe(1);
    expect(world.slave.client.isConnected).toBe(false);
    await world.clock.advanceAsync(4900, 100);
    expect(world.master.sockets).toHaveLength(1);
    await world.clock.advanceAsync(200, 100);
    expect(world.master.sockets).toHaveLength(2);
    expect(world.master.reports.at(-1)).toBe(end);
    expect(world.slave.store.getMaxPhyOffset()).toBe(end);
  }

  it.each([
    ['too high', 1],
    ['too low', -1],
    ['zero', undefined],
  ])('when the master sends from an offset that is %s', async (_, difference) => {
    const log = await masterLog(2);
    const record = log.length / 2;
    world = await World.start();
    await world.send(0, log.subarray(0, record));
    await world.send(difference === undefined ? 0 : record + difference, log.subarray(record));
    await expectRedial(record);
    expect(world.errors).toEqual(['the master sends from an offset at which this log does not end']);
  });

  it('when a heartbeat names another offset', async () => {
    const log = await masterLog(2);
    world = await World.start();
    await world.send(0, log.subarray(0, log.length / 2));
    await world.send(50);
    await expectRedial(log.length / 2);
  });

  it('and asks again for what was there in part', async () => {
    const log = await masterLog(2);
    const record = log.length / 2;
    world = await World.start();
    await world.send(0, log.subarray(0, record + 30));
    await world.send(record + 30);
    expect(world.master.closed).toBe(0);
    world.master.sockets[0]?.destroy();
    await expectRedial(record);
    await world.send(record, log.subarray(record));
    expect(await readAll(world.slave.store)).toEqual(bodies(2));
  });

  it('when an empty one is to begin in the middle of a file', async () => {
    world = await World.start();
    await world.send(4000, Buffer.alloc(10));
    await expectRedial(0);
  });

  it('when the files of the master are longer than its own', async () => {
    world = await World.start();
    await world.send(0, Buffer.alloc(4097));
    await expectRedial(0);
    expect(world.errors).toEqual(['bytes of the master could not be added to the log']);
  });

  it('when what comes is no packet', async () => {
    world = await World.start();
    world.master.sockets[0]?.write(Buffer.from('HTTP/1.1 400 Bad Request'));
    await expectRedial(0);
  });

  it('when the master closes', async () => {
    world = await World.start();
    world.master.sockets[0]?.destroy();
    await expectRedial(0);
  });

  it('when its disk fails, with nothing of the packet in its log; and takes it when the disk is well', async () => {
    const log = await masterLog(2);
    world = await World.start();
    world.fs.fail({ operation: 'pwrite', path: /commitlog/, code: 'EIO' });
    await world.send(0, log);
    await expectRedial(0);
    await world.send(0, log);
    expect(await readAll(world.slave.store)).toEqual(bodies(2));
  });
});

describe('a slave goes on', () => {
  it('dialing while nobody listens', async () => {
    world = await World.start();
    world.slave.client.stop();
    await world.slave.store.shutdown();
    const { net, clock, fs, log } = world;
    const slave = startSlave({ fs, clock, net, log, root: '/other' }, PORT + 1);
    await clock.advanceAsync(12_000, 1000);
    expect(slave.client.isConnected).toBe(false);
    const master = await ScriptedMaster.listen(net, PORT + 1);
    await clock.advanceAsync(5000, 1000);
    expect(master.reports).toEqual([0]);
    slave.client.stop();
    await slave.store.shutdown();
  });

  it('with a new connection when the master has been silent for twenty seconds', async () => {
    world = await World.start();
    await world.clock.advanceAsync(15_000, 1000);
    await world.send(0);
    await world.clock.advanceAsync(15_000, 1000);
    expect(world.master.closed).toBe(0);
    await world.clock.advanceAsync(12_000, 1000);
    expect(world.master.sockets).toHaveLength(2);
  });

  it('to bring records into queues that could not be written for a while', async () => {
    const log = await masterLog(3);
    world = await World.start();
    world.fs.fail({ operation: 'open', path: /index/, code: 'ENOSPC', times: 1 });
    await world.send(0, log);
    expect([world.fs.pendingRules, world.slave.store.dispatchBehindBytes()]).toEqual([0, log.length]);
    await world.clock.advanceAsync(10_000, 500);
    await settle(world.clock);
    const { store } = world.slave;
    expect(store.dispatchBehindBytes()).toBe(0);
    expect(await readAll(store)).toEqual(bodies(3));
  });

  it('without the packet that comes when it is stopped', async () => {
    const log = await masterLog(2);
    world = await World.start();
    world.master.sockets[0]?.write(packetOf(0, log));
    world.slave.client.stop();
    await settle(world.clock, 20);
    expect(world.slave.store.getMaxPhyOffset()).toBe(0);
  });
});
