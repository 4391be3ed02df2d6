/** What a server was asked on its command line. */
export interface CommandLine {
  readonly configFile: string | undefined;
  readonly namesrvAddr: string | undefined;
  readonly help: boolean;
  readonly printAll: boolean;
  readonly printImportant: boolean;
}

/** An option with its long name and what the usage text says. */
export interface Option {
  readonly short: string;
  readonly long: string;
  readonly takesValue: boolean;
  readonly doc: string;
}

type Given = Map<string, string | true>;

/**
 * Parses words as commons-cli's PosixParser does, or undefined when the usage is to be printed: `-cf`, `-c f`,
 * `--configFile f`, `--configFile=f`, `-configFile f` and joined flags (`-pm`) work, the first of repeated values wins,
 * other words are ignored, `--` ends the options. Java: ServerUtil#parseCmdLine.
 */
export function parseCommandLine(words: readonly string[], options: readonly Option[]): CommandLine | undefined {
  const given = parseWords(words, options);
  if (given === undefined) return undefined;
  const text = (short: string) => {
    const value = given.get(short);
    return typeof value === 'string' ? value : undefined;
  };
  return {
    configFile: text('c'),
    namesrvAddr: text('n'),
    help: given.has('h'),
    printAll: given.has('p'),
    printImportant: given.has('m'),
  };
}

/**
 * Values by short name; undefined when an option is unknown or lacks its value. `onOther` is told each word that is
 * neither an option nor a value.
 */
export function parseWords(
  words: readonly string[],
  options: readonly Option[],
  onOther: (word: string) => void = () => {},
): Given | undefined {
  const given: Given = new Map();
  const queue = flatten(words, options);
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    if (word === '--') return given;
    if (!word.startsWith('-') || word === '-') {
      onOther(word);
      continue;
    }
    const option = findOption(word, options);
    if (option === undefined) return undefined;
    if (!option.takesValue) {
      given.set(option.short, true);
      continue;
    }
    const next = queue[0];
    if (next === undefined || (next.startsWith('-') && findOption(next, options) !== undefined)) return undefined;
    queue.shift();
    // Only the first value counts.
    if (!given.has(option.short)) given.set(option.short, withoutQuotes(next));
  }
  return given;
}

/** Splits joined words, so that each option and each value stands alone. */
function flatten(words: readonly string[], options: readonly Option[]): string[] {
  const flat: string[] = [];
  for (const word of words) {
    if (word.startsWith('--')) {
      const equals = word.indexOf('=');
      const name = equals < 0 ? word : word.slice(0, equals);
      // What looks like an unknown long option is passed on whole, as a value or as a mistake.
      if (equals < 0 || findOption(name, options) === undefined) flat.push(word);
      else flat.push(name, word.slice(equals + 1));
    } else if (word.startsWith('-') && word.length > 2 && findOption(word, options) === undefined) {
      flat.push(...burst(word, options));
    } else {
      flat.push(word);
    }
  }
  return flat;
}

/** `-pm` → `-p -m`, `-cf` → `-c f`; behind an unknown letter the word stands whole, as a mistake. */
function burst(word: string, options: readonly Option[]): string[] {
  const split: string[] = [];
  for (let at = 1; at < word.length; at++) {
    const option = findOption(`-${word.charAt(at)}`, options);
    if (option === undefined) return [...split, word];
    split.push(`-${option.short}`);
    const rest = word.slice(at + 1);
    if (option.takesValue && rest !== '') return [...split, rest];
  }
  return split;
}

/** By short or long name, behind one hyphen or two. */
function findOption(word: string, options: readonly Option[]): Option | undefined {
  const name = word.replace(/^--?/, '');
  return options.find((option) => option.short === name || option.long === name);
}

function withoutQuotes(value: string): string {
  return value.replace(/^"/, '').replace(/"$/, '');
}
