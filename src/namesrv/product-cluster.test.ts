import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.ts';
import { NamesrvFixture, type NamesrvFixtureOptions } from '../../testing/namesrv-fixture.ts';
import { brokerFields, registrationBody } from '../../testing/requests.ts';
import { SimNetwork } from '../../testing/sim-network.ts';
import type { TestClient, TestReply } from '../../testing/test-client.ts';
import { defaultNamesrvConfigs } from '../config/configs.ts';

const PRODUCT_PORT = 9976;
const PRODUCT = `127.0.0.1:${PRODUCT_PORT}`;

/** A product name server that knows the topic Product, and one in the cluster test mode that asks it. */
async function setUp(namesrvAddr: string | undefined = PRODUCT, more: NamesrvFixtureOptions = {}) {
  const clock = new FakeClock();
  const net = new SimNetwork({ clock });
  const product = await NamesrvFixture.start({ net, clock, port: PRODUCT_PORT });
  const broker = await product.client();
  await register(broker, 'Product', '10.0.0.1:10911');
  const test = await NamesrvFixture.start({
    ...{ net, clock },
    ...more,
    settings: (configs) => {
      configs.namesrvConfig.clusterTest = true;
      Object.assign(configs.productEnvironment, { namesrvAddr });
    },
  });
  const client = await test.client();
  return { clock, product, broker, test, client, net };
}

async function register(client: TestClient, topic: string, brokerAddr: string): Promise<void> {
  const body = registrationBody({ topics: { [topic]: {} } });
  expect((await client.ask(103, brokerFields({ brokerAddr }), { body })).code).toBe(0);
}

function route(client: TestClient, topic: string): Promise<TestReply> {
  return client.ask(105, { topic });
}

describe('a name server in the cluster test mode', () => {
  it('gives the route of the product environment for a topic that nobody registered here', async () => {
    const { broker, client } = await setUp();
    const there = await route(broker, 'Product');
    const here = await route(client, 'Product');
    expect(here).toEqual(there);
    expect([here.code, here.body.toString()]).toEqual([0, expect.stringContaining('10.0.0.1:10911')]);
  });

  it('gives its own route first, with the order configuration whatever orderMessageEnable says', async () => {
    const { client, broker } = await setUp();
    await register(broker, 'Own', '10.0.0.1:10911');
    await register(client, 'Own', '10.0.0.2:10911');
    await client.ask(100, { namespace: 'ORDER_TOPIC_CONFIG', key: 'Own', value: 'broker-a:4' });
    const text = (await route(client, 'Own')).body.toString();
    expect(text).toContain('10.0.0.2:10911');
    expect(text).not.toContain('10.0.0.1:10911');
    expect(text).toContain('"orderTopicConf":"broker-a:4"');
  });

  it('answers as ever when nobody knows the topic, and quotes keys when asked to', async () => {
    const { client, broker } = await setUp();
    expect(await route(client, 'None')).toEqual(await route(broker, 'None'));
    const quoted = await client.ask(105, { topic: 'Product', acceptStandardJsonOnly: 'true' });
    expect(quoted.body.toString()).toContain('{"0":"10.0.0.1:10911"}');
  });

  it('asks the next name server when one cannot be reached, and is done after five seconds', async () => {
    const { client } = await setUp(`127.0.0.1:1; ${PRODUCT};`);
    expect((await route(client, 'Product')).code).toBe(0);
    const silent = await setUp('127.0.0.1:1');
    const opaque = silent.client.send(105, { topic: 'Product' });
    await silent.test.advance(6000);
    expect(silent.client.replyTo(opaque)?.code).toBe(17);
  });

  it('does not ask for ever when name servers in this mode name each other, or themselves', async () => {
    const { client, test } = await setUp('127.0.0.1:9876');
    expect((await route(client, 'Nowhere')).code).toBe(17);
    expect(test.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('looks the name servers up at the address server when nobody names them', async () => {
    const asked: string[] = [];
    const answers = ['', `${PRODUCT}\r\nsecond line`];
    const fetchText = async (url: string): Promise<string> => {
      asked.push(url);
      const answer = answers.shift();
      if (answer === undefined) throw new Error('gone');
      return answer;
    };
    const { client, test } = await setUp('', { fetchText });
    expect((await route(client, 'Product')).code).toBe(17);
    await test.advance(10_000);
    expect((await route(client, 'Product')).code).toBe(0);
    await test.advance(120_000);
    expect(asked).toEqual(Array(3).fill('http://jmenv.tbsite.net:8080/rocketmq/nsaddr-center?nofix=1'));
    await test.stop();
    await test.advance(240_000);
    expect(asked).toHaveLength(3);
  });

  it('asks once for a topic that many ask for', async () => {
    const { client, clock, net, product } = await setUp();
    await product.stop();
    let asked = 0;
    const listener = await net.listen({ host: '127.0.0.1', port: PRODUCT_PORT, maxConnections: 4 }, (socket) => {
      socket.setEvents({ onData: () => asked++, onDrain() {}, onClose() {} });
    });
    const opaques = [1, 2, 3].map(() => client.send(105, { topic: 'Product' }));
    await clock.advanceAsync(6000, 500);
    expect(opaques.map((opaque) => client.replyTo(opaque)?.code)).toEqual([17, 17, 17]);
    expect(asked).toBe(1);
    await listener.close();
  });
});

it('the address of the product environment is that of the process', () => {
  const environment = { homeDir: '/h', hostName: 'h', localAddress: '127.0.0.1', cpuCount: 1 };
  const of = (variables: Record<string, string>, systemProperties: Record<string, string>) =>
    defaultNamesrvConfigs({ ...environment, variables, systemProperties }).productEnvironment;
  expect(of({ NAMESRV_ADDR: 'a:1' }, {})).toMatchObject({ namesrvAddr: 'a:1' });
  expect(of({ NAMESRV_ADDR: 'a:1' }, { 'rocketmq.namesrv.addr': 'b:1' })).toMatchObject({ namesrvAddr: 'b:1' });
  const domain = { 'rocketmq.namesrv.domain': 'ns.example:80', 'rocketmq.namesrv.domain.subgroup': 'x' };
  expect(of({}, domain).addressServerUrl).toBe('http://ns.example:80/rocketmq/x');
});
