import type { TransactionStore } from '../../src/broker/transaction/queue-reader.ts';
import { MessageConst } from '../../src/codec/message-const.ts';
import { parseProperties, serialiseProperties } from '../../src/codec/message-properties.ts';
import { MessageSysFlag } from '../../src/codec/sys-flags.ts';
import { GIVEN_UP_TOPIC, HALF_TOPIC, OP_TOPIC } from '../../src/codec/system-topics.ts';
import type { MessageDraft } from '../../src/store/message-draft.ts';
import type { MessageStore } from '../../src/store/message-store.ts';

/** What the transactions see of a store, to be changed one by one. */
export function seenStore(store: MessageStore, changes: Partial<TransactionStore> = {}): TransactionStore {
  return {
    putMessage: (draft) => store.putMessage(draft),
    commitTurn: () => store.commitTurn(),
    getMessage: (request) => store.getMessage(request),
    getMaxOffsetInQueue: (topic, queueId) => store.getMaxOffsetInQueue(topic, queueId),
    getMinOffsetInQueue: (topic, queueId) => store.getMinOffsetInQueue(topic, queueId),
    selectOneMessageByOffset: (phyOffset) => store.selectOneMessageByOffset(phyOffset),
    getMaxPhyOffset: () => store.getMaxPhyOffset(),
    get marks() {
      return store.marks;
    },
    ...changes,
  };
}

/** Mistakes a broker could make with transactions; the model must see each. */
export const PLANTS = {
  /** A rollback or commit is answered, and nothing says that the half message is done. */
  'op records are lost': (store) =>
    changedPut(store, (draft) => {
      if (draft.topic === OP_TOPIC) redirect(draft);
    }),
  /** The check does not look at what has ended since the last round. */
  'op records are not read': (store) =>
    seenStore(store, {
      getMaxOffsetInQueue: (topic, queueId) => (topic === OP_TOPIC ? 0 : store.getMaxOffsetInQueue(topic, queueId)),
    }),
  /** A late answer ends the copy that it names and not the newest, as in Java. */
  'a late answer ends an old copy only': (store) => {
    let wasOp = false;
    return changedPut(store, (draft) => {
      const isSecond = wasOp && draft.topic === OP_TOPIC;
      wasOp = draft.topic === OP_TOPIC && !isSecond;
      if (isSecond) redirect(draft);
    });
  },
  /** A message is checked for ever. */
  'checks are not counted': (store) =>
    changedPut(store, (draft) => {
      if (draft.topic !== HALF_TOPIC) return;
      const properties = parseProperties(draft.properties.toString('utf8'));
      if (properties.delete(MessageConst.PROPERTY_TRANSACTION_CHECK_TIMES)) {
        draft.properties = Buffer.from(serialiseProperties(properties));
        draft.propertiesEnd = draft.properties.length;
      }
    }),
  /** The offsets are saved while the copies that they rest on are in memory only. */
  'offsets are ahead of the disk': (store) =>
    seenStore(store, { marks: { written: Number.MAX_SAFE_INTEGER, flushed: Number.MAX_SAFE_INTEGER, replicated: 0 } }),
  /** What nobody answered for is dropped. */
  'given up means gone': (store) =>
    changedPut(store, (draft) => {
      if (draft.topic === GIVEN_UP_TOPIC) redirect(draft);
    }),
  /** A rollback makes the message readable. */
  'a rollback is a commit': (store) =>
    changedPut(store, (draft) => {
      if (draft.topic === OP_TOPIC) draft.topic = 'T';
    }),
  /** The commit itself is forgotten. */
  'a commit is only noted': (store) =>
    changedPut(store, (draft) => {
      if (draft.sysFlag === MessageSysFlag.TRANSACTION_COMMIT_TYPE) redirect(draft);
    }),
} satisfies Record<string, (store: MessageStore) => TransactionStore>;

function changedPut(store: MessageStore, change: (draft: MessageDraft) => void): TransactionStore {
  return seenStore(store, {
    putMessage: (draft) => {
      change(draft);
      return store.putMessage(draft);
    },
  });
}

/** Into a topic that nobody looks at. */
function redirect(draft: MessageDraft): void {
  draft.topic = 'Nowhere';
  draft.topicBytes = Buffer.from(draft.topic);
}
