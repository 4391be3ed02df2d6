import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { MemFs } from '../../testing/mem-fs.ts';
import { storeSuite } from '../../testing/suites/store-suite.ts';
import { nodeFs } from '../util/node-fs.ts';

const base = mkdtempSync(join(tmpdir(), 'wenchang-store-'));
afterAll(() => rmSync(base, { recursive: true }));

storeSuite('MemFs', () => ({ fs: new MemFs(), root: '/store' }));
storeSuite('nodeFs', () => ({ fs: nodeFs, root: mkdtempSync(join(base, 'case-')) }));
