import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { takePorts } from './ports.ts';

const servers: Server[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

describe('takePorts', () => {
  it('hands out four consecutive ports of the test range, each once', async () => {
    const seen = new Set<number>();
    for (let round = 0; round < 5; round++) {
      const block = await takePorts();
      const ports = [block.vipPort, block.namesrvPort, block.listenPort, block.haPort];
      expect(ports).toEqual([0, 1, 2, 3].map((step) => block.listenPort - 2 + step));
      for (const port of ports) {
        expect(port).toBeGreaterThanOrEqual(20_000);
        expect(port).toBeLessThan(32_000);
        expect(seen.has(port)).toBe(false);
        seen.add(port);
      }
    }
  });

  it.each([0, 1, 2, 3])('passes over a block whose port %d is in use', async (step) => {
    const previous = await takePorts();
    const blocked = previous.vipPort + 4 + step;
    await listen(blocked);
    const next = await takePorts();
    expect(next.vipPort).not.toBe(previous.vipPort + 4);
    expect(blocked < next.vipPort || blocked > next.haPort).toBe(true);
  });
});

function listen(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    servers.push(server);
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}
