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
    adr: '0003-turn-pipeline.md',
    test: 'src/store/store-faults.test.ts',
  },
  {
    number: 2,
    java: 'A record within maxMessageSize that does not fit one CommitLog file is answered 0 and not stored.',
    ours: 'MESSAGE_ILLEGAL before anything is written; the remark has both sizes.',
    safe: 'It was lost silently.',
    built: true,
    adr: '0020-refusals-in-place-of-silent-loss.md',
    test: 'testing/suites/store-suite.ts',
  },
  {
    number: 3,
    java: 'A topic of ≤ 127 characters but > 127 bytes is stored, never served, and cut off at a restart.',
    ours: 'Refused: names are ASCII.',
    safe: 'Acknowledged messages were lost.',
    built: true,
    adr: '0020-refusals-in-place-of-silent-loss.md',
    test: 'testing/suites/store-suite.ts',
  },
  {
    number: 4,
    java: 'The store is locked only after recovery has already truncated the files of the running broker.',
    ours: 'A store in use is refused before anything in it is read.',
    safe: 'Clients see nothing of it.',
    built: true,
    adr: '0012-store-lock.md',
    test: 'src/store/store-lock.test.ts',
  },
  {
    number: 5,
    java: 'Old bytes stay behind the end after a truncation; equal-sized old records come back at the next start.',
    ours: 'What lies behind the end is zeroed.',
    safe: 'Clients see nothing of it.',
    built: true,
    adr: '0014-zeroed-tails.md',
    test: 'src/store/recovery.test.ts',
  },
  {
    number: 6,
    java: 'After a crash the newest index file is deleted and its messages are no longer found by key.',
    ours: 'The index is built again from the log.',
    safe: 'More is found.',
    built: true,
    adr: '0013-index-rebuilt-after-a-crash.md',
    test: 'src/store/index-service.test.ts',
  },
  {
    number: 9,
    java: 'Numbers of queues of zero or less create topics without queues, and divisions by zero later.',
    ours: 'Refused.',
    safe: 'Official clients never ask for it.',
    built: true,
    adr: '0009-topics-have-queues.md',
    test: 'src/processors/admin/admin.test.ts',
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
    adr: '0016-figures-from-the-start.md',
    test: 'src/processors/admin/admin.test.ts',
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
    test: 'src/roots/unsafe-names.test.ts',
  },
  {
    number: 21,
    java: 'Unknown keys and unparsable values in a settings file are ignored silently.',
    ours: 'The same effect, but each is named with file and line.',
    safe: 'Same effect.',
    built: true,
    adr: '0017-settings-are-named.md',
    test: 'src/config/load.test.ts',
  },
  {
    number: 23,
    java: 'Under load sends are answered "broker busy" after 200 ms in a queue, without a cause.',
    ours: 'The same codes and first words, only when the wait is real, with the cause behind.',
    safe: 'Same beginning of the remark.',
    built: true,
    adr: '0005-answers-of-the-dispatcher.md',
    test: 'src/remoting/dispatcher.test.ts',
  },
  {
    number: 24,
    java: 'Code 17 is answered before the topic is stored; a state file that cannot be written is not noticed.',
    ours: 'Answered when it is in the file; refused, and nothing changed, when the file cannot be written.',
    safe: 'The same answer, some milliseconds later.',
    built: true,
    adr: '0010-done-means-in-the-file.md',
    test: 'src/processors/admin/admin.test.ts',
  },
  {
    number: 25,
    java: 'MESSAGE_ILLEGAL and SERVICE_NOT_AVAILABLE have one text each, whatever the cause.',
    ours: "Java's text, and the cause behind it in square brackets.",
    safe: 'Same code and beginning of the remark.',
    built: true,
    adr: '0018-java-text-and-the-cause.md',
    test: 'src/processors/send-message.test.ts',
  },
  {
    number: 26,
    java: 'A stop closes the ports first: what is stored but not answered yet stays unanswered.',
    ours: 'The store is closed first and answers what it took; later sends get SERVICE_NOT_AVAILABLE.',
    safe: 'Producers then try another broker, as they do when a connection is closed.',
    built: true,
    adr: '0019-order-of-a-stop.md',
    test: 'src/roots/broker.test.ts',
  },
  {
    number: 29,
    java: 'A damaged state file without a backup is an empty table: topics, groups or all offsets are gone.',
    ours: 'The start ends and names the file; blanks and null count as damage too, and the backup is taken.',
    safe: 'Files that a broker wrote are read the same.',
    built: true,
    adr: '0029-damaged-state-files.md',
    test: 'src/broker/state-files.test.ts',
  },
];
