import type { CommandRow, Server } from '../../src/codec/commands.ts';
import { commandRows } from './commands-page.ts';
import { deviations } from './deviations.ts';
import { kept } from './kept.ts';
import { heading, table } from './markdown.ts';

/** COMPATIBILITY.md: which request code is served by whom, and where ours differs from Java 4.6.0 on purpose. */
export function compatibilityPage(): string {
  const codes = commandRows().map(([name, row]) => [
    String(row.code),
    name,
    status(row, 'broker'),
    status(row, 'namesrv'),
    status(row, 'client'),
    row.doc,
  ]);
  const differences = deviations
    .filter((row) => row.built)
    .map((row) => [
      String(row.number),
      row.java,
      row.ours,
      row.safe,
      row.adr === undefined ? '' : `[ADR](docs/adr/${row.adr})`,
      row.test === undefined ? '' : `[test](${row.test})`,
    ]);
  return `${heading('Compatibility', 'src/codec/commands.ts and scripts/gen-docs/deviations.ts')}
Wenchang takes the place of Apache RocketMQ 4.6.0. Clients, tools and files cannot tell the two apart, except where
Java loses data, misleads, or leaves a door open; these differences are listed below, and nothing else differs on
purpose.

## Request codes

**yes**: served as in 4.6.0. **–**: not served by 4.6.0 either, and answered REQUEST_CODE_NOT_SUPPORTED. The column
Client is about requests that a broker sends to its clients.

${table(['Code', 'Name', 'Broker', 'Name server', 'Client', 'What it does'], codes)}
## Deliberate differences

${table(['#', 'Java 4.6.0', 'Wenchang', 'Why no client breaks', 'Decision', 'Proof'], differences)}
## Odd, and kept

What surprises, and is the same here because clients or operators rely on it.

${table(
  ['What', 'Proof'],
  kept.map(({ what, test }) => [what, `[test](${test})`]),
)}`;
}

function status(row: CommandRow, server: Server): string {
  return row.servedBy.includes(server) ? 'yes' : '–';
}
