import { describe, expect, it } from 'vitest';
import { ClusterFixture } from '../../../testing/cluster-fixture.ts';

/** Without a file of -c, as a test starts it. */
const FILE = '/store/config/broker.properties';

async function setUp() {
  const { broker, namesrv } = await ClusterFixture.start();
  const client = await broker.client();
  const update = async (body: string): Promise<(number | string | undefined)[]> => {
    const { code, remark, ext } = await client.ask(25, {}, { body });
    expect(ext).toBeUndefined();
    return [code, remark];
  };
  const file = (): string | undefined => broker.fs.readFile(FILE, 2 ** 20)?.toString('latin1');
  return { broker, namesrv, client, update, file };
}

describe('an update of settings (25)', () => {
  it('works at once, is written, told by 26 and counted, and logged with who asked', async () => {
    const { broker, client, update, file } = await setUp();
    const before = await client.ask(26);
    await broker.advance(1000);
    expect(await update('autoCreateTopicEnable=false\n')).toEqual([0, expect.stringMatching(/only with -c$/)]);
    expect(broker.configs.brokerConfig.autoCreateTopicEnable).toBe(false);
    expect(file()).toBe('autoCreateTopicEnable=false\n');
    const { ext, body } = await client.ask(26);
    expect(body.toString()).toContain('\nautoCreateTopicEnable=false\n');
    expect(before.ext?.['version']).toMatch(/^{"counter":0,"timestamp":\d+}$/);
    expect(ext?.['version']).toBe(`{"counter":1,"timestamp":${broker.clock.now()}}`);
    const line = broker.log.lines.find(({ text }) => text === 'settings were updated');
    expect(line?.fields).toMatchObject({ by: expect.any(String), changed: [['autoCreateTopicEnable', 'false']] });
  });

  it('tells what waits for a restart', async () => {
    const { broker, update } = await setUp();
    expect(await update('brokerName=other\n')).toEqual([
      0,
      expect.stringMatching(/^in force after a restart: brokerName;/),
    ]);
    expect(broker.configs.brokerConfig.brokerName).toBe('broker-a');
  });

  it('without a body is done, and with one that is no properties text refused', async () => {
    const { client, update } = await setUp();
    expect(await client.ask(25)).toMatchObject({ code: 0, remark: undefined });
    expect(await update('a=\\u12')).toEqual([1, 'string2Properties error']);
  });

  it.each(['rocketmqHome=-c $@|sh . echo;', 'filterServerNums=1', 'storePathCommitLog=/x'])(
    'CVE-2023-33246: %s is refused beside anything else, and logged',
    async (line) => {
      const { broker, update, file } = await setUp();
      const remark = `${line.slice(0, line.indexOf('='))} can only be changed in the file`;
      expect(await update(`traceOn=false\n${line}\n`)).toEqual([1, remark]);
      expect([broker.configs.brokerConfig.traceOn, file()]).toEqual([true, undefined]);
      expect(broker.log.lines.map(({ text }) => text)).toContain('an update of settings was refused');
    },
  );

  it('of brokerPermission is told to the name servers at once', async () => {
    const { broker, namesrv, client, update } = await setUp();
    const asker = await namesrv.client();
    const route = async (): Promise<string> => (await asker.ask(105, { topic: 'TBW102' })).body.toString();
    expect(await route()).toContain('"perm":7');
    const version = async (): Promise<number> => {
      const text = (await client.ask(21)).body.toString();
      return (JSON.parse(text) as { dataVersion: { counter: number } }).dataVersion.counter;
    };
    const before = await version();
    expect((await update('brokerPermission=4\n'))[0]).toBe(0);
    await broker.settle();
    expect(await route()).toContain('"perm":4');
    expect(await version()).toBe(before + 1);
    expect(broker.state('topics.json')).toMatchObject({ dataVersion: { counter: before + 1 } });
  });
});

describe('a broker without access control', () => {
  const remark = 'this broker has no access control lists, aclEnable is false';

  it.each([
    [50, { accessKey: 'k', secretKey: 'secret123', admin: true }, 209],
    [51, { accessKey: 'k' }, 210],
    [53, { globalWhiteAddrs: '10.*' }, 211],
  ])('fails a change of accounts (%i) with the code of Java', async (code, fields, answer) => {
    const { client } = await setUp();
    expect(await client.ask(code, fields)).toMatchObject({ code: answer, remark });
  });

  it.each([52, 54])('answers a question for accounts (%i) at once', async (code) => {
    const { client } = await setUp();
    expect(await client.ask(code)).toMatchObject({ code: 3, remark });
  });
});
