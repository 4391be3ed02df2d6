import { posix } from 'node:path';
import { IndexService } from '../store/index-service.ts';
import { OpenFiles } from '../store/open-files.ts';
import { StoreCheckpoint } from '../store/store-checkpoint.ts';
import { storePath } from '../store/store-path.ts';
import type { Clock } from '../util/clock.ts';
import type { Fs } from '../util/fs.ts';
import { silentLogger } from '../util/logger.ts';
import { Derived } from './derived.ts';
import { fileNames } from './directory.ts';
import { FileWindow } from './file-window.ts';
import { Findings } from './findings.ts';
import { placesIn } from './log-places.ts';
import { LogRecord } from './log-record.ts';
import { walkLog } from './log-walker.ts';
import type { RepairChanges } from './repair-changes.ts';
import { OFFSET_NAME, type StoreLayout } from './store-layout.ts';
import { firstOffset } from './store-verify.ts';
import { IndexCheck } from './verify-index.ts';

/**
 * Builds the index again from the log when it is damaged: its files move to the copies, new ones are filled in the
 * order of the log up to `end`. `afterCrash`: keys that are missing at its end are left to the next start.
 */
export async function repairIndex(
  fs: Fs,
  layout: StoreLayout,
  changes: RepairChanges,
  options: { readonly end: number; readonly afterCrash: boolean; readonly clock: Clock },
): Promise<void> {
  const findings = new Findings(1);
  const check = new IndexCheck(fs, layout, findings, options.afterCrash, firstOffset(fs, layout));
  const derived = new Derived(layout.delayLevels);
  walkLog(fs, layout, {
    record: (record) => {
      if (record.phyOffset >= options.end) return;
      derived.of(record);
      check.record(record, derived);
    },
    damage: () => {},
  });
  check.finish();
  const [first] = findings.damages;
  if (first === undefined) return;
  const reason = `${first.path}:${first.offset}: ${first.what}`;
  if (!changes.step(`build the index again, ${findings.damageCount} damages, the first is ${reason}`)) return;
  const dir = storePath.index(layout.dir);
  for (const name of fileNames(fs, dir)) changes.moveAway(`index/${name}`, posix.join(dir, name));
  await build(fs, layout, options);
}

async function build(fs: Fs, layout: StoreLayout, options: { end: number; clock: Clock }): Promise<void> {
  const openFiles = new OpenFiles(fs);
  const checkpoint = StoreCheckpoint.load(openFiles, layout.dir);
  checkpoint.indexMsgTimestamp = 0;
  const { clock } = options;
  const dir = storePath.index(layout.dir);
  const index = new IndexService({ openFiles, dir, layout: layout.index, checkpoint, clock, log: silentLogger });
  index.load({ lastExitOk: true, ownCrash: false });
  const derived = new Derived(layout.delayLevels);
  const record = new LogRecord();
  let files = 0;
  for (const name of fileNames(fs, layout.commitLogDir).filter((found) => OFFSET_NAME.test(found))) {
    const window = new FileWindow(fs, posix.join(layout.commitLogDir, name));
    for (const place of placesIn(window, Number(name), record)) {
      if (place.kind !== 'record' || record.phyOffset >= options.end) continue;
      derived.of(record);
      if (derived.keyHashes.length === 0) continue;
      const hashes = Int32Array.from(derived.keyHashes);
      index.putRecord(record.phyOffset, record.storeTimestamp, hashes, hashes.length);
      // A full file must be on disk before the next: its slots are memory until then.
      if (index.files.length > files) await index.flushAsync();
      files = index.files.length;
    }
    window.close();
  }
  await index.flushAsync();
  checkpoint.flush();
  openFiles.closeAll();
  fs.fsyncDir(dir);
}
