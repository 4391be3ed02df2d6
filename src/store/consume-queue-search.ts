import type { RecordPeek } from '../codec/message.ts';
import { isQueued } from '../codec/sys-flags.ts';
import type { Logger } from '../util/logger.ts';
import type { CommitLog } from './commit-log.ts';
import type { MendedRun } from './consume-queue-mended.ts';
import { ReputMessageService } from './reput-message-service.ts';

/** Bytes of the log from one offset up to another. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** Finds in the log what entries of consume queues should lead to. */
export class LogSearch {
  readonly #log: CommitLog;
  readonly #logger: Logger;
  readonly #reput: ReputMessageService;
  /** By topic and queue id, so that a record finds its own quickly. */
  readonly #wanted = new Map<string, Map<number, MendedRun[]>>();

  constructor(log: CommitLog, logger: Logger, maxMessageSize: number) {
    this.#log = log;
    this.#logger = logger;
    this.#reput = new ReputMessageService(log, logger, maxMessageSize);
  }

  /**
   * Reads the parts of the log in which the messages must lie, each once, the shortest first, up to `mostLogBytes`;
   * what is left unsearched then says so. Throws StoreIoError.
   */
  run(mends: readonly MendedRun[], mostLogBytes: number): void {
    let spans: Span[] = [];
    const { minOffset } = this.#log;
    for (const mend of mends.filter((one) => !one.isComplete).sort((a, b) => a.to - a.from - (b.to - b.from))) {
      const from = Math.max(mend.from, minOffset);
      const more = mend.to > from ? withSpan(spans, { from, to: mend.to }) : spans;
      if (lengthOf(more) > mostLogBytes) break;
      spans = more;
      mend.isSearched = true;
      this.#want(mend);
    }
    for (const { from, to } of spans) {
      this.#logger.info({ from, to }, 'reading the commit log for damaged entries of consume queues');
      this.#reput.run(from, to, (buffer, peek) => this.#visit(buffer, peek));
    }
  }

  #want(mend: MendedRun): void {
    const { topic, queueId } = mend.queue;
    const queues = this.#wanted.get(topic) ?? new Map<number, MendedRun[]>();
    this.#wanted.set(topic, queues.set(queueId, [...(queues.get(queueId) ?? []), mend]));
  }

  #visit(buffer: Buffer, peek: RecordPeek): void {
    if (!isQueued(peek.sysFlag)) return;
    const topic = buffer.toString('utf8', peek.topicStart, peek.topicStart + peek.topicLength);
    for (const mend of this.#wanted.get(topic)?.get(peek.queueId) ?? []) {
      if (peek.phyOffset >= mend.from && peek.phyOffset < mend.to) mend.see({ buffer, peek });
    }
  }
}

/** Disjoint spans in order, with one more. */
function withSpan(spans: readonly Span[], { from, to }: Span): Span[] {
  const apart = spans.filter((one) => one.to < from || one.from > to);
  const joined = spans.filter((one) => one.to >= from && one.from <= to);
  const whole = {
    from: Math.min(from, ...joined.map((one) => one.from)),
    to: Math.max(to, ...joined.map((one) => one.to)),
  };
  return [...apart, whole].sort((a, b) => a.from - b.from);
}

function lengthOf(spans: readonly Span[]): number {
  return spans.reduce((sum, { from, to }) => sum + to - from, 0);
}
