import { describe, expect, it } from 'vitest';
import { BrokerFixture, topicOf, topicsFile } from '../../testing/broker-fixture.ts';
import { ScriptedSlave } from '../../testing/replication/scripted.ts';
import { sendFields } from '../../testing/requests.ts';
import { storeConfig } from '../../testing/store-fixture.ts';
import type { TestClient } from '../../testing/test-client.ts';
import { GroupTransferService } from './group-transfer-service.ts';

const SEND_OK = 0;
const FLUSH_SLAVE_TIMEOUT = 12;
const SLAVE_NOT_AVAILABLE = 11;

/** A SYNC_MASTER with topic T, and a producer. */
class World {
  readonly broker: BrokerFixture;
  readonly client: TestClient;

  private constructor(broker: BrokerFixture, client: TestClient) {
    this.broker = broker;
    this.client = client;
  }

  static async start(settings: Readonly<Record<string, unknown>> = {}): Promise<World> {
    const broker = await BrokerFixture.start({
      settings: ({ messageStoreConfig }) =>
        Object.assign(messageStoreConfig, { brokerRole: 'SYNC_MASTER', ...settings }),
      files: { 'topics.json': topicsFile(topicOf('T')) },
    });
    return new World(broker, await broker.client());
  }

  /** A slave that has said once where its log ends. */
  async slave(offset = 0): Promise<ScriptedSlave> {
    const slave = await ScriptedSlave.connect(this.broker.net, 10_912);
    slave.report(offset);
    await this.broker.settle();
    return slave;
  }

  /** Sends and gives the opaque: the reply waits. */
  sends(): Promise<number> {
    return this.client.askInVain(10, sendFields());
  }

  /** The code of a reply that is there. */
  codeOf(opaque: number): number | undefined {
    return this.client.replyTo(opaque)?.code;
  }

  async code(): Promise<number> {
    return (await this.client.ask(10, sendFields())).code;
  }
}

/** Where the log of the master ends, as a slave knows it that got everything. */
function endOf(slave: ScriptedSlave): number {
  const last = slave.packets.at(-1);
  return last === undefined ? 0 : last.phyOffset + last.body.length;
}

describe('a send to a SYNC_MASTER', () => {
  it('is answered SLAVE_NOT_AVAILABLE without a slave, and while none has said a word', async () => {
    const world = await World.start();
    expect(await world.code()).toBe(SLAVE_NOT_AVAILABLE);
    await ScriptedSlave.connect(world.broker.net, 10_912);
    await world.broker.settle();
    expect(await world.code()).toBe(SLAVE_NOT_AVAILABLE);
  });

  it('waits for the acknowledgement of a slave, and is answered SEND_OK with it', async () => {
    const world = await World.start();
    const slave = await world.slave();
    const opaque = await world.sends();
    expect(slave.bytes.length).toBeGreaterThan(0);
    slave.report(endOf(slave) - 1);
    await world.broker.settle();
    expect(world.codeOf(opaque)).toBeUndefined();
    slave.report(endOf(slave));
    await world.broker.settle();
    expect(world.codeOf(opaque)).toBe(SEND_OK);
  });

  it('is answered FLUSH_SLAVE_TIMEOUT after syncFlushTimeout, not one after the other', async () => {
    const world = await World.start({ syncFlushTimeout: 2000 });
    const slave = await world.slave();
    const opaques = [await world.sends(), await world.sends(), await world.sends()];
    await world.broker.advance(1900, 100);
    expect(opaques.map((opaque) => world.codeOf(opaque))).toEqual([undefined, undefined, undefined]);
    await world.broker.advance(200, 50);
    expect(opaques.map((opaque) => world.codeOf(opaque))).toEqual(Array(3).fill(FLUSH_SLAVE_TIMEOUT));
    slave.report(endOf(slave));
    await world.broker.settle();
    const next = await world.sends();
    slave.report(endOf(slave));
    await world.broker.settle();
    expect(world.codeOf(next)).toBe(SEND_OK);
  });

  it('does not wait with WAIT=false', async () => {
    const world = await World.start();
    await world.slave();
    const reply = await world.client.ask(10, sendFields({ properties: 'WAIT\u0001false\u0002' }));
    expect(reply.code).toBe(SEND_OK);
  });

  it('is answered SLAVE_NOT_AVAILABLE at once when the connection of the slave is gone', async () => {
    const world = await World.start();
    const slave = await world.slave();
    slave.socket.destroy();
    await world.broker.settle();
    expect(await world.code()).toBe(SLAVE_NOT_AVAILABLE);
  });

  it('needs one of two slaves, whichever', async () => {
    const world = await World.start();
    const [first, second] = [await world.slave(), await world.slave()];
    const opaque = await world.sends();
    second.report(endOf(second));
    await world.broker.settle();
    expect(world.codeOf(opaque)).toBe(SEND_OK);
    second.socket.destroy();
    await world.broker.settle();
    const next = await world.sends();
    first.report(endOf(first));
    await world.broker.settle();
    expect(world.codeOf(next)).toBe(SEND_OK);
  });

  it.each([
    ['in its first word', 1_000_000],
    ['later', undefined],
  ])('is not held for stored because somebody has acknowledged more than there is, %s', async (_, first) => {
    // In Java one such report makes every later send succeed, with no slave behind it.
    const world = await World.start();
    const liar = await world.slave(first ?? 0);
    if (first === undefined) {
      liar.report(1_000_000);
      await world.broker.settle();
    }
    expect(await world.code()).toBe(SLAVE_NOT_AVAILABLE);
    const slave = await world.slave();
    const opaque = await world.sends();
    expect(world.codeOf(opaque)).toBeUndefined();
    slave.report(endOf(slave));
    await world.broker.settle();
    expect(world.codeOf(opaque)).toBe(SEND_OK);
    const told = world.broker.log.lines.filter(({ text }) => text.startsWith('a slave does not count'));
    expect(told).toHaveLength(1);
  });
});

describe('a slave', () => {
  it('counts while it is less than haSlaveFallbehindMax behind, by what live ones have acknowledged', () => {
    const config = storeConfig('/s', { haSlaveFallbehindMax: 1000 });
    const gate = new GroupTransferService(config);
    const [near, far] = [{}, {}];
    expect(gate.isSlaveOk(0)).toBe(false);
    gate.onReport(near, 5000);
    gate.onReport(far, 200);
    expect([gate.isSlaveOk(5999), gate.isSlaveOk(6000)]).toEqual([true, false]);
    gate.onGone(near);
    expect([gate.isSlaveOk(1199), gate.isSlaveOk(1200)]).toEqual([true, false]);
    config.haSlaveFallbehindMax = 2000;
    expect(gate.isSlaveOk(1200)).toBe(true);
    gate.onGone(far);
    expect(gate.isSlaveOk(200)).toBe(false);
  });

  it('moves the mark to the highest acknowledgement of all, never back', () => {
    const gate = new GroupTransferService(storeConfig('/s'));
    const marks: number[] = [];
    gate.setListener((replicated) => marks.push(replicated));
    const [one, other] = [{}, {}];
    gate.onReport(one, 100);
    gate.onReport(other, 50);
    gate.onReport(other, 120);
    gate.onGone(other);
    gate.onReport(one, 110);
    gate.onReport(one, 130);
    expect(marks).toEqual([100, 120, 130]);
  });
});
