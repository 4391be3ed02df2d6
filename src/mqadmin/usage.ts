import { compareTexts } from '../util/compare-texts.ts';
import { type AdminCommandName, type AdminCommandRow, adminCommands } from './admin-commands.ts';
import type { OptionRow } from './option.ts';
import { printf } from './text.ts';

/** An option as the texts show it. */
export interface ShownOption extends Omit<OptionRow, 'kind'> {
  readonly long: string;
  readonly takesValue: boolean;
}

/** Options that every command has, beside `--json`. Java: ServerUtil#buildCommandlineOptions. */
const COMMON: readonly ShownOption[] = [
  { short: 'h', long: 'help', takesValue: false, need: 'optional', doc: 'Print help' },
  {
    short: 'n',
    long: 'namesrvAddr',
    takesValue: true,
    need: 'optional',
    doc: 'Name server address list, eg: 192.168.0.1:9876;192.168.0.2:9876',
  },
];

/** Ours; it has no short form, so that no short name of Java's is taken. */
export const JSON_OPTION: ShownOption = {
  short: 'json',
  long: 'json',
  takesValue: false,
  need: 'optional',
  doc: 'Print the result as JSON',
};

const WIDTH = 110;
const USAGE = 'usage: ';

/** All options of a command, by letter. */
export function shownOptions(name: AdminCommandName): ShownOption[] {
  const row: AdminCommandRow = adminCommands[name];
  const own = Object.entries(row.options).map(([long, { short, kind, need, doc }]) => {
    return { short, long, takesValue: kind !== 'flag', need, doc };
  });
  return [...own, ...COMMON].sort((a, b) => compareTexts(a.short.toLowerCase(), b.short.toLowerCase()));
}

/** What `mqadmin` without arguments prints. Java: MQAdminStartup#printHelp. */
export function commandList(): string[] {
  return [
    'The most commonly used mqadmin commands are:',
    ...Object.entries(adminCommands).map(([name, { doc }]) => printf('   %-20s %s', name, doc)),
    '',
    "See 'mqadmin help <command>' for more information on a specific command.",
  ];
}

/** What `mqadmin help COMMAND` prints. Java: HelpFormatter of commons-cli. */
export function usageOf(name: AdminCommandName): string[] {
  const options = shownOptions(name);
  const names = options.map(({ short, long, takesValue }) => ` -${short},--${long}${takesValue ? ' <arg>' : ''}`);
  const docs = [...options, JSON_OPTION].map(({ doc }) => doc);
  names.push('    --json');
  const column = Math.max(...names.map(({ length }) => length)) + 3;
  const synopsis = `${USAGE}mqadmin ${name} ${pieces(options).join(' ')} [--json]`;
  return [...wrapped(synopsis), ...names.map((shown, index) => shown.padEnd(column) + (docs[index] ?? ''))];
}

/** The group of `either` stands where its first option would. */
function pieces(options: readonly ShownOption[]): string[] {
  const either = options.filter(({ need }) => need === 'either');
  return options.flatMap((shown) => {
    if (shown.need === 'either') return shown === either[0] ? [`${either.map(piece).join(' | ')} `] : [];
    return [shown.need === 'required' ? piece(shown) : `[${piece(shown)}]`];
  });
}

function piece({ short, takesValue }: ShownOption): string {
  return takesValue ? `-${short} <arg>` : `-${short}`;
}

/** Lines of at most {@link WIDTH}, broken at blanks; those behind the first are indented. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > WIDTH) {
    const at = rest.lastIndexOf(' ', WIDTH);
    lines.push(rest.slice(0, at).trimEnd());
    rest = ' '.repeat(USAGE.length) + rest.slice(at).trim();
  }
  return [...lines, rest];
}
