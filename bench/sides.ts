import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Kind,
  repoDir,
  type Server,
  startBroker,
  startNamesrv,
  type Workspace,
} from '../compat-tests/peer/peer.ts';
import { takePorts } from '../testing/ports.ts';

/** Results and logs of the benches. */
export const benchDir = join(repoDir, 'build', 'bench');

const removeAttempts = 20;
const removePauseMs = 100;

/** One broker under load with a name server of its own. */
export interface Side {
  readonly kind: Kind;
  readonly namesrvAddress: string;
  readonly address: string;
  readonly pid: number;
  readonly logDir: string;
  /** Kills both and removes what they wrote: the next start finds nothing. */
  end(): Promise<void>;
}

/** Of Java's broker. The variable is read after the command line, so it replaces the small heap of the test harness. */
const javaHeap = { _JAVA_OPTIONS: '-Xms2g -Xmx2g -XX:MaxDirectMemorySize=4g' };

/**
 * Starts a broker, stock but for the given settings, with its store below build/bench: a temporary directory may lie in
 * memory, which would make a flush cost nothing.
 */
export async function startSide(kind: Kind, settings: Readonly<Record<string, string>>): Promise<Side> {
  const workspace = openStoreWorkspace(kind);
  try {
    const ports = await takePorts();
    const namesrv = await startNamesrv({ kind, workspace, port: ports.namesrvPort });
    const broker = await brokerOf(namesrv, workspace, ports.listenPort, settings);
    const end = async (): Promise<void> => {
      await broker.kill();
      await namesrv.kill();
      workspace.close();
    };
    const { address, pid } = broker;
    return { kind, namesrvAddress: namesrv.address, address, pid, logDir: workspace.logDir, end };
  } catch (error) {
    workspace.close();
    throw error;
  }
}

/** Makes Ctrl-C run the exit handlers, which end every server that was started and remove what it wrote. */
export function exitOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
}

/** A directory on the disk of the repository, removed by `close`, and one for logs that stays. */
export function openStoreWorkspace(name: string): Workspace {
  const logDir = join(benchDir, 'logs', name);
  mkdirSync(logDir, { recursive: true });
  const dir = mkdtempSync(join(benchDir, `work-${name}-`));
  const remove = (): void => removeTree(dir);
  // Also when a run is broken off: these directories may hold many gigabytes.
  process.once('exit', remove);
  const close = (): void => {
    process.off('exit', remove);
    remove();
  };
  return { dir, logDir, close };
}

/**
 * Removes a directory in which a shell of a killed broker may still be at work (it gives the lock file back), which
 * makes a removal end early without an error. Throws when the directory is still there after some seconds.
 */
function removeTree(dir: string): void {
  const pauses = new Int32Array(new SharedArrayBuffer(4));
  for (let attempt = 0; attempt < removeAttempts; attempt++) {
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    if (!existsSync(dir)) return;
    Atomics.wait(pauses, 0, 0, removePauseMs);
  }
  throw new Error(`${dir} cannot be removed`);
}

async function brokerOf(
  namesrv: Server,
  workspace: Workspace,
  port: number,
  settings: Readonly<Record<string, string>>,
): Promise<Server> {
  const { kind, address } = namesrv;
  const env = kind === 'java' ? javaHeap : {};
  try {
    return await startBroker({ kind, workspace, port, namesrv: address, settings, env });
  } catch (error) {
    await namesrv.kill();
    throw error;
  }
}
