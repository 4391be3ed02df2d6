import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shortSeed } from '../short-seed.ts';
import { PARTS } from './flips.ts';
import { reportLines, runBitFlips } from './run.ts';

const REPO = resolve(import.meta.dirname, '../..');

describe('single changed bits in a store directory', () => {
  it('are never served as good where the format lets a reader see them', { timeout: 60_000 }, async () => {
    const seed = shortSeed;
    const report = await runBitFlips({ count: 105, seed });
    expect(report.problems, `seed ${seed}`).toEqual([]);
    expect(report.cases).toBe(105);
    const names = [...report.rows.keys()];
    for (const part of PARTS) expect(names.some((name) => name.startsWith(part))).toBe(true);
    expect(report.rows.get('body, body')).toMatchObject({ flips: 15, pull: 0, query: 0, view: 0 });
    expect(reportLines(report)[0]).toContain(`seed ${seed}: 105 changed bits`);
  });
});

describe('single changed bits in a store directory with extension files', () => {
  it('lose no message and lead no filter astray', { timeout: 60_000 }, async () => {
    const seed = shortSeed;
    const report = await runBitFlips({ count: 64, seed, ext: true });
    expect(report.problems, `seed ${seed}`).toEqual([]);
    expect(report.rows.get('unit of an extension, unit')).toMatchObject({ flips: 8, notPulled: 0, queueHurt: 0 });
  });
});

/** The sources with one check taken out. */
const PLANTED = [
  {
    bug: 'no CRC check',
    path: 'src/codec/record-check.ts',
    seed: 25,
    from: 'return length === 0 || bodyCrc(',
    to: 'return length >= 0 || bodyCrc(',
    says: 'a changed body',
  },
  {
    bug: 'no check of the queue offset',
    path: 'src/codec/record-check.ts',
    seed: 25,
    from: 'readInt64(bytes, position + RECORD_AT.queueOffset) !== queueOffset ||',
    to: '(queueOffset < 0) ||',
    says: 'a changed QUEUEOFFSET',
  },
  {
    bug: 'no look at the order of queue entries',
    path: 'src/store/consume-queue-recovery.ts',
    seed: 1,
    from: 'if (phyOffset < this.maxPhysicOffset && !isRepeated)',
    to: 'if (phyOffset < 0 && !isRepeated)',
    says: 'pull lost the message',
  },
  {
    bug: 'a last queue entry is believed whatever it claims',
    path: 'src/store/consume-queue-mend.ts',
    seed: 4,
    from: 'if (queue.maxPhysicOffset <= limit.behind) continue;',
    to: 'if (queue.maxPhysicOffset <= limit.behind || limit.behind > 0) continue;',
    says: 'does not serve a new message',
  },
  {
    bug: 'a filter gets an address when its unit is gone',
    path: 'src/store/consume-queue-ext.ts',
    seed: 7,
    ext: true,
    from: 'if (ext === undefined || !ext.get(tagsCodeHigh, tagsCodeLow, UNIT)) return true;',
    to: 'if (!ext?.get(tagsCodeHigh, tagsCodeLow, UNIT)) return filter.isMatchedByConsumeQueue(tagsCodeHigh, 0);',
    says: 'was asked about an address',
  },
] as const;

describe('planted bugs', () => {
  let dir = '';

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'wenchang-flips-'));
    for (const folder of ['src', 'testing']) cpSync(join(REPO, folder), join(dir, folder), { recursive: true });
    cpSync(join(REPO, 'package.json'), join(dir, 'package.json'));
    symlinkSync(join(REPO, 'node_modules'), join(dir, 'node_modules'));
  });

  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it.each(PLANTED)('are found: $bug', { timeout: 60_000 }, ({ path, seed, from, to, says, ...more }) => {
    const source = readFileSync(join(REPO, path), 'utf8');
    expect(source.split(from)).toHaveLength(2);
    writeFileSync(join(dir, path), source.replace(from, to));
    // The seed is one whose first bits lie where it matters.
    const args = [
      'testing/bit-flips/main.ts',
      '--count',
      '42',
      '--seed',
      String(seed),
      ...('ext' in more ? ['--ext', 'only'] : []),
    ];
    const { status, stdout } = spawnSync(process.execPath, args, { cwd: dir, encoding: 'utf8' });
    expect(stdout).toContain(says);
    expect(status).toBe(1);
    writeFileSync(join(dir, path), source);
  });
});
