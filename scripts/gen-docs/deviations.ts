/** A place where ours differs from Java 4.6.0 on purpose. */
export interface Deviation {
  readonly number: number;
  readonly java: string;
  readonly ours: string;
  /** Why no official client or tool breaks. */
  readonly safe: string;
  /** False while the feature it belongs to is not there. */
  readonly built: boolean;
  /** File name in docs/adr. */
  readonly adr?: string;
  /** Path of the test that shows it. */
  readonly test?: string;
}

/** Every deliberate difference; what is not listed matches Java. A new row needs an ADR and a named test. */
export const deviations: readonly Deviation[] = [
  {
    number: 1,
    java: 'SYNC_FLUSH answers the first message of each CommitLog file FLUSH_DISK_TIMEOUT although it is flushed.',
    ours: 'SEND_OK as soon as the flush covers the message.',
    safe: 'A better status for the same stored message.',
    built: true,
  },
  {
    number: 2,
    java: 'A record within maxMessageSize that does not fit one CommitLog file is answered 0 and not stored.',
    ours: 'MESSAGE_ILLEGAL before anything is written; the remark has both sizes.',
    safe: 'It was lost silently.',
    built: true,
  },
  {
    number: 3,
    java: 'A topic of ≤ 127 characters but > 127 bytes is stored, never served, and cut off at a restart.',
    ours: 'Refused: names are ASCII.',
    safe: 'Acknowledged messages were lost.',
    built: true,
  },
  {
    number: 4,
    java: 'The store is locked only after recovery has already truncated the files of the running broker.',
    ours: 'A store in use is refused before anything in it is read.',
    safe: 'Clients see nothing of it.',
    built: true,
  },
  {
    number: 5,
    java: 'Old bytes stay behind the end after a truncation; equal-sized old records come back at the next start.',
    ours: 'What lies behind the end is zeroed.',
    safe: 'Clients see nothing of it.',
    built: true,
  },
  {
    number: 6,
    java: 'After a crash the newest index file is deleted and its messages are no longer found by key.',
    ours: 'The index is built again from the log.',
    safe: 'More is found.',
    built: false,
  },
  {
    number: 9,
    java: 'Numbers of queues of zero or less create topics without queues, and divisions by zero later.',
    ours: 'Refused.',
    safe: 'Official clients never ask for it.',
    built: true,
  },
  {
    number: 12,
    java: 'A request code that nobody serves is never answered.',
    ours: 'REQUEST_CODE_NOT_SUPPORTED at once.',
    safe: 'Newer tools stop waiting for their time-out.',
    built: true,
    adr: '0005-answers-of-the-dispatcher.md',
    test: 'src/remoting/dispatcher.test.ts',
  },
  {
    number: 13,
    java: 'A missing or unparsable required field is answered with the text of a NullPointerException.',
    ours: 'The same code 1, with "field <name> missing" or "not a number".',
    safe: 'Same code.',
    built: true,
    adr: '0005-answers-of-the-dispatcher.md',
    test: 'src/codec/header-view.test.ts',
  },
  {
    number: 14,
    java: 'Routes (105) always have unquoted map keys.',
    ours: 'Quoted and sorted when the request has acceptStandardJsonOnly=true.',
    safe: 'Only when asked.',
    built: true,
    adr: '0007-standard-json-when-asked.md',
    test: 'src/namesrv/namesrv.test.ts',
  },
  {
    number: 16,
    java: 'Code 28 fails for about half a second after start.',
    ours: 'Answered from the start.',
    safe: 'An answer in place of an error.',
    built: true,
  },
  {
    number: 17,
    java: 'An update of settings takes any key, paths included (CVE-2023-37582), and writes the whole file anew.',
    ours: 'Paths and class names are refused; only changed keys are written, comments kept. Name server only, so far.',
    safe: 'The same answer to an update that is taken.',
    built: true,
    adr: '0008-updates-of-settings.md',
    test: 'src/namesrv/namesrv.test.ts',
  },
  {
    number: 18,
    java: 'Topic and group names are not checked by the broker (CVE-2019-17572).',
    ours: 'The rule of the official client, on every request that can create something; names of old stores load.',
    safe: 'Official clients keep the rule already.',
    built: true,
    adr: '0006-names-in-requests.md',
    test: 'compat-tests/path-traversal.compat.ts',
  },
  {
    number: 21,
    java: 'Unknown keys and unparsable values in a settings file are ignored silently.',
    ours: 'The same effect, but each is named with file and line.',
    safe: 'Same effect.',
    built: true,
  },
];
