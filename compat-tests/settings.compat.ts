import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { takePorts } from '../testing/ports.ts';
import { isMissing, type Kind, openWorkspace, type Server, startBroker, startNamesrv } from './peer/peer.ts';
import { RawClient } from './peer/raw-client.ts';

/**
 * Settings changed under way (25, 318), told (26, 319) and kept over a restart, and the codes of accounts, here and in
 * Java 4.6.0. What is equal is compared; what differs on purpose (rows 17 and 80 of COMPATIBILITY.md) is shown from
 * both sides.
 */
const kinds = ['java', 'wenchang'] as const;

const FILE = `# Settings of this broker, do not lose this line.
brokerName = broker-a
! permission
brokerPermission: 6

mine=1
`;

/** What one side did, step by step. */
interface Side {
  /** Answers and effects that have to be equal. */
  readonly steps: Map<string, string>;
  /** The file after the updates. */
  file: string;
  /** `code remark` of what Java takes and ours refuses. */
  readonly refused: string[];
  readonly accounts: string[];
}

describe.skipIf(isMissing('java'))('settings changed under way, here and in Java', () => {
  const workspace = openWorkspace('settings');
  const servers: Server[] = [];
  const sides = new Map<Kind, Side>();

  beforeAll(async () => {
    for (const kind of kinds) sides.set(kind, await run(kind));
  });

  afterAll(async () => {
    for (const server of servers) await server.stop();
    workspace.close();
  });

  async function run(kind: Kind): Promise<Side> {
    const ports = await takePorts();
    const namesrv = await startNamesrv({ kind, workspace, port: ports.namesrvPort });
    servers.unshift(namesrv);
    const conf = confFile(kind, ports.listenPort, namesrv.address);
    const options = { kind, workspace, port: ports.listenPort, namesrv: namesrv.address, name: kind, conf };
    const broker = await startBroker(options);
    const side: Side = { steps: new Map(), file: '', refused: [], accounts: [] };
    try {
      await updates(side, broker.address, namesrv.address);
      // The harness gives Java a copy.
      side.file = readFileSync(kind === 'java' ? join(workspace.dir, 'etc', `${kind}.properties`) : conf, 'utf8');
      await accounts(side, broker.address);
      if (kind === 'wenchang') await refusals(side, broker.address, namesrv.address);
    } finally {
      await broker.stop();
    }
    const again = await startBroker(options);
    servers.push(again);
    const client = await RawClient.connect(again.address);
    side.steps.set('after a restart', settingsIn((await client.request(26, {})).body, ['maxMessageSize', 'regionId']));
    client.close();
    return side;
  }

  function confFile(kind: Kind, port: number, namesrv: string): string {
    const dir = join(workspace.dir, 'conf');
    mkdirSync(dir, { recursive: true });
    const store = join(workspace.dir, `store-${kind}`);
    const own = `brokerIP1=127.0.0.1\nlistenPort=${port}\nnamesrvAddr=${namesrv}\nmappedFileSizeCommitLog=1048576\n`;
    const paths = `storePathRootDir=${store}\nstorePathCommitLog=${join(store, 'commitlog')}\n`;
    const file = join(dir, `${kind}.properties`);
    writeFileSync(file, `${FILE}${own}${paths}`);
    return file;
  }

  it('are answered, in force, told and counted alike, and still there after a restart', () => {
    const [java, ours] = kinds.map((kind) => [...(sides.get(kind)?.steps ?? [])]);
    expect(ours).toEqual(java);
    expect(java?.length).toBeGreaterThan(10);
  });

  it('stand in the file, which Java writes anew and ours leaves as it was', () => {
    const [java, ours] = kinds.map((kind) => sides.get(kind)?.file ?? '');
    const changed = ['brokerPermission=4', 'regionId=r2', 'maxMessageSize=65536', 'mine=2', 'traceOn=false'];
    for (const line of changed)
      expect([java?.split('\n'), ours?.split('\n')]).toEqual([
        expect.arrayContaining([line]),
        expect.arrayContaining([line]),
      ]);
    expect(java).not.toContain('do not lose this line');
    expect(java?.split('\n').length).toBeGreaterThan(150);
    expect(ours).toMatch(/^# Settings of this broker, do not lose this line\.\nbrokerName = broker-a\n! permission\n/);
    expect(ours?.split('\n')).toHaveLength(FILE.split('\n').length + 6 + 3);
  });

  it('that are paths, homes and processes are refused, on both servers (CVE-2023-33246, CVE-2023-37582)', () => {
    const only = (key: string): string => `1 ${key} can only be changed in the file`;
    expect(sides.get('wenchang')?.refused).toEqual([
      ...['rocketmqHome', 'filterServerNums', 'storePathRootDir', 'messageStorePlugIn'].map(only),
      ...['rocketmqHome', 'kvConfigPath', 'configStorePath'].map(only),
    ]);
  });

  it('are not accounts: those codes fail as without access control, at once', () => {
    const java = sides.get('java')?.accounts ?? [];
    expect(java.map((text) => text.replace(/ .*/s, ''))).toEqual(['209', '210', '211', 'silence', 'silence']);
    const remark = 'this broker has no access control lists, aclEnable is false';
    expect(sides.get('wenchang')?.accounts).toEqual([209, 210, 211, 3, 3].map((code) => `${code} ${remark}`));
  });
});

/** `key=value` of the named settings in the body of 26 or 319. */
function settingsIn(body: Buffer, keys: readonly string[]): string {
  const lines = body.toString('utf8').split('\n');
  return lines
    .filter((line) => keys.includes(line.slice(0, line.indexOf('='))))
    .sort()
    .join(' ');
}

async function updates({ steps }: Side, brokerAddress: string, namesrvAddress: string): Promise<void> {
  const broker = await RawClient.connect(brokerAddress);
  const namesrv = await RawClient.connect(namesrvAddress);
  const keys = ['brokerPermission', 'regionId', 'maxMessageSize', 'mine', 'traceOn', 'noSuchKey', 'syncFlushTimeout'];
  const update = async (name: string, body: string): Promise<void> => {
    const { code } = await broker.request(25, {}, Buffer.from(body));
    const told = await broker.request(26, {});
    const { counter } = JSON.parse(told.fields['version'] ?? '{}') as { counter?: number };
    steps.set(name, `${code}, version ${counter}: ${settingsIn(told.body, keys)}`);
  };
  await update('before', '');
  await update('live ones', 'regionId=r2\ntraceOn=false\n');
  await update('one for a restart', 'maxMessageSize=65536\n');
  await update('an unknown key', 'noSuchKey=1\n');
  await update('an unknown key of the file', 'mine=2\n');
  await update('a number that is none', 'syncFlushTimeout=soon\n');
  await update('the same again', 'regionId=r2\n');
  const odd = await broker.request(25, {}, Buffer.from('a=\\u12'));
  steps.set('no properties text', `${odd.code} ${odd.remark}`);
  await update('permission', 'brokerPermission=4\n');
  for (let tries = 0; tries < 600; tries++) {
    const route = (await namesrv.request(105, { topic: 'TBW102' })).body.toString();
    steps.set('permission in the route', /"perm":(\d)/.exec(route)?.[1] ?? route);
    if (steps.get('permission in the route') === '4') break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const ordered = async (): Promise<string> =>
    settingsIn((await namesrv.request(319, {})).body, ['orderMessageEnable']);
  steps.set('name server before', await ordered());
  const { code } = await namesrv.request(318, {}, Buffer.from('orderMessageEnable=true\nnoSuchKey=1\n'));
  steps.set('name server', `${code} ${await ordered()}`);
  broker.close();
  namesrv.close();
}

async function accounts(side: Side, address: string): Promise<void> {
  const client = await RawClient.connect(address);
  const ask = async (code: number, fields: Readonly<Record<string, string>>): Promise<void> => {
    const reply = await client.request(code, fields, undefined, 6000).catch(() => undefined);
    side.accounts.push(reply === undefined ? 'silence' : `${reply.code} ${reply.remark}`);
  };
  await ask(50, { accessKey: 'key1234', secretKey: 'secret123', admin: 'true' });
  await ask(51, { accessKey: 'key1234' });
  await ask(53, { globalWhiteAddrs: '10.10.*' });
  await Promise.all([ask(52, {}), ask(54, {})]);
  client.close();
}

async function refusals(side: Side, brokerAddress: string, namesrvAddress: string): Promise<void> {
  for (const [address, code, keys] of [
    [brokerAddress, 25, ['rocketmqHome', 'filterServerNums', 'storePathRootDir', 'messageStorePlugIn']],
    [namesrvAddress, 318, ['rocketmqHome', 'kvConfigPath', 'configStorePath']],
  ] as const) {
    const client = await RawClient.connect(address);
    for (const key of keys) {
      const value = key === 'filterServerNums' ? '1' : '-c $@|sh . echo touch /tmp/pwned;';
      const reply = await client.request(code, {}, Buffer.from(`${key}=${value}\n`));
      side.refused.push(`${reply.code} ${reply.remark}`);
    }
    client.close();
  }
}
