import { connect, createServer, type Socket } from 'node:net';
import { assert } from '../../src/util/assert.ts';

/** One word that a planted bug puts in the place of another of the same length, in what the server sends. */
export interface Lie {
  readonly says: string;
  readonly insteadOf: string;
}

/** A proxy before a server whose answers it falsifies: shows that a comparison of answers can fail. */
export interface LyingProxy {
  /** `host:port` for clients. */
  readonly address: string;
  close(): void;
}

/** Starts a proxy on a free port of 127.0.0.1. The words must not be cut by the network: short answers are not. */
export async function lyingProxy(target: string, { says, insteadOf }: Lie): Promise<LyingProxy> {
  assert(says.length === insteadOf.length, 'a lie must not change the length of a frame');
  const [host = '', port = ''] = target.split(':');
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect({ host, port: Number(port), noDelay: true });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }
    client.pipe(upstream);
    upstream.on('data', (bytes) => {
      client.write(Buffer.from(bytes.toString('latin1').replaceAll(insteadOf, says), 'latin1'));
    });
    upstream.on('close', () => client.destroy());
    client.on('close', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert(address !== null && typeof address === 'object', 'the proxy listens on a port');
  return {
    address: `127.0.0.1:${address.port}`,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
