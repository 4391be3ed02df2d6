import { describe, expect, it } from 'vitest';
import type { FakeClock } from '../../testing/fake-clock.ts';
import type { MemFs } from '../../testing/mem-fs.ts';
import { SETTINGS_FILE as CONFIG_FILE, KV_FILE, NamesrvFixture } from '../../testing/namesrv-fixture.ts';
import { brokerFields, registrationBody, type TestRegistration } from '../../testing/requests.ts';
import { type Asked, type Fields, settle, type TestClient, type TestReply } from '../../testing/test-client.ts';
import type { NamesrvConfigs } from '../config/configs.ts';
import { bodyCrc } from '../util/crc32.ts';
import { FsError } from '../util/fs.ts';

const FAQ = '\nSee http://rocketmq.apache.org/docs/faq/ for further details.';

class World {
  readonly #server: NamesrvFixture;

  private constructor(server: NamesrvFixture) {
    this.#server = server;
  }

  static async start(): Promise<World> {
    const fileProperties = new Map([
      ['orderMessageEnable', 'false'],
      ['unknownKey', 'kept'],
    ]);
    return new World(await NamesrvFixture.start({ fileProperties }));
  }

  get fs(): MemFs {
    return this.#server.fs;
  }

  get clock(): FakeClock {
    return this.#server.clock;
  }

  get configs(): NamesrvConfigs {
    return this.#server.configs;
  }

  async restart(): Promise<void> {
    await this.#server.stop();
    await this.#server.start();
  }

  client(): Promise<TestClient> {
    return this.#server.client();
  }

  /** A broker that registered over a connection of its own. */
  async broker(more: Fields = {}, registration: TestRegistration = {}): Promise<TestClient> {
    const client = await this.client();
    const reply = await register(client, more, registration);
    expect([reply.code, reply.remark]).toEqual([0, undefined]);
    return client;
  }

  /** Time goes by in which nobody is idle. */
  async pass(timeMs: number, clients: readonly TestClient[]): Promise<void> {
    for (let elapsedMs = 0; elapsedMs < timeMs; elapsedMs += 20_000) {
      await this.clock.advanceAsync(20_000);
      await settle(this.clock);
      for (const client of clients) await client.ask(106);
    }
  }

  /** From now on the disk is full. */
  failWrites(): void {
    this.fs.open = (path) => {
      throw new FsError('open', path, 'ENOSPC');
    };
  }

  file(path: string): string | undefined {
    return this.fs.readFile(path, 1_000_000)?.toString('latin1');
  }
}

function register(client: TestClient, more: Fields = {}, registration: TestRegistration = {}, asked: Asked = {}) {
  const body = registrationBody(registration, more['compressed'] === true);
  return client.ask(103, brokerFields(more), { body, ...asked });
}

const json = (reply: TestReply): string => reply.body.toString('utf8');
const names = async (client: TestClient, code: number, ext: Fields = {}): Promise<string[]> =>
  (JSON.parse(json(await client.ask(code, ext))) as { topicList: string[] }).topicList;
const route = async (client: TestClient, topic = 'T', ext: Fields = {}): Promise<string> => {
  const reply = await client.ask(105, { topic, ...ext });
  return reply.code === 0 ? json(reply) : `${reply.code}`;
};

const T_ROUTE =
  '{"brokerDatas":[{"brokerAddrs":{0:"10.0.0.1:10911"},"brokerName":"broker-a","cluster":"C"}],' +
  '"filterServerTable":{},"queueDatas":[{"brokerName":"broker-a","perm":6,"readQueueNums":4,"topicSynFlag":0,' +
  '"writeQueueNums":4}]}';
const SLAVE = { brokerAddr: '10.0.0.2:10911', brokerId: 1, haServerAddr: '10.0.0.2:10912' };

describe('routes (105)', () => {
  it("gives Java's bytes, and standard JSON only when asked", async () => {
    const world = await World.start();
    const broker = await world.broker();
    expect(await route(broker)).toBe(T_ROUTE);
    expect(await route(broker, 'T', { acceptStandardJsonOnly: 'false' })).toBe(T_ROUTE);
    expect(await route(broker, 'T', { acceptStandardJsonOnly: 'true' })).toBe(T_ROUTE.replace('{0:', '{"0":'));
  });

  it('answers 17 for an unknown topic, a missing one called null', async () => {
    const client = await (await World.start()).client();
    const unknown = await client.ask(105, { topic: 'X' });
    expect(unknown).toMatchObject({
      code: 17,
      remark: `No topic route info in name server for the topic: X${FAQ}`,
      ext: undefined,
    });
    expect((await client.ask(105)).remark).toContain('for the topic: null');
  });

  it('adds the order configuration only while orderMessageEnable is on', async () => {
    const world = await World.start();
    const broker = await world.broker();
    await broker.ask(100, { namespace: 'ORDER_TOPIC_CONFIG', key: 'T', value: 'broker-a:4' });
    expect(await route(broker)).not.toContain('orderTopicConf');
    expect((await broker.ask(318, {}, { body: 'orderMessageEnable=true\n' })).code).toBe(0);
    expect(await route(broker)).toContain('"filterServerTable":{},"orderTopicConf":"broker-a:4","queueDatas"');
  });

  it('lists filter servers by address', async () => {
    const world = await World.start();
    const broker = await world.broker({}, { filterServers: ['10.0.0.9:1'] });
    expect(await route(broker)).toContain('"filterServerTable":{"10.0.0.1:10911":["10.0.0.9:1"]}');
    await register(broker);
    expect(await route(broker)).toContain('"filterServerTable":{}');
  });
});

describe('registration (103)', () => {
  it('takes a compressed body', async () => {
    const world = await World.start();
    const broker = await world.broker(
      { compressed: true },
      { topics: { CT: { readQueueNums: 3, writeQueueNums: 2 } } },
    );
    expect(await route(broker, 'CT')).toContain('"readQueueNums":3,"topicSynFlag":0,"writeQueueNums":2');
  });

  it('takes the body of a broker before 3.0.11', async () => {
    const world = await World.start();
    const client = await world.client();
    const body = '{"dataVersion":{"counter":1,"timestamp":1},"topicConfigTable":{"OLD":{"topicName":"OLD"}}}';
    expect((await client.ask(103, brokerFields(), { body, version: 36 })).code).toBe(0);
    expect(await names(client, 206)).toEqual(['OLD']);
  });

  it('takes no body as no topics', async () => {
    const client = await (await World.start()).client();
    expect((await client.ask(103, brokerFields())).code).toBe(0);
    expect(json(await client.ask(106))).toContain('"broker-a"');
  });

  it('compares the checksum when there is one', async () => {
    const client = await (await World.start()).client();
    const body = registrationBody();
    const wrong = { code: 1, remark: 'crc32 not match' };
    expect(await client.ask(103, brokerFields({ bodyCrc32: 5 }), { body })).toMatchObject(wrong);
    expect(await client.ask(103, brokerFields({ bodyCrc32: 5 }))).toMatchObject(wrong);
    const bodyCrc32 = bodyCrc(body, 0, body.length);
    expect(await client.ask(103, brokerFields({ bodyCrc32 }), { body })).toMatchObject({ code: 0 });
    expect(await client.ask(103, brokerFields({ bodyCrc32: undefined }), { body })).toMatchObject({ code: 0 });
  });

  it('answers code 1 to a body it cannot read, and a missing field by name', async () => {
    const client = await (await World.start()).client();
    for (const body of ['{', '[]', '"x"']) expect((await client.ask(103, brokerFields(), { body })).code).toBe(1);
    for (const compressed of [Buffer.alloc(10, 1), registrationBody()]) {
      expect((await client.ask(103, brokerFields({ compressed: true }), { body: compressed })).code).toBe(1);
    }
    const nameless = await client.ask(103, brokerFields({ brokerName: undefined }));
    expect([nameless.code, nameless.remark]).toEqual([1, 'field brokerName missing']);
  });

  it('replaces topics only when the version changed, and never removes one', async () => {
    const world = await World.start();
    const broker = await world.broker({}, { topics: { A: { perm: 6 }, B: {} } });
    await register(broker, {}, { topics: { A: { perm: 4 } } });
    expect(await route(broker, 'A')).toContain('"perm":6');
    await register(broker, {}, { topics: { A: { perm: 4 } }, version: 2 });
    expect(await route(broker, 'A')).toContain('"perm":4');
    expect(await names(broker, 206)).toEqual(['A', 'B']);
  });

  it("leaves a slave's topics alone and tells it its master", async () => {
    const world = await World.start();
    const master = await world.broker();
    expect((await register(master)).ext).toEqual({});
    const slave = await register(await world.client(), SLAVE, { topics: { S: {}, '../x': {} } });
    expect(slave).toMatchObject({ code: 0, ext: { masterAddr: '10.0.0.1:10911', haServerAddr: '10.0.0.1:10912' } });
    expect(await names(master, 206)).toEqual(['T']);
    expect(await route(master)).toContain('{0:"10.0.0.1:10911",1:"10.0.0.2:10911"}');
  });

  it('moves an address to another id: a slave became master', async () => {
    const world = await World.start();
    const broker = await world.broker(SLAVE);
    await register(broker, { ...SLAVE, brokerId: 0 });
    expect(await route(broker)).toContain('"brokerAddrs":{0:"10.0.0.2:10911"}');
  });

  it('hands out the order configuration once its namespace exists', async () => {
    const world = await World.start();
    const broker = await world.broker();
    expect(json(await register(broker))).toBe('');
    await broker.ask(100, { namespace: 'ORDER_TOPIC_CONFIG', key: 'T', value: 'broker-a:4' });
    expect(json(await register(broker))).toBe('{"table":{"T":"broker-a:4"}}');
    await broker.ask(102, { namespace: 'ORDER_TOPIC_CONFIG', key: 'T' });
    expect(json(await register(broker))).toBe('{"table":{}}');
  });

  it('says nothing to a oneway registration, and takes it', async () => {
    const client = await (await World.start()).client();
    await client.tell(103, brokerFields(), { body: registrationBody() });
    expect(client.frames.received).toEqual([]);
    expect(await names(client, 206)).toEqual(['T']);
  });
});

describe('names in a registration', () => {
  it('keeps what a Java store may hold routable', async () => {
    const topics = { '%RETRY%g': {}, 'host.example.com': {}, 'a b@c': {}, 订单: {} };
    const world = await World.start();
    const broker = await world.broker({ brokerName: 'host.example.com' }, { topics });
    expect(await names(broker, 206)).toEqual(Object.keys(topics));
  });

  it.each(['../x', 'a/b', 'a\\b', '..', '.', '', 'a\u0000', 'x'.repeat(256)])(
    'does not route %j, says so, and routes the rest',
    async (topic) => {
      const client = await (await World.start()).client();
      const reply = await register(client, {}, { topics: { T: {}, [topic]: {} } });
      expect([reply.code, reply.remark]).toEqual([
        1,
        `the topic[${topic}] contains illegal characters, it is not routed`,
      ]);
      expect(await names(client, 206)).toEqual(['T']);
      for (const identity of [{ brokerName: topic }, { clusterName: topic }]) {
        expect((await register(client, { brokerAddr: 'other:1', ...identity })).code).toBe(1);
      }
      expect(await names(client, 304)).toEqual(['C', 'broker-a']);
    },
  );

  it('refuses what is no address, and ids beyond what JSON can hold', async () => {
    const client = await (await World.start()).client();
    const long = 'x'.repeat(256);
    for (const more of [{ brokerAddr: '' }, { brokerAddr: long }, { haServerAddr: long }, { brokerId: 2 ** 62 }]) {
      expect((await register(client, more)).code).toBe(1);
    }
    expect(json(await client.ask(106))).toBe('{"brokerAddrTable":{},"clusterAddrTable":{}}');
  });
});

describe('unregistration (104)', () => {
  it('takes topics and cluster away with the last address of a broker', async () => {
    const world = await World.start();
    const master = await world.broker();
    const slave = await world.broker(SLAVE);
    await master.ask(104, brokerFields());
    expect(await route(slave)).toContain('"brokerAddrs":{1:"10.0.0.2:10911"}');
    expect((await slave.ask(104, brokerFields(SLAVE))).code).toBe(0);
    expect(await names(slave, 206)).toEqual([]);
    expect(json(await slave.ask(106))).toBe('{"brokerAddrTable":{},"clusterAddrTable":{}}');
    expect((await slave.ask(104, brokerFields(SLAVE))).code).toBe(0);
  });

  it('leaves the queues of other brokers', async () => {
    const world = await World.start();
    await world.broker();
    const other = await world.broker({ brokerName: 'broker-b', brokerAddr: '10.0.0.3:10911' });
    await other.ask(104, brokerFields());
    expect(await route(other)).toContain('"queueDatas":[{"brokerName":"broker-b"');
  });
});

describe('a broker that is gone', () => {
  it('is taken off with its connection, at once', async () => {
    const world = await World.start();
    const broker = await world.broker();
    const client = await world.client();
    const bystander = await world.client();
    await bystander.close();
    expect(await route(client)).toBe(T_ROUTE);
    await broker.close();
    expect(await route(client)).toBe('17');
  });

  it('is taken off with the others of its connection', async () => {
    const world = await World.start();
    const broker = await world.broker();
    const client = await world.client();
    const other = { brokerName: 'broker-b', brokerAddr: '10.0.0.3:10911' };
    await register(broker, other);
    expect(await route(client)).toContain('broker-b');
    await broker.close();
    expect(await route(client)).toBe('17');
  });

  it('stays when it registered again over another connection', async () => {
    const world = await World.start();
    const old = await world.broker();
    const client = await world.broker();
    await old.close();
    expect(await route(client)).toBe(T_ROUTE);
  });

  it('is taken off and closed 120 s after its last registration, however busy its connection is', async () => {
    const world = await World.start();
    const client = await world.client();
    const broker = await world.broker();
    for (let elapsedMs = 0; elapsedMs < 120_000; elapsedMs += 20_000) {
      expect(await route(client)).toBe(T_ROUTE);
      expect((await broker.ask(106)).code).toBe(0);
      await world.clock.advanceAsync(20_000);
      await settle(world.clock);
    }
    await world.clock.advanceAsync(15_000);
    await settle(world.clock);
    expect(await route(client)).toBe('17');
    expect(broker.frames.closed).toBeDefined();
  });

  it('does not leave addresses behind that it registered under other names', async () => {
    const world = await World.start();
    const client = await world.client();
    const broker = await world.broker();
    for (let i = 0; i < 5; i++) await register(broker, { brokerName: `b${i}` }, { version: i + 2 });
    await broker.ask(104, brokerFields());
    await world.pass(140_000, [client, broker]);
    expect(json(await client.ask(106))).toBe('{"brokerAddrTable":{},"clusterAddrTable":{}}');
    expect(await names(client, 206)).toEqual([]);
  });

  it('stays routable when somebody else takes its address off, until its next registration is late', async () => {
    const world = await World.start();
    const client = await world.client();
    const broker = await world.broker();
    await broker.ask(104, brokerFields({ brokerName: 'somebody-else' }));
    await world.pass(100_000, [client, broker]);
    expect(await route(client)).toBe(T_ROUTE);
    await register(broker);
    await world.pass(60_000, [client, broker]);
    expect(await route(client)).toBe(T_ROUTE);
    await broker.ask(104, brokerFields({ brokerName: 'somebody-else' }));
    await world.pass(140_000, [client, broker]);
    expect(await route(client)).toBe('17');
  });
});

describe('data versions (322)', () => {
  const ask = (client: TestClient, counter: number): Promise<TestReply> =>
    client.ask(322, brokerFields({ haServerAddr: undefined }), { body: `{"counter":${counter},"timestamp":1}` });

  it('tells a broker whether it has to register, and renews it when not', async () => {
    const world = await World.start();
    const broker = await world.client();
    expect(await ask(broker, 1)).toMatchObject({ code: 0, ext: { changed: 'true' }, body: Buffer.alloc(0) });
    await register(broker);
    const same = await ask(broker, 1);
    expect([same.ext, json(same)]).toEqual([{ changed: 'false' }, '{"counter":1,"timestamp":1}']);
    expect((await ask(broker, 2)).ext).toEqual({ changed: 'true' });
    for (let elapsedMs = 0; elapsedMs < 200_000; elapsedMs += 50_000) {
      await world.clock.advanceAsync(50_000);
      await ask(broker, 1);
    }
    expect(await route(broker)).toBe(T_ROUTE);
  });

  it('answers code 1 without a version', async () => {
    const client = await (await World.start()).client();
    expect((await client.ask(322, brokerFields())).code).toBe(1);
  });
});

describe('topics and clusters', () => {
  it('wipes the write permission of one broker until its version changes (205)', async () => {
    const world = await World.start();
    const broker = await world.broker({}, { topics: { A: {}, B: { perm: 4 } } });
    const other = await world.broker({ brokerName: 'b2', brokerAddr: 'x:1' }, { topics: { A: {} } });
    expect((await other.ask(205, { brokerName: 'broker-a' })).ext).toEqual({ wipeTopicCount: '2' });
    expect(await route(other, 'A')).toMatch(/"broker-a","perm":4.*"b2","perm":6/);
    await register(broker, {}, { topics: { A: {}, B: { perm: 4 } } });
    expect(await route(other, 'A')).toMatch(/"broker-a","perm":4/);
    await register(broker, {}, { topics: { A: {} }, version: 2 });
    expect(await route(other, 'A')).toMatch(/"broker-a","perm":6/);
    expect((await other.ask(205, { brokerName: 'nobody' })).ext).toEqual({ wipeTopicCount: '0' });
  });

  it('deletes a topic from the routes (216)', async () => {
    const broker = await (await World.start()).broker({}, { topics: { A: {}, B: {} } });
    expect((await broker.ask(216, { topic: 'A' })).code).toBe(0);
    expect((await broker.ask(216, { topic: 'never' })).code).toBe(0);
    expect(await names(broker, 206)).toEqual(['B']);
  });

  it('lists the topics of a cluster (224), of none for an unknown one', async () => {
    const world = await World.start();
    await world.broker({}, { topics: { A: {}, B: {} } });
    const other = await world.broker(
      { brokerName: 'b2', brokerAddr: 'x:1', clusterName: 'D' },
      { topics: { B: {}, E: {} } },
    );
    expect(await names(other, 224, { cluster: 'C' })).toEqual(['A', 'B']);
    expect(await names(other, 224, { cluster: 'D' })).toEqual(['B', 'E']);
    expect(await names(other, 224, { cluster: 'X' })).toEqual([]);
    expect(json(await other.ask(106))).toBe(
      '{"brokerAddrTable":{"broker-a":{"brokerAddrs":{0:"10.0.0.1:10911"},"brokerName":"broker-a","cluster":"C"},' +
        '"b2":{"brokerAddrs":{0:"x:1"},"brokerName":"b2","cluster":"D"}},' +
        '"clusterAddrTable":{"C":["broker-a"],"D":["b2"]}}',
    );
  });

  it('lists clusters and brokers as system topics, with an address (304)', async () => {
    const world = await World.start();
    expect(json(await (await world.client()).ask(304))).toBe('{"topicList":[]}');
    const broker = await world.broker();
    expect(json(await broker.ask(304))).toBe('{"brokerAddr":"10.0.0.1:10911","topicList":["C","broker-a"]}');
  });

  it('lists topics by their unit flags (311, 312, 313)', async () => {
    const flags = { U: { topicSysFlag: 1 }, S: { topicSysFlag: 2 }, US: { topicSysFlag: 3 }, N: {} };
    const broker = await (await World.start()).broker({}, { topics: flags });
    expect(await names(broker, 311)).toEqual(['U', 'US']);
    expect(await names(broker, 312)).toEqual(['S', 'US']);
    expect(await names(broker, 313)).toEqual(['S']);
  });

  it('takes the unit flags from the broker whose queues have stood unchanged for longest', async () => {
    const world = await World.start();
    const first = await world.broker({}, { topics: { U: { topicSysFlag: 1 } } });
    const second = { brokerName: 'b2', brokerAddr: '10.0.0.2:10911' };
    await world.broker(second, { topics: { U: {} } });
    await register(first, {}, { version: 2, topics: { U: { topicSysFlag: 1 } } });
    expect(await names(first, 311)).toEqual(['U']);
    await register(first, {}, { version: 3, topics: { U: { topicSysFlag: 1, perm: 4 } } });
    expect(await names(first, 311)).toEqual([]);
  });
});

describe('KV configuration (100, 101, 102, 219)', () => {
  it("keeps values in Java's file, over a restart", async () => {
    const world = await World.start();
    const client = await world.client();
    const at = { namespace: 'ORDER_TOPIC_CONFIG', key: 'TopicTest' };
    await client.ask(100, { ...at, value: 'old' });
    expect(await client.ask(100, { ...at, value: 'broker-a:4' })).toMatchObject({ code: 0, ext: undefined });
    expect(world.file(KV_FILE)).toBe('{"configTable":{"ORDER_TOPIC_CONFIG":{"TopicTest":"broker-a:4"}}}');
    expect(world.file(`${KV_FILE}.bak`)).toContain('"old"');
    await world.restart();
    expect((await (await world.client()).ask(101, at)).ext).toEqual({ value: 'broker-a:4' });
  });

  it('answers 22 for what is not there, and an emptied namespace with an empty table', async () => {
    const client = await (await World.start()).client();
    const at = { namespace: 'n', key: 'k' };
    expect(await client.ask(101, at)).toMatchObject({
      code: 22,
      remark: 'No config item, Namespace: n Key: k',
      ext: {},
    });
    expect(await client.ask(219, { namespace: 'n' })).toMatchObject({
      code: 22,
      remark: 'No config item, Namespace: n',
      ext: undefined,
    });
    await client.ask(100, { ...at, value: 'v' });
    expect(json(await client.ask(219, { namespace: 'n' }))).toBe('{"table":{"k":"v"}}');
    expect((await client.ask(102, at)).code).toBe(0);
    expect((await client.ask(102, at)).code).toBe(0);
    expect(json(await client.ask(219, { namespace: 'n' }))).toBe('{"table":{}}');
  });

  it('changes nothing when the file cannot be written, and says so', async () => {
    const world = await World.start();
    const client = await world.client();
    const at = { namespace: 'n', key: 'k' };
    await client.ask(100, { ...at, value: 'old' });
    const refused = { code: 1, remark: 'kvConfig.json could not be written (ENOSPC), nothing was changed' };
    world.failWrites();
    expect(await client.ask(100, { ...at, value: 'new' })).toMatchObject(refused);
    expect(await client.ask(102, at)).toMatchObject(refused);
    expect(await client.ask(102, { ...at, key: 'absent' })).toMatchObject({ code: 0 });
    expect((await client.ask(101, at)).ext).toEqual({ value: 'old' });
    expect(world.file(KV_FILE)).toBe('{"configTable":{"n":{"k":"old"}}}');
  });
});

describe('settings (318, 319)', () => {
  it('gives all settings and the unknown keys of the file', async () => {
    const client = await (await World.start()).client();
    const text = json(await client.ask(319));
    expect(text.split('\n')).toEqual(
      expect.arrayContaining([
        'orderMessageEnable=false',
        'listenPort=9876',
        'unknownKey=kept',
        `kvConfigPath=${KV_FILE}`,
      ]),
    );
  });

  it('changes a setting at once and writes only that key, comments kept', async () => {
    const world = await World.start();
    const file = world.fs;
    file.mkdir('/home/test/namesrv');
    const before = '# mine\norderMessageEnable=false\nother=1 \n';
    const handle = file.open(CONFIG_FILE, 'create');
    handle.pwrite(Buffer.from(before), 0, before.length, 0);
    handle.close();
    const client = await world.client();
    expect((await client.ask(318, {}, { body: 'orderMessageEnable=true\nnoSuchKey=1\n' })).code).toBe(0);
    expect(world.configs.namesrvConfig.orderMessageEnable).toBe(true);
    expect(world.file(CONFIG_FILE)).toBe('# mine\norderMessageEnable=true\nother=1 \n');
  });

  it('refuses paths and changes nothing then', async () => {
    const world = await World.start();
    const client = await world.client();
    for (const key of ['kvConfigPath', 'configStorePath', 'rocketmqHome']) {
      const reply = await client.ask(318, {}, { body: `orderMessageEnable=true\n${key}=/tmp/evil\n` });
      expect([reply.code, reply.remark]).toEqual([1, `${key} can only be changed in the file`]);
    }
    expect(world.configs.namesrvConfig.orderMessageEnable).toBe(false);
    expect(world.file(CONFIG_FILE)).toBeUndefined();
  });

  it('changes nothing when the file cannot be written, and says so', async () => {
    const world = await World.start();
    const client = await world.client();
    world.failWrites();
    expect(await client.ask(318, {}, { body: 'orderMessageEnable=true' })).toMatchObject({
      code: 1,
      remark: 'the settings could not be written (ENOSPC), nothing was changed',
    });
    expect(world.configs.namesrvConfig.orderMessageEnable).toBe(false);
  });

  it('takes no body as nothing to do, and refuses what is no properties text', async () => {
    const client = await (await World.start()).client();
    expect((await client.ask(318)).code).toBe(0);
    const reply = await client.ask(318, {}, { body: 'a=\\u12' });
    expect([reply.code, reply.remark]).toEqual([1, 'string2Properties error']);
  });
});

it('answers a code it does not serve at once', async () => {
  const client = await (await World.start()).client();
  expect(await client.ask(999)).toMatchObject({ code: 3, remark: ' request type 999 not supported', ext: undefined });
  expect((await client.ask(34)).code).toBe(3);
});
