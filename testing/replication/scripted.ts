import { offsetReport, TRANSFER_HEADER_BYTES, TransferDecoder, writeTransferHeader } from '../../src/ha/ha-frame.ts';
import type { Net, Socket } from '../../src/util/net.ts';

/** What a master sent at once: a heartbeat has an empty body. */
export interface Packet {
  readonly phyOffset: number;
  readonly body: Buffer;
}

/** A slave that says what the test tells it to, and keeps what comes. */
export class ScriptedSlave {
  readonly packets: Packet[] = [];
  /** Why the connection ended, undefined while it lasts. */
  closed: string | undefined;
  readonly socket: Socket;

  private constructor(socket: Socket) {
    this.socket = socket;
    const decoder = new TransferDecoder({
      onHeader: (phyOffset, size) => size > 0 || this.packets.push({ phyOffset, body: Buffer.alloc(0) }) > 0,
      onBody: (phyOffset, body) => this.packets.push({ phyOffset, body: Buffer.from(body) }) > 0,
    });
    socket.setEvents({
      onData: (bytes) => {
        if (decoder.feed(bytes) !== 'ok') throw new Error('the master sent no packet');
      },
      onDrain() {},
      onClose: (reason) => {
        this.closed = reason;
      },
    });
  }

  static async connect(net: Net, port: number): Promise<ScriptedSlave> {
    return new ScriptedSlave(await net.connect({ host: '127.0.0.1', port, timeoutMs: 5_000 }));
  }

  report(offset: number): void {
    this.socket.write(offsetReport(offset));
  }

  /** Offsets and sizes of the packets, heartbeats with size 0. */
  get outline(): string[] {
    return this.packets.map(({ phyOffset, body }) => `${phyOffset}+${body.length}`);
  }

  /** All bytes of the log that came, in order. */
  get bytes(): Buffer {
    return Buffer.concat(this.packets.map(({ body }) => body));
  }
}

/** A master that sends what the test tells it to. */
export class ScriptedMaster {
  /** Reports of all connections, in order. */
  readonly reports: number[] = [];
  /** Sockets of the slaves, the newest last. */
  readonly sockets: Socket[] = [];
  /** How many of them are closed. */
  closed = 0;

  static async listen(net: Net, port: number): Promise<ScriptedMaster> {
    const master = new ScriptedMaster();
    await net.listen({ port, maxConnections: 8 }, (socket) => master.#accept(socket));
    return master;
  }

  send(phyOffset: number, body: Uint8Array = new Uint8Array(0)): void {
    this.sockets.at(-1)?.write(packetOf(phyOffset, body));
  }

  #accept(socket: Socket): void {
    this.sockets.push(socket);
    let held = Buffer.alloc(0);
    socket.setEvents({
      onData: (bytes) => {
        held = Buffer.concat([held, bytes]);
        for (; held.length >= 8; held = held.subarray(8)) this.reports.push(Number(held.readBigInt64BE()));
      },
      onDrain() {},
      onClose: () => {
        this.closed += 1;
      },
    });
  }
}

/** A packet as it is on the wire. */
export function packetOf(phyOffset: number, body: Uint8Array): Buffer {
  const packet = Buffer.alloc(TRANSFER_HEADER_BYTES + body.length);
  writeTransferHeader(packet, phyOffset, body.length);
  packet.set(body, TRANSFER_HEADER_BYTES);
  return packet;
}
