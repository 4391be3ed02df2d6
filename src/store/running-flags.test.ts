import { expect, it } from 'vitest';
import { RunningFlags } from './running-flags.ts';

it('has the bits of Java: 1 not readable, 2 not writeable, 4 queue error, 8 index error, 16 disk full', () => {
  const set: ((flags: RunningFlags) => void)[] = [
    (flags) => flags.makeNotReadable(),
    (flags) => flags.makeNotWriteable(),
    (flags) => flags.makeLogicsQueueError(),
    (flags) => flags.makeIndexFileError(),
    (flags) => flags.makeDiskFull(),
  ];
  const states = set.map((make) => {
    const flags = new RunningFlags();
    make(flags);
    return [flags.bits, flags.isReadable, flags.isWriteable, flags.isCqWriteable];
  });
  expect(states).toEqual([
    [1, false, true, true],
    [2, true, false, false],
    [4, true, false, false],
    [8, true, false, false],
    [16, true, false, true],
  ]);
});

it('takes back what can be taken back, one cause at a time', () => {
  const flags = new RunningFlags();
  flags.makeNotReadable();
  flags.makeNotWriteable();
  flags.makeDiskFull();
  flags.makeReadable();
  flags.makeWriteable();
  expect([flags.bits, flags.isWriteable, flags.isDiskFull]).toEqual([16, false, true]);
  flags.makeDiskOk();
  expect([flags.bits, flags.isWriteable, flags.isDiskFull]).toEqual([0, true, false]);
  flags.makeLogicsQueueError();
  flags.makeIndexFileError();
  flags.makeWriteable();
  expect([flags.isLogicsQueueError, flags.isIndexFileError, flags.isWriteable]).toEqual([true, true, false]);
});
