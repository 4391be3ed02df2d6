import { afterEach, describe, expect, it } from 'vitest';
import { collectingLogger } from '../../testing/collecting-logger.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { FaultFs } from '../../testing/fault-fs.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { logBytes, type Master, startMaster } from '../../testing/replication/pair.ts';
import { ScriptedSlave } from '../../testing/replication/scripted.ts';
import { SimNetwork, type SimSocket } from '../../testing/sim-network.ts';
import { put } from '../../testing/store-fixture.ts';
import { settle } from '../../testing/test-client.ts';
import type { MessageStoreConfig } from '../config/message-store-config.ts';

const PORT = 10_912;
const FILE_BYTES = 4096;

/** A master in memory, and its world. */
class World {
  readonly clock = new FakeClock();
  readonly net = new SimNetwork({ clock: this.clock });
  readonly fs = new FaultFs(new MemFs());
  readonly log = collectingLogger();
  #master: Master | undefined;

  static async start(changes: Partial<MessageStoreConfig> = {}): Promise<World> {
    const world = new World();
    const { fs, clock, net, log } = world;
    world.#master = await startMaster({ fs, clock, net, log, root: '/m', changes }, PORT);
    return world;
  }

  get master(): Master {
    if (this.#master === undefined) throw new Error('not started');
    return this.#master;
  }

  /** Puts messages that together take about `bytes` of the log, one turn each. */
  async write(count: number, bodyBytes = 200): Promise<void> {
    for (let index = 0; index < count; index++) {
      put(this.master.store, { body: 'x'.repeat(bodyBytes) });
      await settle(this.clock, 1);
    }
  }

  async slave(offset?: number): Promise<ScriptedSlave> {
    const slave = await ScriptedSlave.connect(this.net, PORT);
    if (offset !== undefined) slave.report(offset);
    await settle(this.clock);
    return slave;
  }

  get errors(): string[] {
    return this.log.lines.filter(({ level }) => level === 'error').map(({ text }) => text);
  }
}

let world: World;
afterEach(async () => {
  await world.master.service.stop();
  await world.master.store.shutdown();
});

describe('a master sends', () => {
  it('nothing before the slave has said where its log ends', async () => {
    world = await World.start();
    await world.write(3);
    const slave = await world.slave();
    await world.clock.advanceAsync(15_000, 1000);
    expect(slave.packets).toEqual([]);
    expect(slave.closed).toBeUndefined();
  });

  it('from that offset on, and what is written later in the turn of its write', async () => {
    world = await World.start();
    await world.write(3);
    const end = world.master.store.getMaxPhyOffset();
    const slave = await world.slave(end / 3);
    expect(slave.outline).toEqual([`${end / 3}+${(end / 3) * 2}`]);
    put(world.master.store, { body: 'later' });
    world.clock.endTurn();
    expect(slave.outline.at(-1)).toBe(`${end}+${world.master.store.getMaxPhyOffset() - end}`);
    expect(slave.bytes).toEqual((await logBytes(world.master.store)).subarray(end / 3));
  });

  it('from the start of its last file to an empty slave', async () => {
    world = await World.start();
    await world.write(40);
    const end = world.master.store.getMaxPhyOffset();
    expect(end).toBeGreaterThan(2 * FILE_BYTES);
    const slave = await world.slave(0);
    expect(slave.packets[0]?.phyOffset).toBe(end - (end % FILE_BYTES));
    expect(slave.bytes.length).toBe(end % FILE_BYTES);
  });

  it('no packet over the end of a file, and none longer than haTransferBatchSize', async () => {
    world = await World.start({ haTransferBatchSize: 1000 });
    await world.write(40);
    const all = await logBytes(world.master.store);
    const first = Math.floor(FILE_BYTES / 2);
    const slave = await world.slave(first);
    await world.clock.advanceAsync(1000, 100);
    for (const { phyOffset, body } of slave.packets) {
      expect(body.length).toBeLessThanOrEqual(1000);
      expect(Math.floor((phyOffset + body.length - 1) / FILE_BYTES)).toBe(Math.floor(phyOffset / FILE_BYTES));
    }
    expect(slave.bytes).toEqual(all.subarray(first));
  });

  it('what is no longer in memory from the files', async () => {
    world = await World.start();
    await world.write(40);
    await world.clock.advanceAsync(60_000, 1000);
    expect(world.master.store.rawLog.readableBytes(1, 1 << 20)).toBe(FILE_BYTES - 1);
    const slave = await world.slave(1);
    expect(slave.bytes).toEqual((await logBytes(world.master.store)).subarray(1));
  });

  it('never what is staged: a write that fails takes it back', async () => {
    world = await World.start();
    await world.write(2);
    const end = world.master.store.getMaxPhyOffset();
    const slave = await ScriptedSlave.connect(world.net, PORT);
    world.fs.fail({ operation: 'pwrite', path: /commitlog/, code: 'EIO' });
    // The report is read in the turn of the put, before its write.
    slave.report(end / 2);
    const ticket = put(world.master.store, { body: 'staged' });
    await settle(world.clock);
    expect(ticket.failed).toBe(true);
    expect(slave.outline).toEqual([`${end / 2}+${end / 2}`]);
  });

  it('a heartbeat with the next offset after five silent seconds, again and again', async () => {
    world = await World.start();
    await world.write(1);
    const end = world.master.store.getMaxPhyOffset();
    const slave = await world.slave(end);
    await world.clock.advanceAsync(4900, 100);
    expect(slave.packets).toEqual([]);
    await world.clock.advanceAsync(300, 100);
    expect(slave.outline).toEqual([`${end}+0`]);
    await world.clock.advanceAsync(5200, 100);
    expect(slave.outline).toEqual([`${end}+0`, `${end}+0`]);
  });

  it('to a slave that does not read no more than it takes, and goes on when it reads', async () => {
    world = await World.start({ mappedFileSizeCommitLog: 4 << 20, haTransferBatchSize: 10_000 });
    await world.write(100, 20_000);
    const slave = await ScriptedSlave.connect(world.net, PORT);
    const ours = (slave.socket as SimSocket).peer as SimSocket;
    slave.socket.pause();
    slave.report(1);
    await world.clock.advanceAsync(10_000, 1000);
    expect(ours.unsentBytes).toBeGreaterThan(0);
    expect(ours.unsentBytes).toBeLessThan(256 * 1024);
    slave.socket.resume();
    await world.clock.advanceAsync(1000, 100);
    expect(slave.bytes).toEqual((await logBytes(world.master.store)).subarray(1));
  });
});

describe('a master closes', () => {
  it('a connection that has been silent for twenty seconds, whatever it sent to it', async () => {
    world = await World.start();
    const silent = await world.slave();
    const spoke = await world.slave(0);
    await world.clock.advanceAsync(10_000, 1000);
    spoke.report(0);
    await world.clock.advanceAsync(10_300, 100);
    expect(silent.closed).toBeDefined();
    expect(spoke.closed).toBeUndefined();
    expect(world.master.service.connectionCount).toBe(1);
    await world.clock.advanceAsync(10_300, 100);
    expect(spoke.closed).toBeDefined();
    expect(world.master.service.connectionCount).toBe(0);
  });

  it('what sends anything else than offsets', async () => {
    world = await World.start();
    const stranger = await world.slave();
    stranger.socket.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await settle(world.clock);
    expect(stranger.closed).toBeDefined();
    expect(stranger.packets).toEqual([]);
  });

  it('a slave when its log cannot be read', async () => {
    world = await World.start();
    await world.write(40);
    await world.clock.advanceAsync(60_000, 1000);
    world.fs.fail({ operation: 'pread', path: /commitlog/, code: 'EIO' });
    const slave = await world.slave(1);
    expect(slave.closed).toBeDefined();
    expect(world.errors).toEqual(['the log could not be read for a slave']);
    expect((await world.slave(1)).bytes.length).toBeGreaterThan(FILE_BYTES);
  });

  it('the sixty-fifth connection at once', async () => {
    world = await World.start();
    const slaves: ScriptedSlave[] = [];
    for (let index = 0; index < 65; index++) slaves.push(await world.slave());
    expect(slaves.map(({ closed }) => closed !== undefined)).toEqual([...Array(64).fill(false), true]);
  });
});

describe('a slave whose log cannot be this one', () => {
  it('is longer than the master: heartbeats with its own offset, as Java, no bytes, and one line', async () => {
    world = await World.start();
    await world.write(1);
    const end = world.master.store.getMaxPhyOffset();
    const slave = await world.slave(end + 1000);
    await world.clock.advanceAsync(5200, 100);
    expect(slave.outline).toEqual([`${end + 1000}+0`]);
    // Java goes on sending once its own log is longer, and the two differ for good.
    await world.write(10);
    slave.report(end + 1000);
    await world.clock.advanceAsync(5200, 100);
    expect(slave.outline).toEqual([`${end + 1000}+0`, `${end + 1000}+0`]);
    expect(world.errors).toEqual(['a slave does not count: its log is longer than this one']);
    expect(world.master.gate.isSlaveOk(end)).toBe(false);
  });

  it('ends below the oldest file: heartbeats only', async () => {
    world = await World.start();
    await world.write(60);
    await world.master.store.shutdown();
    await world.master.service.stop();
    const { fs, clock, net } = world;
    fs.unlink('/m/commitlog/00000000000000000000');
    const again = await startMaster({ fs, clock, net, root: '/m' }, PORT + 1);
    const slave = await ScriptedSlave.connect(net, PORT + 1);
    slave.report(100);
    await clock.advanceAsync(5200, 100);
    expect(slave.outline).toEqual(['100+0']);
    await again.service.stop();
    await again.store.shutdown();
  });
});

describe('a stop', () => {
  it('lets what was sent arrive and closes the connections', async () => {
    world = await World.start();
    await world.write(5);
    const slave = await world.slave(1);
    put(world.master.store, { body: 'last' });
    await world.master.store.shutdown();
    await world.master.service.stop();
    await world.clock.advanceAsync(2000, 100);
    expect(slave.bytes.toString('latin1')).toContain('last');
    expect(slave.closed).toBeDefined();
    await expect(world.slave()).rejects.toThrow(String(PORT));
  });
});
