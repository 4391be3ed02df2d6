import { describe, expect, it } from 'vitest';
import { AdminFixture } from '../../testing/admin-fixture.ts';
import { type AdminCommandName, adminCommands } from './admin-commands.ts';
import { handlers } from './handlers.ts';
import { parseOptions } from './parse.ts';
import { usageOf } from './usage.ts';

const names = Object.keys(adminCommands) as AdminCommandName[];

describe('the table of commands', () => {
  it('has the 48 of mqadmin 4.6.0, each with a handler, no letter twice', () => {
    expect(names).toHaveLength(48);
    expect(new Set(names.map((name) => name.toUpperCase())).size).toBe(48);
    expect(Object.keys(handlers)).toEqual(names);
    for (const name of names) {
      const letters = Object.values(adminCommands[name].options).map(({ short }) => short);
      expect(new Set([...letters, 'h', 'n']).size, name).toBe(letters.length + 2);
    }
  });

  it('lets either options stand in pairs', () => {
    for (const name of names) {
      const either = Object.values(adminCommands[name].options).filter(({ need }) => need === 'either');
      expect([0, 2], name).toContain(either.length);
    }
  });
});

describe('mqadmin', () => {
  it('lists its commands, and explains one, whatever its case', async () => {
    const admin = await AdminFixture.start();
    const list = await admin.runWords([]);
    expect(list.out.slice(0, 2)).toEqual([
      'The most commonly used mqadmin commands are:',
      '   updateTopic          Update or create topic',
    ]);
    expect(list.out).toHaveLength(51);
    const help = await admin.runWords(['help', 'TOPICROUTE']);
    expect(help.out).toEqual([
      'usage: mqadmin topicRoute [-h] [-n <arg>] -t <arg> [--json]',
      ' -h,--help                Print help',
      ' -n,--namesrvAddr <arg>   Name server address list, eg: 192.168.0.1:9876;192.168.0.2:9876',
      ' -t,--topic <arg>         topic name',
      '    --json                Print the result as JSON',
    ]);
    expect((await admin.run('topicRoute', '-h')).out).toEqual(help.out);
    expect([list.exitCode, help.exitCode]).toEqual([0, 0]);
  });

  it('breaks long usages as Java does', () => {
    const lines = usageOf('updateTopic');
    expect(lines.slice(0, 3)).toEqual([
      'usage: mqadmin updateTopic -b <arg> | -c <arg>  [-h] [-n <arg>] [-o <arg>] [-p <arg>] [-r <arg>] [-s <arg>] -t',
      '       <arg> [-u <arg>] [-w <arg>] [--json]',
      ' -b,--brokerAddr <arg>       address of one broker',
    ]);
  });

  it.each([
    [['noSuch'], 'The sub command noSuch not exist.'],
    [['topicRoute'], 'mqadmin topicRoute: missing: -t (topic)'],
    [['topicRoute', '-t'], 'mqadmin topicRoute: an option is unknown or lacks its value'],
    [['topicRoute', '-t', 'T', '-x'], 'mqadmin topicRoute: an option is unknown or lacks its value'],
    [
      ['sendMessage', '-t', 'T', '-p', 'two', 'words'],
      'mqadmin sendMessage: words: no option takes this; are quotes missing?',
    ],
    [['updateTopic', '-t', 'T'], 'mqadmin updateTopic: give one of -b (brokerAddr) and -c (clusterName)'],
    [
      ['updateTopic', '-t', 'T', '-b', 'x:1', '-c', 'y'],
      'mqadmin updateTopic: give one of -b (brokerAddr) and -c (clusterName)',
    ],
    [
      ['updateTopic', '-t', 'T', '-b', 'x:1', '-r', '3000000000'],
      'mqadmin updateTopic: -r 3000000000: readQueueNums is a 32-bit integer',
    ],
    [['updateTopic', '-t', 'T', '-b', 'x:1', '-o', 'ture'], 'mqadmin updateTopic: -o ture: order is true or false'],
  ])('%j is not understood', async (words, line) => {
    const admin = await AdminFixture.start();
    const { exitCode, err, out } = await admin.run(...words);
    expect([exitCode, err]).toEqual([2, [line]]);
    if (words[0] !== 'noSuch') expect(out[0]).toMatch(/^usage: mqadmin /);
  });

  it('wants a name server, from -n or from the environment', async () => {
    const admin = await AdminFixture.start();
    expect(await admin.runWords(['topicRoute', '-t', 'T', '-n', ' ; '])).toMatchObject({
      exitCode: 2,
      err: ['mqadmin topicRoute: no name server: give -n host:port, or set NAMESRV_ADDR'],
    });
  });

  it('reads numbers, switches, and values as commons-cli does', () => {
    const run = (...words: string[]): unknown => parseOptions('updateTopic', words);
    expect(run('-t', ' T ', '--brokerAddr=b:1', '-r3', '-o', 'TRUE', '--json', '-n', 'a:1')).toEqual({
      kind: 'run',
      namesrvAddr: 'a:1',
      json: true,
      values: {
        brokerAddr: 'b:1',
        clusterName: undefined,
        order: true,
        perm: undefined,
        readQueueNums: 3,
        hasUnitSub: undefined,
        topic: 'T',
        unit: undefined,
        writeQueueNums: undefined,
      },
    });
    expect(parseOptions('clusterList', ['-m'])).toMatchObject({ values: { moreStats: true, interval: undefined } });
  });

  it('tells in one line what a server answered, and who could not be reached', async () => {
    const admin = await AdminFixture.start();
    expect(await admin.run('topicRoute', '-t', 'nobody')).toEqual({
      exitCode: 1,
      out: [],
      err: [
        'mqadmin topicRoute: CODE: 17  DESC: No topic route info in name server for the topic: nobody ' +
          '(TOPIC_NOT_EXIST from 127.0.0.1:9876)',
      ],
    });
    const dead = await admin.run('topicRoute', '-t', 'TBW102', '-n', '127.0.0.1:1');
    expect([dead.exitCode, dead.err]).toEqual([1, ['mqadmin topicRoute: connect to <127.0.0.1:1> failed']]);
    const second = await admin.run('topicRoute', '-t', 'TBW102', '-n', '127.0.0.1:1;127.0.0.1:9876');
    expect(second.exitCode).toBe(0);
  });
});
