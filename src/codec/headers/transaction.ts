import { field, header } from '../header.ts';

/** Java: EndTransactionRequestHeader. */
export const endTransactionRequest = header({
  producerGroup: field.string('producer group of the half message'),
  tranStateTableOffset: field.boxedLong('queue offset of the half message'),
  commitLogOffset: field.boxedLong('physical offset of the half message'),
  commitOrRollback: field.integer('0 unknown, 8 commit, 12 rollback'),
  fromTransactionCheck: field.optionalBoolean('answer to a check of the broker'),
  msgId: field.string('unique id of the message'),
  transactionId: field.optionalString('transaction id'),
});

/** Java: CheckTransactionStateRequestHeader. */
export const checkTransactionStateRequest = header({
  tranStateTableOffset: field.boxedLong('queue offset of the half message'),
  commitLogOffset: field.boxedLong('physical offset of the half message'),
  msgId: field.optionalString('unique id of the message'),
  transactionId: field.optionalString('transaction id'),
  offsetMsgId: field.optionalString('offset id of the half message'),
});

/** Java: ResumeCheckHalfMessageRequestHeader. */
export const resumeCheckHalfMessageRequest = header({
  msgId: field.optionalString('offset id of the half message'),
});
