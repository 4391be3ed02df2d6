import { describe, expect, it } from 'vitest';
import { BrokerFixture, topicOf, topicsFile } from '../../testing/broker-fixture.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { FaultFs } from '../../testing/fault-fs.ts';
import { NamesrvFixture } from '../../testing/namesrv-fixture.ts';
import { FrameClient } from '../../testing/remoting-fixture.ts';
import { sendFields, topicFields } from '../../testing/requests.ts';
import { SimNetwork } from '../../testing/sim-network.ts';
import type { TestClient } from '../../testing/test-client.ts';
import { decodeRegisterBrokerBody } from '../codec/bodies/register-broker.ts';
import { DecodeError } from '../codec/fast-json.ts';
import { encodeCommand, FLAG_ONEWAY, FLAG_RESPONSE, type RemotingCommand } from '../codec/remoting-command.ts';
import { bodyCrc } from '../util/crc32.ts';

/** A name server and a broker that knows it. */
async function setUp(options: ConstructorParameters<typeof BrokerFixture>[0] = {}) {
  const clock = new FakeClock();
  const net = new SimNetwork({ clock });
  const namesrv = await NamesrvFixture.start({ net, clock });
  const broker = await BrokerFixture.start({
    ...options,
    net,
    clock,
    settings: (configs) => {
      configs.brokerConfig.namesrvAddr = '127.0.0.1:9876';
      options.settings?.(configs);
    },
  });
  return { broker, namesrv, client: await broker.client(), asker: await namesrv.client() };
}

/** The queues of a topic's route as `broker read/write perm`, or the code of the refusal. */
async function route(asker: TestClient, topic: string): Promise<unknown> {
  const { code, body } = await asker.ask(105, { topic, acceptStandardJsonOnly: true });
  if (code !== 0) return code;
  const { queueDatas } = JSON.parse(body.toString()) as { queueDatas: Record<string, unknown>[] };
  return queueDatas.map(
    (queue) => `${queue['brokerName']} ${queue['readQueueNums']}/${queue['writeQueueNums']} ${queue['perm']}`,
  );
}

/** A name server that answers everything and remembers what it was asked. */
class Listener {
  readonly commands: RemotingCommand[] = [];
  /** What 322 answers, and the code of every answer. */
  changed = 'true';
  code = 0;
  /** True: says nothing, as a name server that hangs. */
  silent = false;

  constructor(net: SimNetwork, port = 9876) {
    void net.listen({ port, maxConnections: 8 }, (socket) => {
      const frames = new FrameClient(socket);
      const received = frames.received;
      received.push = (...commands) => {
        for (const command of commands) this.#take(command, (answer) => socket.write(answer));
        return 0;
      };
    });
  }

  /** Codes so far, oneway ones with a mark; forgets them. */
  take(): string[] {
    return this.commands.splice(0).map(({ code, flag }) => ((flag & FLAG_ONEWAY) === 0 ? `${code}` : `${code} oneway`));
  }

  /** The topics of the newest registration. */
  get topics(): string[] {
    const last = this.commands.findLast(({ code }) => code === 103);
    const decoded = decodeRegisterBrokerBody(
      last?.body ?? Buffer.alloc(0),
      last?.extFields?.get('compressed') === 'true',
    );
    if (decoded instanceof DecodeError) throw new Error(decoded.message);
    return [...decoded.topicConfigSerializeWrapper.topicConfigTable.keys()];
  }

  #take(command: RemotingCommand, send: (answer: Buffer) => void): void {
    this.commands.push(command);
    if (this.silent || (command.flag & FLAG_ONEWAY) !== 0) return;
    const extFields = command.code === 322 ? new Map([['changed', this.changed]]) : undefined;
    const body = command.code === 322 ? command.body : undefined;
    const { code } = this;
    const remark = code === 0 ? undefined : 'no';
    send(encodeCommand({ code, remark, version: 333, opaque: command.opaque, flag: FLAG_RESPONSE, extFields, body }));
  }
}

/** A broker whose name server only listens. */
async function withListener(settings: (broker: BrokerFixture['configs']['brokerConfig']) => void = () => {}) {
  const clock = new FakeClock();
  const net = new SimNetwork({ clock });
  const listener = new Listener(net);
  const broker = new BrokerFixture({
    net,
    clock,
    settings: ({ brokerConfig }) => {
      brokerConfig.namesrvAddr = '127.0.0.1:9876';
      settings(brokerConfig);
    },
  });
  await broker.start();
  return { broker, listener, client: await broker.client() };
}

describe('a registration', () => {
  it('is made before the start is over, and makes topics routable', async () => {
    const { asker } = await setUp();
    expect(await route(asker, 'TBW102')).toEqual(['broker-a 8/8 7']);
    const { body } = await asker.ask(106);
    expect(body.toString()).toBe(
      '{"brokerAddrTable":{"broker-a":{"brokerAddrs":{0:"127.0.0.1:10911"},"brokerName":"broker-a",' +
        '"cluster":"DefaultCluster"}},"clusterAddrTable":{"DefaultCluster":["broker-a"]}}',
    );
  });

  it('is checked by a checksum of the body', async () => {
    const { listener } = await withListener();
    const [first] = listener.commands;
    const body = first?.body as Buffer;
    expect(Object.fromEntries(first?.extFields ?? [])).toEqual({
      brokerName: 'broker-a',
      brokerAddr: '127.0.0.1:10911',
      clusterName: 'DefaultCluster',
      haServerAddr: '127.0.0.1:10912',
      brokerId: '0',
      compressed: 'false',
      bodyCrc32: String(bodyCrc(body, 0, body.length)),
    });
  });

  it('comes again 10 s after the start and every 30 s from then on', async () => {
    const { broker, listener } = await withListener();
    expect(listener.take()).toEqual(['103']);
    await broker.advance(9999);
    expect(listener.take()).toEqual([]);
    await broker.advance(1);
    expect(listener.take()).toEqual(['103']);
    await broker.advance(29_999);
    expect(listener.take()).toEqual([]);
    await broker.advance(1);
    expect(listener.take()).toEqual(['103']);
  });

  it('can be compressed', async () => {
    const { listener, broker } = await withListener((config) => {
      config.compressedRegister = true;
    });
    expect(listener.commands[0]?.body?.readUInt16BE(0)).toBe(0x78da);
    expect(listener.topics).toContain('TBW102');
    expect(broker.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('has the rights of the broker where it has not all', async () => {
    const { asker } = await setUp({
      settings: ({ brokerConfig }) => Object.assign(brokerConfig, { brokerPermission: 4 }),
    });
    expect(await route(asker, 'TBW102')).toEqual(['broker-a 8/8 4']);
  });

  it('asks first when forceRegister is off, and comes only when something changed or nobody knows', async () => {
    const { broker, listener } = await withListener((config) => {
      config.forceRegister = false;
      // The first check of half messages makes their topic, which would be registered.
      config.transactionCheckInterval = 3_600_000;
    });
    expect(listener.take()).toEqual(['103']);
    await broker.advance(10_000);
    expect(listener.take()).toEqual(['322', '103']);
    listener.changed = 'false';
    await broker.advance(30_000);
    expect(listener.commands[0]?.extFields?.has('haServerAddr')).toBe(false);
    expect(listener.take()).toEqual(['322']);
    listener.silent = true;
    await broker.advance(36_000);
    expect(listener.take()).toEqual(['322', '103']);
  });

  it('leaves out names of an old store that are no safe path', async () => {
    const files = { 'topics.json': topicsFile(topicOf('../up'), topicOf('my.topic')) };
    const { broker, asker } = await setUp({ files });
    expect([await route(asker, 'my.topic'), await route(asker, '../up')]).toEqual([['broker-a 4/4 6'], 17]);
    expect(broker.log.lines.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  it('that is refused is told in the log', async () => {
    const { broker, listener } = await withListener();
    listener.code = 1;
    await broker.advance(10_000);
    const refusals = broker.log.lines.filter(({ text }) => text === 'a name server refused the registration');
    expect(refusals.map(({ fields }) => fields)).toEqual([{ nameServer: '127.0.0.1:9876', code: 1, remark: 'no' }]);
  });

  it('goes to every name server, and to those that are there when one is not', async () => {
    const clock = new FakeClock();
    const net = new SimNetwork({ clock });
    net.unreachable.add('10.9.9.9');
    const [first, second] = [new Listener(net, 9876), new Listener(net, 9877)];
    const broker = await BrokerFixture.start({
      net,
      clock,
      settings: ({ brokerConfig }) => {
        brokerConfig.namesrvAddr = '127.0.0.1:9876; 10.9.9.9:9876;127.0.0.1:9877';
      },
    });
    expect([first.take(), second.take()]).toEqual([['103'], ['103']]);
    const warnings = broker.log.lines.filter(({ text }) => text === 'a name server could not be reached');
    expect(warnings.map(({ fields }) => fields['nameServer'])).toEqual(['10.9.9.9:9876']);
  });

  it('that is not answered does not keep the broker from starting', async () => {
    const clock = new FakeClock();
    const net = new SimNetwork({ clock });
    new Listener(net).silent = true;
    const broker = await BrokerFixture.start({
      net,
      clock,
      settings: ({ brokerConfig }) => Object.assign(brokerConfig, { namesrvAddr: '127.0.0.1:9876' }),
    });
    expect((await (await broker.client()).ask(10, sendFields())).code).toBe(0);
  });

  it('is not made without a name server', async () => {
    const broker = await BrokerFixture.start();
    await broker.advance(60_000);
    expect(broker.log.lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  });
});

describe('a change of topics', () => {
  it('by a first message is registered oneway, all topics, before the message is answered', async () => {
    const { listener, client } = await withListener();
    listener.take();
    const reply = await client.ask(10, sendFields({ topic: 'New' }));
    expect([reply.code, listener.topics.includes('New'), listener.topics.includes('TBW102')]).toEqual([0, true, true]);
    expect(listener.take()).toEqual(['103 oneway']);
  });

  it('makes the topic routable at once', async () => {
    const { client, asker } = await setUp();
    await client.ask(10, sendFields({ topic: 'New' }));
    expect(await route(asker, 'New')).toEqual(['broker-a 4/4 6']);
  });

  it('by an administrator is registered alone and answered for, with the full version', async () => {
    const { broker, listener, client } = await withListener();
    listener.take();
    await client.ask(17, topicFields({ topic: 'New' }));
    await broker.settle();
    expect(listener.topics).toEqual(['New']);
    expect(listener.commands[0]?.body?.toString()).toContain('"dataVersion":{"counter":1,');
    expect(listener.take()).toEqual(['103']);
  });

  it('in one turn is one registration of all', async () => {
    const { broker, listener, client } = await withListener();
    listener.take();
    for (const topic of ['A', 'B', 'C']) client.send(10, sendFields({ topic }));
    await broker.settle();
    expect(['A', 'B', 'C'].filter((topic) => !listener.topics.includes(topic))).toEqual([]);
    expect(listener.take()).toHaveLength(1);
  });
});

describe('the order of topics', () => {
  it('is taken from the answer: listed topics are ordered, the others are not', async () => {
    const { broker, namesrv, asker } = await setUp({
      files: { 'topics.json': topicsFile(topicOf('T'), topicOf('Was', { order: true })) },
    });
    await asker.ask(100, { namespace: 'ORDER_TOPIC_CONFIG', key: 'T', value: 'broker-a:4' });
    await broker.advance(10_000);
    expect(broker.state('topics.json')).toMatchObject({
      topicConfigTable: { T: { order: true }, Was: { order: false } },
    });
    await namesrv.settle();
  });

  it('that cannot be saved does not keep the broker from starting', async () => {
    const { broker, asker } = await setUp({ files: { 'topics.json': topicsFile(topicOf('T')) } });
    await asker.ask(100, { namespace: 'ORDER_TOPIC_CONFIG', key: 'T', value: 'broker-a:4' });
    await broker.stop();
    const second = new BrokerFixture({
      net: broker.net,
      clock: broker.clock,
      settings: ({ brokerConfig }) => Object.assign(brokerConfig, { namesrvAddr: '127.0.0.1:9876' }),
      files: { 'topics.json': topicsFile(topicOf('T')) },
      wrapFs: (fs) => {
        const faults = new FaultFs(fs);
        faults.fail({ operation: 'open', path: /topics\.json\.tmp$/, code: 'EROFS', times: 9 });
        return faults;
      },
    });
    await second.start();
    expect(second.log.lines.map(({ text }) => text)).toContain('registration failed');
    expect(second.state('topics.json')).toEqual(topicsFile(topicOf('T')));
    expect((await (await second.client()).ask(10, sendFields())).code).toBe(0);
  });

  it('stays when the answer has none', async () => {
    const { broker } = await setUp({ files: { 'topics.json': topicsFile(topicOf('Was', { order: true })) } });
    await broker.advance(40_000);
    expect(broker.state('topics.json')).toMatchObject({ topicConfigTable: { Was: { order: true } } });
  });
});

describe('an address server', () => {
  const settings = ({ brokerConfig, addressServerConfig }: BrokerFixture['configs']): void => {
    brokerConfig.fetchNamesrvAddrByAddressServer = true;
    addressServerConfig.rmqAddressServerDomain = 'addresses.example';
    addressServerConfig.rmqAddressServerSubGroup = 'group-1';
  };

  it('is asked after 10 s and every 2 min; what its first line names is registered at', async () => {
    const clock = new FakeClock();
    const net = new SimNetwork({ clock });
    const listener = new Listener(net);
    const urls: string[] = [];
    const fetchText = (url: string): Promise<string> => {
      urls.push(url);
      if (urls.length < 2) return Promise.reject(new Error('not now'));
      return Promise.resolve('\n 127.0.0.1:9876 ;\n10.0.0.9:9876\n');
    };
    const broker = await BrokerFixture.start({ net, clock, fetchText, settings });
    await broker.advance(10_000);
    expect([urls, listener.take()]).toEqual([['http://addresses.example:8080/rocketmq/group-1'], []]);
    await broker.advance(120_000);
    expect(urls).toHaveLength(2);
    await broker.advance(30_000);
    expect(listener.take()).toEqual(['103']);
  });

  it('is not asked when name servers are set', async () => {
    const { broker } = await setUp({
      settings,
      fetchText: () => Promise.reject(new Error('asked')),
    });
    await broker.advance(200_000);
    expect(broker.log.lines.filter(({ text }) => text.startsWith('the address server'))).toEqual([]);
  });
});

describe('the end of a registration', () => {
  it('is told to every name server at a stop, after the store is closed', async () => {
    const { broker, listener } = await withListener();
    listener.take();
    const abort = '/store/abort';
    expect(broker.fs.files()).toContain(abort);
    const seen: boolean[] = [];
    listener.commands.push = (...commands) => {
      seen.push(...commands.map(() => broker.fs.files().includes(abort)));
      return Array.prototype.push.apply(listener.commands, commands);
    };
    await broker.stop();
    expect([listener.take(), seen]).toEqual([['104'], [false]]);
  });

  it('is not told by a broker that could not start, because the address may be that of another', async () => {
    const { broker, namesrv, asker } = await setUp();
    const second = new BrokerFixture({
      net: broker.net,
      clock: broker.clock,
      settings: ({ brokerConfig }) => Object.assign(brokerConfig, { namesrvAddr: '127.0.0.1:9876' }),
    });
    await expect(second.start()).rejects.toThrow('port 10911 is taken');
    await namesrv.settle();
    expect(await route(asker, 'TBW102')).toEqual(['broker-a 8/8 7']);
  });

  it('is waited for 3 s at the most', async () => {
    const { broker, listener } = await withListener();
    listener.silent = true;
    const before = broker.clock.now();
    await broker.stop();
    expect(broker.clock.now() - before).toBeLessThanOrEqual(3100);
    expect(listener.take().at(-1)).toBe('104');
  });

  it('ends the timers: nothing is registered afterwards', async () => {
    const { broker, listener } = await withListener();
    await broker.stop();
    listener.take();
    await broker.advance(120_000);
    expect(listener.take()).toEqual([]);
  });
});
