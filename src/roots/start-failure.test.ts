import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { StoreIoError, StoreLoadError } from '../store/store-errors.ts';
import { StoreLockedError } from '../store/store-lock.ts';
import { FsError } from '../util/fs.ts';
import { NetError } from '../util/net.ts';
import { StateFileError } from '../util/state-file.ts';
import { SettingError, type StartFailureCode, startFailure, startFailureCode, startFailures } from './start-failure.ts';

/** One error of each kind. */
const examples: { readonly [C in StartFailureCode]: unknown } = {
  RMQ_PORT_IN_USE: new NetError('listen EADDRINUSE: address already in use :::10911', 'EADDRINUSE'),
  RMQ_CANNOT_LISTEN: new NetError('listen EACCES: permission denied 0.0.0.0:80', 'EACCES'),
  RMQ_STORE_LOCKED: new StoreLockedError('/store', 'process 7 holds it'),
  RMQ_STATE_FILE: new StateFileError('/store/config/topics.json is damaged and has no backup'),
  RMQ_STORE_LOAD: new StoreLoadError('/store/commitlog/00000000000000000000', 'has 5 bytes, not 1024'),
  RMQ_STORE_IO: new StoreIoError('pread', '/store/commitlog/00000000000000000000', 7, 'EIO'),
  RMQ_FILE: new FsError('mkdir', '/store', 'EACCES'),
  RMQ_SETTING: new SettingError('brokerIP1=x is not an IP address'),
  RMQ_UNEXPECTED: new TypeError('x is not a function'),
};

describe('the catalogue of start-up errors', () => {
  it.each(Object.entries(examples))('%s: one line with cause and hint, and an exit code of Java', (code, error) => {
    const { exitCode, stdout, stderr } = startFailure(error);
    expect(startFailureCode(error)).toBe(code);
    expect([253, 255]).toContain(exitCode);
    expect(stdout).toEqual([]);
    const { message } = error as Error;
    expect(stderr[0]).toBe(`${code}: ${message}. ${startFailures[code as StartFailureCode].hint}`);
    expect(stderr).toHaveLength(code === 'RMQ_UNEXPECTED' ? 2 : 1);
  });

  it('takes what is no error too', () => {
    expect(startFailure('gone').stderr).toEqual(['RMQ_UNEXPECTED: gone. Please report it with the log.']);
  });

  it('is the same in docs/reference/errors.md, both ways', () => {
    const page = readFileSync(new URL('../../docs/reference/errors.md', import.meta.url), 'utf8');
    const documented = [...page.matchAll(/^\| `(RMQ_[A-Z_]+)` \| (\d+) \|/gm)].map(
      ([, code, exit]) => `${code} ${exit}`,
    );
    const here = Object.entries(startFailures).map(([code, { exitCode }]) => `${code} ${exitCode}`);
    expect(documented).toEqual(here);
  });
});
