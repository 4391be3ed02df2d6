import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.ts';
import type { MemFs } from '../../testing/mem-fs.ts';
import { openTestStore, testProc } from '../../testing/store-fixture.ts';
import { flip, javaStore, ourStore } from '../../testing/store-images.ts';
import { runStoreCommand } from './store-command.ts';

const environment = {
  homeDir: '/home/test',
  variables: {},
  systemProperties: {},
  hostName: 'host',
  localAddress: '127.0.0.1',
  cpuCount: 2,
};

/** Runs a command line on a file system in memory. */
async function run(fs: MemFs, line: string, proc = testProc()) {
  const out: string[] = [];
  const err: string[] = [];
  const exitCode = await runStoreCommand(line.split(' '), {
    fs,
    clock: new FakeClock(),
    environment,
    proc,
    out: (text) => out.push(text),
    err: (text) => err.push(text),
  });
  return { exitCode, out, err };
}

const LOG0 = '/store/commitlog/00000000000000000000';

describe('wenchang store', () => {
  it('verify: 0 and one line without damage, 1 and the first damage on the first line with it', async () => {
    const fs = javaStore();
    const clean = await run(fs, 'verify /store');
    expect(clean).toMatchObject({ exitCode: 0, out: [expect.stringMatching(/^no damage: 1965 records in 2 files/)] });
    expect(clean.err[0]).toContain('assumed: mappedFileSizeCommitLog=1048576, from the files');
    flip(fs, LOG0, 100);
    const damaged = await run(fs, 'verify /store');
    expect(damaged.exitCode).toBe(1);
    expect(damaged.out[0]).toContain('commitlog/00000000000000000000:0: no intact record at physical offset 0');
    expect(damaged.out.at(-1)).toMatch(/^\d+ damages: 1964 records/);
  });

  it('verify: takes sizes from the settings, and shows at most 100 damages unless told to show all', async () => {
    const fs = javaStore();
    const sizes =
      'mappedFileSizeCommitLog=2097152\nmappedFileSizeConsumeQueue=6000\nmaxHashSlotNum=500\nmaxIndexNum=1500';
    fs.install('/broker.conf', Buffer.from(sizes));
    const { exitCode, out, err } = await run(fs, 'verify /store --config /broker.conf');
    expect([exitCode, err]).toEqual([1, []]);
    expect(out[0]).toContain('the file has 1048576 bytes in place of 2097152');
    for (let at = 0; at < 150; at += 1) flip(fs, '/store/consumequeue/FxOneQueue/0/00000000000000000000', at * 20 + 11);
    expect((await run(fs, 'verify /store')).out[100]).toMatch(/^and \d+ more; --all shows them$/);
    expect((await run(fs, 'verify /store --all')).out.length).toBeGreaterThan(150);
  });

  it('dump: records of a queue, as lines and as JSON', async () => {
    const fs = await ourStore();
    const lines = await run(fs, 'dump /store --topic TopicA --queue 1 --limit 2');
    expect(lines.out).toHaveLength(2);
    expect(lines.out[0]).toContain('TopicA-1 #0');
    expect(lines.out[0]).toContain('UNIQ_KEY=u1-0  KEYS=k0 shared  TAGS=tag0');
    const json = await run(fs, 'dump /store log --json --from 4096 --to 4096');
    expect(JSON.parse(json.out[0] ?? '')).toMatchObject({ topic: 'TopicA', physicalOffset: 4096, flag: 7 });
    expect(json.out).toHaveLength(1);
  });

  it('dump: queues, index, checkpoint, state', async () => {
    const fs = javaStore();
    const queues = await run(fs, 'dump /store queues --topic FxPlain --queue 0 --from 5 --to 6');
    expect(queues.out).toEqual([
      'FxPlain-0 #5  at 7408  305 bytes  tagsCode 2598902',
      'FxPlain-0 #6  at 8671  467 bytes  tagsCode 2598906',
    ]);
    expect((await run(fs, 'dump /store index')).out[0]).toContain('hashSlotCount 1499  indexCount 1500');
    expect((await run(fs, 'dump /store index --keys --limit 2')).out[1]).toContain('hash 235132799  at 0');
    expect((await run(fs, 'dump /store checkpoint')).out[0]).toContain('physicMsgTimestamp  1795354367349');
    expect((await run(fs, 'dump /store state')).out).toContainEqual(expect.stringContaining('"offsetTable":{'));
  });

  it('repair: says what it would do, then does it', async () => {
    const fs = await ourStore();
    flip(fs, '/store/consumequeue/TopicA/0/00000000000000000000', 27);
    const planned = await run(fs, 'repair /store');
    expect(planned).toMatchObject({
      exitCode: 1,
      out: [expect.stringMatching(/^would /), '1 steps; --write does them'],
    });
    expect((await run(fs, 'repair /store --write')).exitCode).toBe(0);
    expect((await run(fs, 'verify /store')).exitCode).toBe(0);
  });

  it('compare: 0 when equal, 1 with a line for each difference', async () => {
    const fs = javaStore();
    for (const path of fs.files()) {
      if (path.startsWith('/store/'))
        fs.install(`/other${path.slice('/store'.length)}`, fs.readFile(path, 1e8) ?? Buffer.alloc(0));
    }
    expect((await run(fs, 'compare /store /other')).exitCode).toBe(0);
    flip(fs, '/other/commitlog/00000000000000000000', 100);
    const { exitCode, out } = await run(fs, 'compare /store /other');
    expect(exitCode).toBe(1);
    expect(out[0]).toContain('commitlog/00000000000000000000:100: BODY of the record at 0');
  });

  it('refuses the directory of a running broker, unless it is told to read it', async () => {
    const fs = await ourStore();
    const { store } = openTestStore(fs, '/store');
    const proc = { ...testProc(), startTimeOf: (pid: number) => String(pid) };
    const refused = await run(fs, 'verify /store', proc);
    expect(refused).toMatchObject({ exitCode: 2, out: [] });
    expect(refused.err[0]).toContain('is in use: process');
    expect((await run(fs, 'verify /store --force-read', proc)).exitCode).toBeLessThan(2);
    expect((await run(fs, 'repair /store --write --force-read', proc)).exitCode).toBe(2);
    await store.shutdown();
  });

  it.each([
    '',
    'bogus /store',
    'verify',
    'dump /store nothing',
    'verify /store --nope',
    'verify /absent',
    'verify /empty',
  ])('exits 2 for the command line "%s"', async (line) => {
    const fs = javaStore();
    fs.mkdir('/empty');
    const { exitCode, err } = await run(fs, line);
    expect(exitCode).toBe(2);
    expect(err.join('\n')).not.toBe('');
  });
});
