import type { RecordPeek } from '../codec/message.ts';
import type { Logger } from '../util/logger.ts';
import type { CommitLog } from './commit-log.ts';
import { LogWalk } from './log-walk.ts';

/** What is done with each record; `peek` holds positions in `bytes`. Throws StoreIoError. */
export type RecordVisitor = (bytes: Buffer, peek: RecordPeek) => void;

/**
 * Feeds records of the CommitLog from disk to the dispatch: after recovery, for what the consume queues do not know.
 * While a master runs, its turns feed the dispatch from memory. Java: DefaultMessageStore.ReputMessageService.
 */
export class ReputMessageService {
  readonly #log: CommitLog;
  readonly #logger: Logger;
  readonly #walk: LogWalk;

  constructor(log: CommitLog, logger: Logger, maxMessageSize: number) {
    this.#log = log;
    this.#logger = logger;
    // Java does not look at bodies here; recovery has done it.
    this.#walk = new LogWalk({ checkCrc: false, maxMessageSize });
  }

  /**
   * Visits the records in [from, to); gives where it stopped. What cannot be read is skipped, up to the next file when
   * no length is known, so that one damaged place does not hide everything behind it. Java: #doReput.
   */
  run(from: number, to: number, visit: RecordVisitor): number {
    const walk = this.#walk;
    const { files, fileSizeBytes } = this.#log;
    let offset = Math.max(from, this.#log.minOffset);
    let fileStart = -1;
    while (offset < to) {
      const file = files.findByOffset(offset);
      if (file === undefined) break;
      if (file.fileFromOffset !== fileStart && offset > from) this.#progress(offset, to);
      fileStart = file.fileFromOffset;
      walk.seek(file, offset - fileStart);
      const status = walk.check();
      const size = walk.peek.totalSize;
      if (status === 'ok') {
        visit(walk.buffer, walk.peek);
        offset += size;
      } else if (status === 'invalid' && size > 0 && offset + size <= fileStart + fileSizeBytes) {
        this.#logger.error({ offset, size }, 'skipped a record of the commit log whose parts do not add up');
        offset += size;
      } else {
        if (status === 'invalid') this.#logger.error({ offset }, 'no record here: skipped the rest of the file');
        offset = fileStart + fileSizeBytes;
      }
    }
    return Math.min(offset, to);
  }

  #progress(offset: number, to: number): void {
    this.#logger.info({ offset, to }, 'reading the commit log to rebuild what is derived from it');
  }
}
