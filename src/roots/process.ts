import { totalmem } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import type { Environment } from '../config/environment.ts';
import type { Notice } from '../config/notice.ts';
import { systemClock } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import { runAfterDeath } from '../util/node-after-death.ts';
import { nodeFs } from '../util/node-fs.ts';
import { nodeNet } from '../util/node-net.ts';
import type { OpenLog } from '../util/pino-logger.ts';
import type { BrokerWorld } from './broker.ts';
import { type LoggingServer, openServerLog } from './log-files.ts';

/** A server that can be told to stop; it is told at most once. */
export interface Stoppable {
  shutdown(): Promise<void>;
}

/** A stop that takes longer than this is given up; what is acknowledged is on disk before it begins. */
const LONGEST_STOP_MS = 60_000;
/** The first version of V8 that knows the flag: Node 24. */
const V8_RETURNS_MEMORY = 13;
const LONGEST_FETCH_MS = 3_000;
const LONGEST_ANSWER = 65_536;

/** The real world for a server process. */
export function world(log: Logger): BrokerWorld {
  return {
    fs: nodeFs,
    net: nodeNet,
    clock: systemClock,
    log,
    fetchText,
    totalMemoryBytes: totalmem(),
    afterDeath: runAfterDeath,
  };
}

/**
 * Has V8 give pages back when the heap is small again. Unasked it keeps, from version 12 on, whatever a burst of
 * requests once made it take: a broker of 25 MB stayed at 350 (ADR 0062). Older versions cannot be asked.
 */
export function returnUnusedMemory(): void {
  if (Number.parseInt(process.versions.v8, 10) >= V8_RETURNS_MEMORY) setFlagsFromString('--memory-saver-mode');
}

/** A small text by HTTP, for the look-up of name servers. */
async function fetchText(url: string): Promise<string> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(LONGEST_FETCH_MS) });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  const text = await answer.text();
  if (text.length > LONGEST_ANSWER) throw new Error(`${url} answered ${text.length} characters`);
  return text;
}

/** The log of a server. Throws FsError when a file of it cannot be opened. */
export function serverLog(environment: Environment, name: LoggingServer): OpenLog {
  return openServerLog(environment, name, nodeFs);
}

/** What the operator should know about the settings: in the log, and on standard error where it can be seen. */
export function tellNotices(notices: readonly Notice[], log: Logger): void {
  for (const { level, text } of notices) {
    log[level]({}, text);
    process.stderr.write(`${level}: ${text}\n`);
  }
}

/** Prints and ends the process. */
export function exitWith(end: {
  readonly exitCode: number;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}): void {
  // A reader such as head may have gone; what it did not want is no failure.
  process.stdout.on('error', () => {});
  for (const line of end.stdout) process.stdout.write(`${line}\n`);
  for (const line of end.stderr) process.stderr.write(`${line}\n`);
  process.exitCode = end.exitCode;
}

/**
 * Stops on SIGTERM and SIGINT, with Java's two lines in the log, and keeps the process alive until then: timers and
 * idle sockets alone do not. Exit codes as a JVM's: 143 and 130. Java: the shutdown hooks of BrokerStartup.
 */
export function stopOnSignals(running: Stoppable, { log, close }: OpenLog): void {
  setInterval(() => {}, 0x7fffffff);
  let asked = false;
  const stop = (exitCode: number) => () => {
    if (asked) return;
    asked = true;
    const began = performance.now();
    log.info({}, 'Shutdown hook was invoked, 1');
    setTimeout(() => process.exit(exitCode), LONGEST_STOP_MS).unref();
    running.shutdown().then(
      () => {
        log.info({}, `Shutdown hook over, consuming total time(ms): ${Math.round(performance.now() - began)}`);
        close();
        process.exit(exitCode);
      },
      (error: unknown) => {
        log.error({ error }, 'the stop failed');
        close();
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop(143));
  process.on('SIGINT', stop(130));
}

/** A bug or damage: a line in the log and on standard error, and the process ends; the next start recovers. */
export function endOnUnknownErrors({ log, close }: OpenLog): void {
  const end = (error: unknown): void => {
    log.error({ error }, 'unexpected error, the process ends');
    close();
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`unexpected error: ${text}\n`);
    process.exit(70);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}
