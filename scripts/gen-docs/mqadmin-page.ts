import { type AdminCommandName, type AdminCommandRow, adminCommands } from '../../src/mqadmin/admin-commands.ts';
import { shownOptions } from '../../src/mqadmin/usage.ts';
import { heading, table } from './markdown.ts';

/** docs/reference/mqadmin.md: every command with its options. */
export function mqadminPage(): string {
  const commands = Object.keys(adminCommands) as AdminCommandName[];
  return `${heading('mqadmin', 'src/mqadmin/admin-commands.ts')}
\`bin/mqadmin COMMAND [OPTIONS]\` has the commands of mqadmin 4.6.0 with the same options, and prints the same
columns. \`bin/mqadmin\` alone lists them, \`bin/mqadmin help COMMAND\` tells the options of one. Upper and lower
case do not matter in names of commands. Every command takes \`-n HOST:PORT[;HOST:PORT…]\`, the name servers; without
it the variable NAMESRV_ADDR counts.

What differs from Java's ([0050](../adr/0050-mqadmin-says-how-it-ended.md)):

- \`--json\` prints the result as one JSON value on one line. Commands that print again and again, or very much, give
  one such line for each round or message.
- The exit code is 0 when the command did all it should, 1 when it did not, or not everywhere, and 2 when it was not
  understood. For each cause there is one line on standard error; Java's exit code is always 0.
- A switch is \`true\` or \`false\`; Java takes any other text for \`false\`. Words that belong to no option are
  refused; Java ignores them.
- Every line ends with a line break, where Java leaves out some.
- Lists are sorted; in Java their order is that of its hash tables.

${commands.map(section).join('\n')}`;
}

function section(name: AdminCommandName): string {
  const { doc }: AdminCommandRow = adminCommands[name];
  const own = shownOptions(name).filter(({ short }) => short !== 'h' && short !== 'n');
  const rows = own.map((shown) => [`\`-${shown.short}\`, \`--${shown.long}\``, NEEDS[shown.need], shown.doc]);
  const options = rows.length === 0 ? '' : `\n${table(['Option', 'Needed', 'Meaning'], rows)}`;
  return `## ${name}\n\n${sentence(doc)}\n${options}`;
}

const NEEDS = { required: 'yes', either: 'one of these', optional: '' } as const;

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/[.!]$/, '')}.`;
}
