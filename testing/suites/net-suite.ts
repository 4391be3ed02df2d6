import { afterEach, describe, expect, it } from 'vitest';
import type { Listener, Net, Socket } from '../../src/util/net.ts';
import { takePorts } from '../ports.ts';

const HOST = '127.0.0.1';

/** What every {@link Net} must do, in real time. `net` may be shared by all cases. */
export function netSuite(name: string, net: Net): void {
  const world = new World(net);
  afterEach(() => world.close());

  describe(`${name} as Net`, () => {
    transferCases(world);
    closeCases(world);
    listenCases(world);
  });
}

function transferCases(world: World): void {
  it('carries bytes both ways and knows both addresses', async () => {
    const { client, server, port } = await world.pair();
    server.onData = (bytes) => server.socket.write(Buffer.from(bytes));
    client.socket.write(Buffer.alloc(1000, 1));
    await client.until(() => client.bytes === 1000);
    const { remoteAddress, remotePort, localPort } = server.socket;
    expect([remoteAddress, remotePort, localPort]).toEqual([HOST, client.socket.localPort, port]);
    expect([client.socket.remoteAddress, client.socket.remotePort, client.socket.localAddress]).toEqual([
      HOST,
      port,
      HOST,
    ]);
  });

  it('has nothing unsent right after a write that the kernel took, corked or not', async () => {
    const { client } = await world.pair();
    expect(client.socket.write(Buffer.alloc(20_000))).toBe(true);
    expect(client.socket.unsentBytes).toBe(0);
    client.socket.cork();
    for (let i = 0; i < 3; i++) client.socket.write(Buffer.alloc(9000));
    expect(client.socket.unsentBytes).toBe(27_000);
    client.socket.uncork();
    expect(client.socket.unsentBytes).toBe(0);
  });

  it('counts what a peer that does not read leaves unsent, and drains when it reads', async () => {
    const { client, server } = await world.pair();
    server.socket.pause();
    const chunk = Buffer.alloc(4 * 1024 * 1024);
    let sent = 0;
    let goesOn = true;
    while (client.socket.unsentBytes === 0) {
      goesOn = client.socket.write(chunk);
      sent += chunk.length;
    }
    expect([goesOn, client.drains]).toEqual([false, 0]);
    server.socket.resume();
    await server.until(() => server.bytes === sent);
    await client.until(() => client.drains === 1);
    expect(client.socket.unsentBytes).toBe(0);
  });
}

function closeCases(world: World): void {
  it('sends everything before end() closes, and destroy() closes at once', async () => {
    const { client, server } = await world.pair();
    client.socket.write(Buffer.alloc(3_000_000));
    client.socket.end();
    expect(await server.closed).toBe('closed by peer');
    expect(server.bytes).toBe(3_000_000);
    expect(await client.closed).toMatch(/closed/);
    const other = await world.pair();
    other.client.socket.destroy();
    expect([await other.client.closed, await other.server.closed]).toEqual(['closed', 'closed by peer']);
  });

  it('tells the owner of a socket that was closed before it was taken over', async () => {
    const { port } = await world.pair();
    const socket = await world.net.connect({ host: HOST, port, timeoutMs: 3000 });
    socket.destroy();
    expect(await world.end(socket).closed).toBe('closed');
  });
}

function listenCases(world: World): void {
  it('rejects with the POSIX code', async () => {
    const { port } = await world.pair();
    const taken = world.net.listen({ host: HOST, port, maxConnections: 1 }, () => {});
    await expect(taken).rejects.toMatchObject({ name: 'NetError', code: 'EADDRINUSE' });
    const { namesrvPort } = await takePorts();
    const refused = world.net.connect({ host: HOST, port: namesrvPort, timeoutMs: 3000 });
    await expect(refused).rejects.toMatchObject({ name: 'NetError', code: 'ECONNREFUSED' });
  });

  it('closes connections beyond the bound at once', async () => {
    const { port, client } = await world.pair(1);
    const second = world.end(await world.net.connect({ host: HOST, port, timeoutMs: 3000 }));
    expect(await second.closed).toMatch(/closed by peer|ECONNRESET/);
    client.socket.write(Buffer.alloc(1));
    expect(client.socket.unsentBytes).toBe(0);
  });

  it('stops listening without touching the connections, and frees the port', async () => {
    const { client, server, port } = await world.pair();
    await world.listeners[0]?.close();
    client.socket.write(Buffer.alloc(5));
    await server.until(() => server.bytes === 5);
    world.listeners[0] = await world.net.listen({ host: HOST, port, maxConnections: 1 }, () => {});
    expect(world.listeners[0].port).toBe(port);
  });
}

/** Opens sockets and listeners and closes them after a case. */
class World {
  readonly net: Net;
  readonly opened: Socket[] = [];
  readonly listeners: Listener[] = [];

  constructor(net: Net) {
    this.net = net;
  }

  end(socket: Socket): End {
    this.opened.push(socket);
    return new End(socket);
  }

  async pair(maxConnections = 10): Promise<{ client: End; server: End; port: number }> {
    const { listenPort: port } = await takePorts();
    let accepted: (end: End) => void = () => {};
    const server = new Promise<End>((resolve) => {
      accepted = resolve;
    });
    const onConnection = (socket: Socket): void => accepted(this.end(socket));
    this.listeners.push(await this.net.listen({ host: HOST, port, maxConnections }, onConnection));
    const client = this.end(await this.net.connect({ host: HOST, port, timeoutMs: 3000 }));
    return { client, server: await server, port };
  }

  async close(): Promise<void> {
    for (const socket of this.opened.splice(0)) socket.destroy();
    await Promise.all(this.listeners.splice(0).map((listener) => listener.close()));
  }
}

/** What happened to one end, and a way to wait for it. */
class End {
  readonly socket: Socket;
  bytes = 0;
  drains = 0;
  readonly closed: Promise<string>;
  onData: (bytes: Buffer) => void = () => {};
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.setEvents({
        onData: (bytes) => {
          this.bytes += bytes.length;
          this.onData(bytes);
          this.#wake();
        },
        onDrain: () => {
          this.drains += 1;
          this.#wake();
        },
        onClose: resolve,
      });
    });
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
