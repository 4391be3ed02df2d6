import { posix } from 'node:path';
import { StoreLock } from '../store/store-lock.ts';
import { storePath } from '../store/store-path.ts';
import type { Clock } from '../util/clock.ts';
import type { Fs } from '../util/fs.ts';
import { silentLogger } from '../util/logger.ts';
import type { ProcInfo } from '../util/proc-info.ts';
import { damageLine, Findings } from './findings.ts';
import { walkLog } from './log-walker.ts';
import { RepairChanges } from './repair-changes.ts';
import { ExtRepair } from './repair-ext.ts';
import { repairIndex } from './repair-index.ts';
import { repairLog } from './repair-log.ts';
import { QueueRepair } from './repair-queues.ts';
import type { StoreLayout } from './store-layout.ts';
import { verifyStore } from './store-verify.ts';
import { CHECKPOINT_BYTES, checkStateFile, MAX_STATE_BYTES, STATE_FILES, verifyCheckpoint } from './verify-state.ts';

/** How to repair. */
export interface RepairOptions {
  /** False: only say what would be done. */
  readonly write: boolean;
  readonly say: (line: string) => void;
  readonly clock: Clock;
  readonly proc?: ProcInfo;
}

/** What a repair did, or would do. */
export interface RepairReport {
  readonly steps: number;
  /** Damages that are still there; of a dry run with steps, these. */
  readonly left: number;
  readonly copiesDir: string;
}

/**
 * Repairs a store directory, or says how: the log first, then queues, index, checkpoint and state files from what the
 * log and the `.bak` files hold. Nothing is overwritten without a copy in `repair-TIME` in the directory. With `write`
 * it takes the store's lock. Throws StoreLockedError, StoreIoError, FsError; docs/reference/store-tools.md tells what
 * happens in each case.
 */
export async function repairStore(fs: Fs, layout: StoreLayout, options: RepairOptions): Promise<RepairReport> {
  const { write, clock, proc } = options;
  if (!write) return repairAndSay(fs, layout, options);
  const lock = StoreLock.acquire({
    fs,
    clock,
    log: silentLogger,
    rootDir: layout.dir,
    ...(proc === undefined ? {} : { proc }),
  });
  try {
    return await repairAndSay(fs, layout, options);
  } finally {
    lock.release();
  }
}

async function repairAndSay(fs: Fs, layout: StoreLayout, options: RepairOptions): Promise<RepairReport> {
  const { write, say } = options;
  const { steps, copiesDir } = await work(fs, layout, options);
  if (!write && steps > 0) {
    say(`${steps} steps; --write does them`);
    return { steps, left: steps, copiesDir };
  }
  const findings = new Findings();
  verifyStore(fs, layout, findings);
  for (const damage of findings.damages) say(`left: ${damageLine(damage)}`);
  const { damageCount: left } = findings;
  if (steps > 0) {
    say(`${steps} steps done, ${left} damages left`);
    say(`copies of what was overwritten: ${copiesDir}`);
  } else say(left === 0 ? 'nothing to repair' : `no step to take, ${left} damages left`);
  return { steps, left, copiesDir };
}

async function work(fs: Fs, layout: StoreLayout, options: RepairOptions): Promise<RepairChanges> {
  const { write, say, clock } = options;
  const changes = new RepairChanges(fs, layout.dir, { write, nowMs: clock.now(), say });
  const afterCrash = fs.stat(storePath.abort(layout.dir)) !== undefined;
  const { end } = repairLog(fs, layout, changes);
  const ext = new ExtRepair(fs, layout);
  new QueueRepair(fs, layout, changes, end, ext).run();
  ext.run(changes);
  repairCheckpoint(fs, layout, changes, end);
  if (layout.indexEnabled) await repairIndex(fs, layout, changes, { end, afterCrash, clock });
  repairStateFiles(fs, layout, changes);
  changes.finish();
  return changes;
}

/** Times that cannot be true become 0: a recovery then begins at the first file, which is never wrong. */
function repairCheckpoint(fs: Fs, layout: StoreLayout, changes: RepairChanges, end: number): void {
  const findings = new Findings();
  let newest = 0;
  const log = walkLog(fs, layout, {
    record: (record) => {
      if (record.phyOffset < end) newest = Math.max(newest, record.storeTimestamp);
    },
    damage: () => {},
  });
  verifyCheckpoint(fs, layout.dir, { ...log, newestStoreTimestamp: newest }, findings);
  const [first] = findings.damages;
  if (first === undefined || !changes.step(`write checkpoint again: ${first.what}`)) return;
  const path = storePath.checkpoint(layout.dir);
  const stat = fs.stat(path);
  const old = stat === undefined || stat.sizeBytes > MAX_STATE_BYTES ? undefined : fs.readFile(path, MAX_STATE_BYTES);
  const bytes = Buffer.alloc(CHECKPOINT_BYTES);
  for (const at of [0, 8, 16]) {
    if (old === undefined || old.length < at + 8) continue;
    const time = old.readBigInt64BE(at);
    if (time > 0n && time <= BigInt(newest)) bytes.writeBigInt64BE(time, at);
  }
  changes.replace('checkpoint', path, bytes);
}

/** A state file that cannot be decoded gets the content of its backup; a bad backup beside a good file goes. */
function repairStateFiles(fs: Fs, layout: StoreLayout, changes: RepairChanges): void {
  for (const [name, table] of Object.entries(STATE_FILES)) {
    const file = posix.join(storePath.config(layout.dir), name);
    const [now, backup] = [file, `${file}.bak`].map((path) => checkStateFile(fs, path, table).kind);
    const content = backup === 'good' ? fs.readFile(`${file}.bak`, MAX_STATE_BYTES) : undefined;
    if (now !== 'good' && content !== undefined) {
      if (changes.step(`take config/${name} from config/${name}.bak`)) {
        changes.replace(`config/${name}`, file, content);
      }
    } else if (now === 'good' && backup === 'bad') {
      if (changes.step(`move config/${name}.bak away: it cannot be decoded`)) {
        changes.moveAway(`config/${name}.bak`, `${file}.bak`);
      }
    } else if (now === 'bad') changes.step(`leave config/${name}: it cannot be decoded, and there is no backup`);
  }
}
