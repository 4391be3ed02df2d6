import { expect, it } from 'vitest';
import { collectingLogger } from '../../testing/collecting-logger.ts';
import { copyingErrors, routedLogger } from './log-router.ts';

it('sends the lines of a child to the logger it names, with its fields, and all others to the main one', () => {
  const main = collectingLogger();
  const store = collectingLogger();
  const log = routedLogger(main, new Map([['Store', store]]));
  const child = log.child({ logger: 'Store', dir: '/s' });
  child.child({ file: 'a' }).warn({ size: 1 }, 'short');
  child.info({}, 'opened');
  log.info({}, 'started');
  log.child({ logger: 'Unknown' }).debug({}, 'odd');
  log.child({ logger: 7 }).trace({}, 'odder');
  expect(store.lines).toEqual([
    { level: 'warn', fields: { logger: 'Store', dir: '/s', file: 'a', size: 1 }, text: 'short' },
    { level: 'info', fields: { logger: 'Store', dir: '/s' }, text: 'opened' },
  ]);
  expect(main.lines.map(({ text }) => text)).toEqual(['started', 'odd', 'odder']);
  expect(log.isLevelEnabled('trace')).toBe(true);
});

it('writes errors twice', () => {
  const main = collectingLogger();
  const errors = collectingLogger();
  const log = copyingErrors(main, errors).child({ part: 1 });
  log.info({}, 'fine');
  log.error({ file: 'a' }, 'broken');
  const line = { level: 'error', fields: { part: 1, file: 'a' }, text: 'broken' };
  expect(main.lines).toEqual([{ level: 'info', fields: { part: 1 }, text: 'fine' }, line]);
  expect(errors.lines).toEqual([line]);
});
