import { describe, expect, it } from 'vitest';
import { collectingLogger } from '../../testing/collecting-logger.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { pullFields, sendFields } from '../../testing/requests.ts';
import { SimNetwork } from '../../testing/sim-network.ts';
import { bodyOf, splitRecords, testProc } from '../../testing/store-fixture.ts';
import { settle, TestClient } from '../../testing/test-client.ts';
import { type RunningAllInOne, startAllInOne } from './all-in-one.ts';

const DATA = '/home/test/data';
const CONF = `${DATA}/broker.conf`;

class World {
  readonly fs = new MemFs();
  readonly clock = new FakeClock();
  readonly net = new SimNetwork({ clock: this.clock });
  readonly proc = testProc();

  async start(port = 10_911, namesrvPort = 9876): Promise<RunningAllInOne> {
    const starting = startAllInOne({
      fs: this.fs,
      net: this.net,
      clock: this.clock,
      log: collectingLogger(),
      proc: this.proc,
      totalMemoryBytes: 2 ** 33,
      afterDeath: () => {},
      fetchText: () => Promise.reject(new Error('not asked')),
      environment: {
        homeDir: '/home/test',
        variables: {},
        systemProperties: {},
        hostName: 'host',
        localAddress: '192.0.2.1',
        cpuCount: 2,
      },
      dataDir: DATA,
      port,
      namesrvPort,
    });
    return this.settled(starting);
  }

  async settled<T>(promise: Promise<T>): Promise<T> {
    const state = { isOver: false };
    const marked = promise.finally(() => {
      state.isOver = true;
    });
    marked.catch(() => {});
    for (let round = 0; !state.isOver && round < 20_000; round++) await settle(this.clock, 1);
    return marked;
  }

  client(port: number): Promise<TestClient> {
    return TestClient.connect(this.net, this.clock, port);
  }

  get conf(): string {
    return this.fs.readFile(CONF, 2 ** 20)?.toString() ?? '';
  }
}

describe('npm start', () => {
  it('serves on the loopback address, says where, and keeps everything in one directory', async () => {
    const world = new World();
    const running = await world.start();
    const client = await world.client(10_911);
    await client.ask(10, sendFields({ topic: 'Trial' }), { body: 'hello' });
    const route = await (await world.client(9876)).ask(105, { topic: 'Trial' });
    expect(route.body.toString()).toContain('{0:"127.0.0.1:10911"}');
    expect(running.welcome).toEqual([
      'Name server on 127.0.0.1:9876, broker broker-a on 127.0.0.1:10911 (VIP 10909, HA 10912); ' +
        `data in ${DATA}, settings in ${CONF}.`,
      'Clients are told 127.0.0.1 because this command serves this machine only; for others start bin/mqnamesrv and ' +
        'bin/mqbroker.',
      'Next: point a producer or consumer at name server 127.0.0.1:9876; Ctrl-C stops.',
    ]);
    await world.settled(running.shutdown());
    expect(world.fs.files().filter((path) => !path.startsWith(`${DATA}/`))).toEqual([]);
    await expect(world.client(9876)).rejects.toThrow();
    await expect(world.client(10_911)).rejects.toThrow();
  });

  it('writes the settings in force, and keeps what the user adds over the next start', async () => {
    const world = new World();
    await world.settled((await world.start()).shutdown());
    for (const line of [
      'namesrvAddr=127.0.0.1:9876',
      'listenPort=10911',
      'brokerIP1=127.0.0.1',
      `storePathRootDir=${DATA}/store`,
      'mappedFileSizeCommitLog=67108864',
    ]) {
      expect(world.conf.split('\n')).toContain(line);
    }
    world.fs.install(CONF, Buffer.from(`${world.conf}# mine\nautoCreateTopicEnable=false\n`));
    const again = await world.start(20_010, 20_020);
    const client = await world.client(20_010);
    expect((await client.ask(10, sendFields({ topic: 'Trial' }))).code).toBe(17);
    expect(world.conf).toContain('listenPort=20010');
    expect(world.conf).toContain('# mine\nautoCreateTopicEnable=false\n');
    await world.settled(again.shutdown());
  });

  it('serves what was stored before', async () => {
    const world = new World();
    const first = await world.start();
    const client = await world.client(10_911);
    await client.ask(10, sendFields({ topic: 'Trial' }), { body: 'kept' });
    await world.settled(first.shutdown());
    await world.start();
    const reply = await (await world.client(10_911)).ask(11, pullFields({ topic: 'Trial' }));
    expect(splitRecords(reply.body).map(bodyOf)).toEqual(['kept']);
  });

  it('takes a free block of ports when asked for port 0', async () => {
    const world = new World();
    await world.net.listen({ port: 20_003, maxConnections: 1 }, () => {});
    const running = await world.start(0, 0);
    expect(running.port).toBe(20_006);
    expect((await (await world.client(running.port)).ask(28)).code).toBe(0);
    expect((await (await world.client(running.namesrvPort)).ask(106)).code).toBe(0);
  });

  it.each([
    ['a feature that is not there', 'aclEnable=true\n', /broker\.conf:\d+: aclEnable=true is not available yet/],
    ['a file that is none', 'a=\\u12\n', /broker\.conf is not a properties file: line 1/],
  ])('does not start with %s, and leaves no port open', async (_, text, message) => {
    const world = new World();
    world.fs.install(CONF, Buffer.from(text));
    await expect(world.start()).rejects.toThrow(message);
    await expect(world.client(9876)).rejects.toThrow();
  });
});
