import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runJava, type Workspace } from '../peer/peer.ts';

/** A message that a broker has acknowledged. */
export interface Sent {
  readonly key: string;
  readonly broker: string;
}

/** A message that a member of the group was given. */
export interface Got extends Sent {
  readonly member: string;
}

/** One producer and two members of a group, which go on while hosts come and go. */
export interface Traffic {
  /** Who it is; also its topic and its group. */
  readonly name: string;
  readonly sent: readonly Sent[];
  /** Sends that failed in the end: the producer tried two other brokers. */
  readonly failed: readonly string[];
  readonly got: readonly Got[];
  /** The queues each member reads now, as `broker-a:0`. */
  readonly holds: ReadonlyMap<string, readonly string[]>;
  stopSending(): Promise<void>;
  /** Ends all of it; a second call does nothing. */
  stop(): Promise<void>;
}

const longestRunMs = 600_000;

/** The official client: java/ClusterTraffic.java. */
export function javaTraffic(workspace: Workspace, namesrvs: string): Traffic {
  const name = 'JavaTraffic';
  const dir = join(workspace.dir, name);
  mkdirSync(dir, { recursive: true });
  const ended = runJava(workspace, 'ClusterTraffic.java', [namesrvs, name, `${name}_group`, dir], longestRunMs);
  const events = (kind: string): string[][] => {
    const file = join(dir, 'events.log');
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
    return lines.map((line) => line.split(' ')).flatMap(([first, ...rest]) => (first === kind ? [rest] : []));
  };
  const tell = async (word: string): Promise<void> => writeFileSync(join(dir, word), '');
  return {
    name,
    get sent() {
      return events('sent').map(([key = '', broker = '']) => ({ key, broker }));
    },
    get failed() {
      return events('failed').map((words) => words.join(' '));
    },
    get got() {
      return events('got').map(([member = '', key = '', broker = '']) => ({ member, key, broker }));
    },
    get holds() {
      const queues = (list = ''): string[] => list.split(',').filter((queue) => queue !== '');
      return new Map(events('holds').map(([member = '', list]) => [member, queues(list)]));
    },
    stopSending: () => tell('stop-sending'),
    async stop() {
      await tell('stop-sending');
      await tell('stop');
      const { code, stdout, stderr } = await ended;
      if (code !== 0) throw new Error(`the Java traffic ended with ${code}:\n${stdout}${stderr}`);
    },
  };
}

/** Acknowledged messages that no member was given. */
export function lost(traffic: Pick<Traffic, 'sent' | 'got'>): string[] {
  const keys = new Set(traffic.got.map(({ key }) => key));
  return traffic.sent.filter(({ key }) => !keys.has(key)).map(({ key, broker }) => `${key} of ${broker}`);
}
