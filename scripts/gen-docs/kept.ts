/** What Java 4.6.0 does, surprisingly, and ours does too; each was seen on both. */
export const kept: readonly { readonly what: string; readonly test: string }[] = [
  {
    what:
      'A transaction that has ended can be ended again (37), with code 0 each time: a second commit delivers a ' +
      'second message, and a commit after a rollback is delivered. A rollback after a commit takes nothing back.',
    test: 'compat-tests/transactions.compat.ts',
  },
];
