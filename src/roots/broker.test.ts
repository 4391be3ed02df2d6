import { describe, expect, it } from 'vitest';
import { BrokerFixture, groupsFile, STORE_DIR, topicOf, topicsFile } from '../../testing/broker-fixture.ts';
import { FaultFs } from '../../testing/fault-fs.ts';
import type { MemFs } from '../../testing/mem-fs.ts';
import { ScriptedSlave } from '../../testing/replication/scripted.ts';
import { pullFields, SUBSCRIPTION, SUSPEND, sendFields } from '../../testing/requests.ts';
import { bodyOf, splitRecords } from '../../testing/store-fixture.ts';
import { StateFileError } from '../util/state-file.ts';
import { startFailure } from './start-failure.ts';

const FILES = { 'topics.json': topicsFile(topicOf('T')) };
const SYNC = ({ messageStoreConfig }: BrokerFixture['configs']): void => {
  messageStoreConfig.flushDiskType = 'SYNC_FLUSH';
};

/** A fault file system, made when the broker starts. */
function faulty(): { wrapFs: (fs: MemFs) => FaultFs; faults: () => FaultFs } {
  let made: FaultFs | undefined;
  return {
    wrapFs: (fs) => {
      made = new FaultFs(fs);
      return made;
    },
    faults: () => made as FaultFs,
  };
}

describe('a stop', () => {
  it('answers what waits for the disk, then closes; the store opens cleanly and has it', async () => {
    const { wrapFs, faults } = faulty();
    const broker = await BrokerFixture.start({ files: FILES, settings: SYNC, wrapFs });
    const client = await broker.client();
    let flushed = (): void => {};
    const until = new Promise<void>((resolve) => {
      flushed = resolve;
    });
    faults().delay({ operation: 'fdatasync', path: /commitlog/, until });
    const opaque = await client.askInVain(10, sendFields(), { body: 'last' });
    const stopped = broker.stop();
    await broker.settle();
    expect([client.replyTo(opaque), client.frames.closed]).toEqual([undefined, undefined]);
    flushed();
    await stopped;
    expect(client.replyTo(opaque)?.code).toBe(0);
    expect(client.frames.closed).toBeDefined();
    await broker.start();
    expect(broker.log.lines.filter(({ text }) => text === 'the last stop was clean')).toHaveLength(2);
    const pulled = await (await broker.client()).ask(11, pullFields());
    expect(splitRecords(pulled.body).map(bodyOf)).toEqual(['last']);
  });

  it('refuses what still comes with code 14, which producers take to another broker', async () => {
    const broker = await BrokerFixture.start({ files: FILES });
    const client = await broker.client();
    const opaque = client.send(10, sendFields());
    await broker.stop();
    const reply = client.replyTo(opaque);
    expect([reply?.code, reply?.remark]).toEqual([14, expect.stringContaining('the store has been shut down')]);
  });

  it('refuses the pulls it holds, and keeps the offsets that were committed last', async () => {
    const broker = await BrokerFixture.start({ files: FILES });
    const client = await broker.client();
    const opaque = await client.askInVain(11, pullFields({ sysFlag: SUBSCRIPTION | SUSPEND }));
    await client.tell(15, { consumerGroup: 'g', topic: 'T', queueId: 1, commitOffset: 9 });
    await broker.stop();
    const reply = client.replyTo(opaque);
    expect([reply?.code, reply?.remark]).toEqual([1, 'the broker is stopping, pull again later']);
    expect(client.frames.closed).toBe('closed by peer');
    expect(broker.state('consumerOffset.json')).toEqual({ offsetTable: { 'T@g': { '1': 9 } } });
  });

  it('asked for again is the same stop', async () => {
    const broker = await BrokerFixture.start();
    const stops = [broker.running.shutdown(), broker.running.shutdown()];
    expect(stops[0]).toBe(stops[1]);
    await broker.stop();
    await Promise.all(stops);
  });

  it('goes on behind a step that failed, and says so', async () => {
    const { wrapFs, faults } = faulty();
    const broker = await BrokerFixture.start({ files: FILES, wrapFs });
    const client = await broker.client();
    faults().fail({ operation: 'open', path: /consumerOffset\.json\.tmp$/, code: 'ENOSPC' });
    await expect(broker.stop()).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(client.frames.closed).toBeDefined();
    expect(broker.fs.files()).not.toContain(`${STORE_DIR}/abort`);
    expect(broker.log.lines.map(({ text }) => text)).toContain('stopping: saving the consumer offsets failed');
    await broker.start();
  });

  it('wins over an offset file that is being written in the background', async () => {
    const { wrapFs, faults } = faulty();
    const broker = await BrokerFixture.start({ files: FILES, wrapFs });
    const client = await broker.client();
    await client.ask(15, { consumerGroup: 'g', topic: 'T', queueId: 0, commitOffset: 1 });
    let written = (): void => {};
    const until = new Promise<void>((resolve) => {
      written = resolve;
    });
    faults().delay({ operation: 'fdatasync', path: /consumerOffset/, until });
    await broker.advance(10_000);
    await client.ask(15, { consumerGroup: 'g', topic: 'T', queueId: 0, commitOffset: 2 });
    await broker.stop();
    written();
    await broker.settle();
    expect(broker.state('consumerOffset.json')).toEqual({ offsetTable: { 'T@g': { '0': 2 } } });
    expect(broker.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });
});

describe('a start that fails', () => {
  it('because a port is taken leaves nothing open', async () => {
    const broker = await BrokerFixture.start({ files: FILES });
    await broker.stop();
    const taken = await broker.net.listen({ port: 10_909, maxConnections: 1 }, () => {});
    await expect(broker.start()).rejects.toThrow('port 10909 is taken');
    const timers = broker.clock.pendingTimers;
    await taken.close();
    await broker.start();
    await broker.stop();
    expect(broker.clock.pendingTimers).toBe(timers);
  });

  it('because the replication port is taken closes the others again', async () => {
    const broker = new BrokerFixture();
    const taken = await broker.net.listen({ port: 10_912, maxConnections: 1 }, () => {});
    await expect(broker.start()).rejects.toThrow('port 10912 is taken');
    await expect(broker.client()).rejects.toThrow('10911');
    await taken.close();
    await broker.start();
  });

  it.each(['topics.json', 'subscriptionGroup.json', 'consumerOffset.json'])(
    'because of a damaged %s gives the directory back, and the file is as it was',
    async (name) => {
      const broker = new BrokerFixture({ files: { [name]: '{"damaged' } });
      const failure = await broker.start().then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(failure).toBeInstanceOf(StateFileError);
      expect(startFailure(failure)).toMatchObject({
        exitCode: 253,
        stderr: [expect.stringContaining(`${STORE_DIR}/config/${name} is damaged and has no backup`)],
      });
      expect(broker.fs.readFile(`${STORE_DIR}/config/${name}`, 100)?.toString()).toBe('{"damaged');
      broker.writeState(name, name === 'topics.json' ? topicsFile() : '{}');
      await broker.start();
    },
  );

  it('because brokerIP1 is no address says so', async () => {
    const broker = new BrokerFixture({
      settings: ({ brokerConfig }) => Object.assign(brokerConfig, { brokerIP1: 'not.an.address' }),
    });
    await expect(broker.start()).rejects.toThrow('brokerIP1=not.an.address is not an IP address');
  });
});

describe('a start', () => {
  it('reads a state file from its backup when it is damaged', async () => {
    const files = { 'topics.json': '{', 'topics.json.bak': topicsFile(topicOf('FromBackup')) };
    const broker = await BrokerFixture.start({ files });
    expect((await (await broker.client()).ask(21)).body.toString()).toContain('"FromBackup"');
  });

  it('leaves state files alone that it does not understand yet', async () => {
    const foreign = { 'delayOffset.json': '{"offsetTable":{3:7}}', 'consumerFilter.json': '{ "filterDataByTopic":{}}' };
    const broker = await BrokerFixture.start({
      files: { ...foreign, 'subscriptionGroup.json': groupsFile({ g: {} }) },
    });
    await (await broker.client()).ask(10, sendFields());
    await broker.advance(20_000);
    await broker.stop();
    for (const [name, text] of Object.entries(foreign)) {
      expect(broker.fs.readFile(`${STORE_DIR}/config/${name}`, 100)?.toString()).toBe(text);
    }
  });

  it('takes the replication port, on which a slave follows its log until the stop', async () => {
    const broker = await BrokerFixture.start({ files: FILES });
    const client = await broker.client();
    await client.ask(10, sendFields());
    const slave = await ScriptedSlave.connect(broker.net, 10_912);
    slave.report(0);
    await broker.settle();
    await client.ask(10, sendFields(), { body: 'last' });
    const log = broker.fs.readFile(`${STORE_DIR}/commitlog/00000000000000000000`, 2 ** 20) as Buffer;
    expect(slave.bytes.length).toBeGreaterThan(0);
    expect(slave.bytes).toEqual(log.subarray(0, slave.bytes.length));
    expect(slave.bytes.toString('latin1')).toContain('last');
    await broker.stop();
    await broker.advance(1000, 100);
    expect(slave.closed).toBeDefined();
  });

  it('closes the connection to a name server that does not answer, when the settings say so', async () => {
    const broker = new BrokerFixture({
      settings: ({ brokerConfig, nettyClientConfig }) => {
        brokerConfig.namesrvAddr = '127.0.0.1:9876';
        nettyClientConfig.clientCloseSocketIfTimeout = true;
      },
    });
    let closed = 0;
    await broker.net.listen({ port: 9876, maxConnections: 8 }, (socket) => {
      socket.setEvents({ onData() {}, onDrain() {}, onClose: () => (closed += 1) });
    });
    await broker.start();
    await broker.settle();
    expect(closed).toBe(1);
  });
});
