/** Bits of a message's sysFlag. Java: MessageSysFlag. */
export const MessageSysFlag = {
  COMPRESSED_FLAG: 0x1,
  MULTI_TAGS_FLAG: 0x2,
  TRANSACTION_NOT_TYPE: 0x0,
  TRANSACTION_PREPARED_TYPE: 0x4,
  TRANSACTION_COMMIT_TYPE: 0x8,
  TRANSACTION_ROLLBACK_TYPE: 0xc,
  BORNHOST_V6_FLAG: 0x10,
  STOREHOSTADDRESS_V6_FLAG: 0x20,
} as const;

/** The two transaction bits alone: one of the four TRANSACTION_ values. Java: MessageSysFlag#getTransactionValue. */
export function transactionValue(sysFlag: number): number {
  return sysFlag & MessageSysFlag.TRANSACTION_ROLLBACK_TYPE;
}

/** The flag with its transaction bits replaced. Java: MessageSysFlag#resetTransactionValue. */
export function withTransactionValue(sysFlag: number, type: number): number {
  return (sysFlag & ~MessageSysFlag.TRANSACTION_ROLLBACK_TYPE) | type;
}

/** Whether such a record has an entry in a ConsumeQueue: neither prepared nor rolled back. */
export function isQueued(sysFlag: number): boolean {
  const type = transactionValue(sysFlag);
  return type === MessageSysFlag.TRANSACTION_NOT_TYPE || type === MessageSysFlag.TRANSACTION_COMMIT_TYPE;
}

/** Bits of the sysFlag of PULL_MESSAGE. Java: PullSysFlag. */
export const PullSysFlag = {
  FLAG_COMMIT_OFFSET: 0x1,
  FLAG_SUSPEND: 0x2,
  FLAG_SUBSCRIPTION: 0x4,
  FLAG_CLASS_FILTER: 0x8,
} as const;

/** Bits of a topic's topicSysFlag (called topicSynFlag in routes). Java: TopicSysFlag. */
export const TopicSysFlag = {
  FLAG_UNIT: 0x1,
  FLAG_UNIT_SUB: 0x2,
} as const;

/** Bits of a topic's or broker's perm. Java: PermName. */
export const PermName = {
  PERM_INHERIT: 0x1,
  PERM_WRITE: 0x2,
  PERM_READ: 0x4,
  PERM_PRIORITY: 0x8,
} as const;

/** Whether consumers may pull. Java: PermName#isReadable. */
export function isReadable(perm: number): boolean {
  return (perm & PermName.PERM_READ) !== 0;
}

/** Whether producers may send. Java: PermName#isWriteable. */
export function isWriteable(perm: number): boolean {
  return (perm & PermName.PERM_WRITE) !== 0;
}

/** Whether new topics may be made from this one. Java: PermName#isInherited. */
export function isInherited(perm: number): boolean {
  return (perm & PermName.PERM_INHERIT) !== 0;
}

/** `RWX` with `-` for a bit that is not set; X is the inherit bit. Java: PermName#perm2String. */
export function permText(perm: number): string {
  return `${isReadable(perm) ? 'R' : '-'}${isWriteable(perm) ? 'W' : '-'}${isInherited(perm) ? 'X' : '-'}`;
}
