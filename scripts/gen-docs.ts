import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandsPage, responseCodesPage } from './gen-docs/commands-page.ts';
import { compatibilityPage } from './gen-docs/compatibility-page.ts';
import { configurationPage } from './gen-docs/configuration-page.ts';
import { errorsPage } from './gen-docs/errors-page.ts';
import { mqadminPage } from './gen-docs/mqadmin-page.ts';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Every generated document with what makes its text. `--check` compares instead of writing. */
const DOCUMENTS: Readonly<Record<string, () => string>> = {
  'COMPATIBILITY.md': compatibilityPage,
  'docs/protocol/commands.md': commandsPage,
  'docs/protocol/response-codes.md': responseCodesPage,
  'docs/reference/configuration.md': configurationPage,
  'docs/reference/errors.md': errorsPage,
  'docs/reference/mqadmin.md': mqadminPage,
};

const stale = Object.entries(DOCUMENTS).filter(([path, text]) => read(path) !== text());
if (process.argv.includes('--check')) {
  for (const [path] of stale) console.error(`${path} is stale: npm run docs:gen`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const [path, text] of stale) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), text());
    console.log(`wrote ${path}`);
  }
}

function read(path: string): string | undefined {
  const file = join(ROOT, path);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
