import { createServer } from 'node:net';
import { assert } from '../src/util/assert.ts';

/**
 * Four consecutive TCP ports of 127.0.0.1, free when handed out: what one broker binds, and one to spare between its
 * ports, which a name server beside it can take.
 */
export interface PortBlock {
  /** N-2, the "VIP" port. */
  readonly vipPort: number;
  /** N-1, bound by no broker: for the name server of the same test. */
  readonly namesrvPort: number;
  /** N, the broker's listenPort. */
  readonly listenPort: number;
  /** N+1, replication. Java: BrokerStartup#createBrokerController sets haListenPort to listenPort + 1. */
  readonly haPort: number;
}

const FIRST_PORT = 20_000;
const END_PORT = 32_000;
const BLOCK_PORTS = 4;
const WORKERS = 16;
const BLOCKS_PER_WORKER = Math.floor((END_PORT - FIRST_PORT) / BLOCK_PORTS / WORKERS);

let blocksTaken = 0;

/**
 * The next free block of this process, in 20000–31999. Test workers never share a block, because each has its own
 * slice of the range; runs that happen to overlap start at different places of a slice and probe before they take.
 * A block is handed out once per process. Throws when every block of the slice is taken or in use.
 */
export async function takePorts(): Promise<PortBlock> {
  const worker = workerNumber() % WORKERS;
  while (blocksTaken < BLOCKS_PER_WORKER) {
    const block = (process.pid + blocksTaken++) % BLOCKS_PER_WORKER;
    const first = FIRST_PORT + (worker * BLOCKS_PER_WORKER + block) * BLOCK_PORTS;
    if (await isBlockFree(first)) {
      return { vipPort: first, namesrvPort: first + 1, listenPort: first + 2, haPort: first + 3 };
    }
  }
  throw new Error(`no four free ports left for worker ${worker}: ${BLOCKS_PER_WORKER} blocks tried`);
}

/** vitest numbers its workers from 1; a program outside vitest is told apart by its pid. */
function workerNumber(): number {
  const poolId = Number(process.env['VITEST_POOL_ID'] ?? process.pid);
  assert(Number.isSafeInteger(poolId) && poolId >= 0, `VITEST_POOL_ID is not a number: ${poolId}`);
  return poolId;
}

async function isBlockFree(first: number): Promise<boolean> {
  for (let port = first; port < first + BLOCK_PORTS; port++) {
    if (!(await canBind(port))) return false;
  }
  return true;
}

function canBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
