import type { AdminCommandName } from './admin-commands.ts';
import { CommandError, type Output } from './command.ts';

/** Stands for a command that is not there yet: it ends with one line and exit code 1. */
export function later(name: AdminCommandName): () => Promise<Output> {
  return () => Promise.reject(new CommandError(`${name} is not available yet; use the stock mqadmin`));
}
