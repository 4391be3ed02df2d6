import type { MessageStoreConfig } from '../../src/config/message-store-config.ts';
import { FsError } from '../../src/util/fs.ts';
import { FakeClock } from '../fake-clock.ts';
import type { Fate } from '../mem-file.ts';
import type { MemFs, PendingChange } from '../mem-fs.ts';
import { SeededRandom } from '../seeded-random.ts';
import { openTestStore } from '../store-fixture.ts';
import { ROOT } from './log-image.ts';
import { BOOT_MS, type CrashPoint, type Recording } from './recording.ts';

/** What of the changes that were not durable at a crash point survives. */
export type PowerCase = { readonly point: number } & (
  | { readonly kind: 'prefix'; readonly kept: number }
  | { readonly kind: 'subset' | 'torn' | 'one place' | 'second loss'; readonly seed: number }
);

/** Every prefix of what was not durable, at every crash point. */
export function prefixCases(recording: Recording): PowerCase[] {
  return recording.points.flatMap(({ fs }, point) => {
    const count = fs.pending().length;
    return Array.from({ length: count + 1 }, (_, kept): PowerCase => ({ point, kind: 'prefix', kept }));
  });
}

const RANDOM_KINDS = ['subset', 'torn', 'torn', 'one place', 'second loss'] as const;

/** As many cases of other kinds, each with a seed of its own. */
export function randomCases(recording: Recording, count: number, random: SeededRandom): PowerCase[] {
  return Array.from({ length: count }, () => ({
    point: random.below(recording.points.length),
    kind: random.pick(RANDOM_KINDS),
    seed: random.below(2 ** 31),
  }));
}

/** The disk as it is found after the power came back. */
export function imageOf(recording: Recording, each: PowerCase): MemFs {
  const { fs: disk, nowMs } = pointOf(recording, each);
  const fs = disk.fork(() => nowMs);
  if (each.kind === 'prefix') {
    const cut = fs.pending()[each.kept]?.sequence ?? Number.POSITIVE_INFINITY;
    fs.crashWith(({ sequence }) => (sequence < cut ? 'kept' : 'lost'));
    return fs;
  }
  const random = new SeededRandom(each.seed);
  if (each.kind === 'one place') fs.crashWith(onePlace(fs.pending(), random));
  else crashAtRandom(fs, random, each.kind === 'torn');
  if (each.kind === 'second loss') loseAgain(fs, pointOf(recording, each), recording.changes, random);
  return fs;
}

/** The crash point of a case. */
export function pointOf(recording: Recording, each: PowerCase): CrashPoint {
  const point = recording.points[each.point];
  if (point === undefined) throw new RangeError(`there is no crash point ${each.point}`);
  return point;
}

function crashAtRandom(fs: MemFs, random: SeededRandom, tears: boolean): void {
  const keep = random.pick([0.1, 0.5, 0.9]);
  const keepSector = (): boolean => random.next() < keep;
  fs.crashWith(({ kind }) => (random.next() < keep ? 'kept' : kind === 'data' && tears ? 'torn' : 'lost'), keepSector);
}

/** Only one file or name survives, or only one does not. */
function onePlace(pending: readonly PendingChange[], random: SeededRandom): (change: PendingChange) => Fate {
  const chosen = pending[random.below(Math.max(1, pending.length))];
  const isLost = random.below(2) === 0;
  const byKind = random.below(3) === 0;
  return (change) => {
    const matches = byKind ? change.kind === chosen?.kind : change.path === chosen?.path;
    return matches === isLost ? 'lost' : 'kept';
  };
}

/** The power goes once more while the store recovers from the first loss, or shortly after. */
function loseAgain(fs: MemFs, point: CrashPoint, changes: Partial<MessageStoreConfig>, random: SeededRandom): void {
  let left = random.below(50);
  fs.onOperation = () => {
    left -= 1;
    if (left < 0) throw new FsError('power loss', ROOT, 'EIO');
  };
  try {
    const { store, clock } = openTestStore(fs, ROOT, { changes, clock: new FakeClock(point.nowMs + BOOT_MS) });
    store.getMaxPhyOffset();
    clock.endTurn();
  } catch (error) {
    if (left >= 0) throw error;
  }
  fs.onOperation = undefined;
  crashAtRandom(fs, random, random.below(2) === 0);
}
