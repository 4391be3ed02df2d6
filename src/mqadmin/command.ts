import type { AdminClient } from '../client/admin-client.ts';
import { addressIn, type PlacedQueue } from '../client/routes.ts';
import type { TopicRouteData } from '../codec/bodies/route.ts';
import type { Clock } from '../util/clock.ts';
import type { Fs } from '../util/fs.ts';
import type { AdminCommandName, OptionsOf } from './admin-commands.ts';

/** What a command has to work with. */
export interface Call<C extends AdminCommandName = AdminCommandName> {
  readonly options: OptionsOf<C>;
  readonly admin: AdminClient;
  readonly clock: Clock;
  readonly fs: Fs;
}

/** A result, or one step of a command that goes on: the lines that stock mqadmin prints, and the same as JSON. */
export interface Output {
  readonly lines: readonly string[];
  /** Plain values; maps become objects. */
  readonly json: unknown;
  /** What went wrong for some of several servers: a line each on standard error, and the exit code is 1. */
  readonly failures?: readonly string[];
}

/**
 * Does what one command is for. Trouble of the cluster is thrown as RemotingError or AnswerError, anything else that
 * the user should know as {@link CommandError}. A command that prints again and again, or very much, yields.
 */
export type Handler<C extends AdminCommandName> = (call: Call<C>) => Promise<Output> | AsyncIterable<Output>;

export type Handlers = { readonly [C in AdminCommandName]: Handler<C> };

/** The command cannot be done, for a reason that one line tells. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
}

/** Something is missing on the command line that the table does not know to be needed: the usage is printed, too. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError';
}

/** Lets time pass between two rounds. */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.setTimeout(resolve, ms));
}

/** A queue of a topic with the address of its broker, as the route of the topic has it. Throws {@link CommandError}. */
export function placedIn(route: TopicRouteData, queue: Omit<PlacedQueue, 'address'>): PlacedQueue {
  const address = addressIn(route, queue.brokerName);
  if (address === undefined) throw new CommandError(`topic ${queue.topic} is not on a broker ${queue.brokerName}`);
  return { ...queue, address };
}

/** The one broker of `-b`, or else the masters of the cluster of `-c`. */
export function mastersOf(
  admin: AdminClient,
  { brokerAddr, clusterName }: { readonly brokerAddr: string | undefined; readonly clusterName: string | undefined },
): Promise<readonly string[]> {
  if (brokerAddr !== undefined) return Promise.resolve([brokerAddr]);
  if (clusterName !== undefined) return admin.mastersOf(clusterName);
  throw new UsageError('give -b (brokerAddr) or -c (clusterName)');
}
