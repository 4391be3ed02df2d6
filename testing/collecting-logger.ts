import type { LogFields, Logger, LogLevel } from '../src/util/logger.ts';

/** One line as it was logged. */
export interface LogLine {
  readonly level: LogLevel;
  readonly fields: LogFields;
  readonly text: string;
}

/** A logger that keeps its lines. */
export interface CollectingLogger extends Logger {
  readonly lines: LogLine[];
}

/** Makes one; the lines of its children go to the same list. */
export function collectingLogger(lines: LogLine[] = [], bound: LogFields = {}): CollectingLogger {
  const at =
    (level: LogLevel) =>
    (fields: LogFields, text: string): void => {
      lines.push({ level, fields: { ...bound, ...fields }, text });
    };
  return {
    lines,
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    isLevelEnabled: () => true,
    child: (fields) => collectingLogger(lines, { ...bound, ...fields }),
  };
}
