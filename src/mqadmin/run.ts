import type { AdminClient } from '../client/admin-client.ts';
import { UnknownClusterError } from '../client/admin-client.ts';
import { failureText } from '../client/answer.ts';
import type { Clock } from '../util/clock.ts';
import { type Fs, FsError } from '../util/fs.ts';
import { type AdminCommandName, findCommand } from './admin-commands.ts';
import { type Call, CommandError, type Handler, type Output, UsageError } from './command.ts';
import { handlers } from './handlers.ts';
import { parseOptions } from './parse.ts';
import { commandList, usageOf } from './usage.ts';

/** What mqadmin needs of the world. */
export interface Surroundings {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly fs: Fs;
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  /** A client of the cluster behind these name servers; closed by who runs the command. */
  readonly connect: (namesrvAddr: string) => AdminClient;
}

/** Exit codes; Java's is 0 whatever happens. */
const DONE = 0;
const FAILED = 1;
const WRONG_USAGE = 2;

/**
 * `mqadmin COMMAND …`: prints what stock mqadmin prints, or JSON, and gives the exit code: 0 done, 1 not done or not
 * everywhere, with one line on standard error for each cause, 2 not understood. Java: MQAdminStartup#main0.
 */
export async function runAdmin(words: readonly string[], around: Surroundings): Promise<number> {
  const { out, err } = around;
  const [first, second] = words;
  if (first === undefined) return printed(commandList(), out);
  const isHelp = first === 'help' && words.length === 2;
  const name = findCommand(isHelp ? (second ?? '') : first);
  if (name === undefined) {
    err(`The sub command ${isHelp ? second : first} not exist.`);
    return WRONG_USAGE;
  }
  if (isHelp) return printed(usageOf(name), out);
  const parsed = parseOptions(name, words.slice(1));
  if (parsed.kind === 'help') return printed(usageOf(name), out);
  if (parsed.kind === 'wrong') {
    err(`mqadmin ${name}: ${parsed.why}`);
    printed(usageOf(name), out);
    return WRONG_USAGE;
  }
  // Java: MixAll.NAMESRV_ADDR_ENV.
  const namesrvAddr = parsed.namesrvAddr ?? around.variables['NAMESRV_ADDR'] ?? '';
  if (namesrvAddr.replaceAll(/[\s;]/g, '') === '') {
    err(`mqadmin ${name}: no name server: give -n host:port, or set NAMESRV_ADDR`);
    return WRONG_USAGE;
  }
  const { clock, fs } = around;
  const call = { options: parsed.values, admin: around.connect(namesrvAddr), clock, fs };
  return execute(name, call, { ...around, json: parsed.json });
}

function printed(lines: readonly string[], out: (line: string) => void): number {
  for (const line of lines) out(line);
  return DONE;
}

type Printer = Pick<Surroundings, 'out' | 'err'> & { readonly json: boolean };

async function execute(
  name: AdminCommandName,
  call: Pick<Call, 'admin' | 'clock' | 'fs'>,
  to: Printer,
): Promise<number> {
  let exitCode = DONE;
  try {
    // The values were read by the rows of this very command.
    const handler = handlers[name] as Handler<AdminCommandName>;
    for await (const output of outputs(handler(call as Call))) {
      if (print(output, to) > 0) exitCode = FAILED;
      for (const failure of output.failures ?? []) to.err(`mqadmin ${name}: ${failure}`);
    }
  } catch (error) {
    const text = knownTrouble(error);
    if (text === undefined) throw error;
    to.err(`mqadmin ${name}: ${text}`);
    if (!(error instanceof UsageError)) return FAILED;
    printed(usageOf(name), to.out);
    return WRONG_USAGE;
  }
  return exitCode;
}

async function* outputs(result: Promise<Output> | AsyncIterable<Output>): AsyncIterable<Output> {
  if (result instanceof Promise) yield await result;
  else yield* result;
}

/** The number of failures. */
function print({ lines, json, failures = [] }: Output, { out, json: asJson }: Printer): number {
  if (asJson) out(JSON.stringify(json, plainMaps));
  else for (const line of lines) out(line);
  return failures.length;
}

function plainMaps(_key: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value;
}

function knownTrouble(error: unknown): string | undefined {
  if (error instanceof CommandError || error instanceof UnknownClusterError || error instanceof FsError) {
    return error.message;
  }
  return failureText(error);
}
