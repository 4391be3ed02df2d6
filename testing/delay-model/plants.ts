import type { ScheduledStore } from '../../src/broker/schedule-message-service.ts';
import type { DueMessages, ScheduleQueues } from '../../src/store/schedule-queues.ts';
import { splitRecords } from '../store-fixture.ts';

/** Mistakes the delivery could make; the model must see each of them. */
export const PLANTS = {
  /** The offsets reach the disk before what they speak of does. */
  'offsets saved ahead of the log': (store: ScheduledStore) =>
    changed(store, {
      get marks() {
        return { ...store.marks, flushed: store.marks.written };
      },
      flushSoon: () => {},
    }),
  /** Nothing is saved, also not at the stop. */
  'offsets never saved': (store: ScheduledStore) =>
    changed(store, {
      get marks() {
        return { ...store.marks, flushed: -1 };
      },
      onMarks: () => {},
    }),
  /** The last message of a share is taken for delivered. */
  'one message passed over': (store: ScheduledStore) =>
    withDue(store, (due) => ({ ...due, records: without(due.records) })),
  /** Messages come in the wrong order. */
  'a share turned round': (store: ScheduledStore) =>
    withDue(store, (due) => ({ ...due, records: reversed(due.records) })),
  /** The time of a message is rounded down. */
  'a second too early': (store: ScheduledStore) => withDue(store, (due) => due, 1000),
} satisfies Record<string, (store: ScheduledStore) => ScheduledStore>;

function changed(store: ScheduledStore, parts: Partial<ScheduledStore>): ScheduledStore {
  return Object.defineProperties(
    { ...store },
    { ...Object.getOwnPropertyDescriptors(store), ...Object.getOwnPropertyDescriptors(parts) },
  );
}

function withDue(store: ScheduledStore, change: (due: DueMessages) => DueMessages, aheadMs = 0): ScheduledStore {
  const { scheduled } = store;
  const due = (level: number, offset: number, nowMs: number): DueMessages | undefined => {
    const found = scheduled.due(level, offset, nowMs + aheadMs);
    return found === undefined ? undefined : change(found);
  };
  const planted = {
    due,
    levels: scheduled.levels,
    minOffset: (level: number) => scheduled.minOffset(level),
    maxOffset: (level: number) => scheduled.maxOffset(level),
  };
  return changed(store, { scheduled: planted as unknown as ScheduleQueues });
}

function without(records: DueMessages['records']): DueMessages['records'] {
  const cut = (bytes: Buffer): Buffer => Buffer.concat(splitRecords(bytes).slice(0, -1));
  return records instanceof Promise ? records.then(cut) : cut(records);
}

function reversed(records: DueMessages['records']): DueMessages['records'] {
  const turn = (bytes: Buffer): Buffer => Buffer.concat(splitRecords(bytes).reverse());
  return records instanceof Promise ? records.then(turn) : turn(records);
}
