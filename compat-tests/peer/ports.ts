import { createServer } from 'node:net';

const FIRST_PORT = 20_000;
const BLOCK_SIZE = 4;
const BLOCKS = 3_000;

/** Ports of one name server with one broker; the broker's three are bound together by Java (VIP = port − 2, HA = port + 1). */
export interface PortBlock {
  readonly vip: number;
  readonly namesrv: number;
  readonly broker: number;
  readonly ha: number;
}

/**
 * A block of four ports that are free now, between 20000 and 31999. Throws when none of many random blocks is free.
 * Another process can take one before it is bound: the start then fails loudly.
 */
export async function allocatePorts(): Promise<PortBlock> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const base = FIRST_PORT + Math.floor(Math.random() * BLOCKS) * BLOCK_SIZE;
    const free = await Promise.all([base, base + 1, base + 2, base + 3].map(isFree));
    if (free.every((yes) => yes)) return { vip: base, namesrv: base + 1, broker: base + 2, ha: base + 3 };
  }
  throw new Error('no free block of four ports between 20000 and 31999');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
