import type { LogFields, Logger } from './logger.ts';

/**
 * A logger whose children go elsewhere: a child with `logger: NAME` writes with the logger of that name, any other
 * child and all own lines with `main`.
 */
export function routedLogger(main: Logger, byName: ReadonlyMap<string, Logger>): Logger {
  return { ...methodsOf(main), child: (fields) => (byName.get(nameIn(fields)) ?? main).child(fields) };
}

/** A logger of which every error is also written by `copies`. */
export function copyingErrors(log: Logger, copies: Logger): Logger {
  return {
    ...methodsOf(log),
    error: (fields, text) => {
      log.error(fields, text);
      copies.error(fields, text);
    },
    child: (fields) => copyingErrors(log.child(fields), copies.child(fields)),
  };
}

function nameIn({ logger }: LogFields): string {
  return typeof logger === 'string' ? logger : '';
}

function methodsOf(log: Logger): Omit<Logger, 'child'> {
  return {
    trace: (fields, text) => log.trace(fields, text),
    debug: (fields, text) => log.debug(fields, text),
    info: (fields, text) => log.info(fields, text),
    warn: (fields, text) => log.warn(fields, text),
    error: (fields, text) => log.error(fields, text),
    isLevelEnabled: (level) => log.isLevelEnabled(level),
  };
}
