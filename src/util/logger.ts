/**
 * The logger as a port: structured fields first, then one sentence. Production passes pino (util/pino-logger.ts),
 * tests a collecting one. Nothing per message at info.
 */
export interface Logger {
  trace(fields: LogFields, text: string): void;
  debug(fields: LogFields, text: string): void;
  info(fields: LogFields, text: string): void;
  warn(fields: LogFields, text: string): void;
  error(fields: LogFields, text: string): void;
  /** True when a line of this level would be written; ask before formatting anything costly. */
  isLevelEnabled(level: LogLevel): boolean;
  /** A logger whose lines carry these fields too. */
  child(fields: LogFields): Logger;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;

/** A logger that writes nothing. */
export const silentLogger: Logger = {
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
  isLevelEnabled: () => false,
  child: () => silentLogger,
};
