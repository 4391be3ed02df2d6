import { TRANSFER_HEADER_BYTES, TransferDecoder } from '../../src/ha/ha-frame.ts';
import type { ConnectOptions, Listener, ListenOptions, Net, Socket, SocketEvents } from '../../src/util/net.ts';
import { packetOf } from './scripted.ts';

/** A network that can hand a slave a packet of its master twice, which no TCP does: the slave must not take it. */
export class RepeatingNet implements Net {
  /** The next packet with a body comes twice. */
  repeatNext = false;
  /** Packets that came twice. */
  repeated = 0;
  readonly #net: Net;
  #latest: Socket | undefined;

  constructor(net: Net) {
    this.#net = net;
  }

  listen(options: ListenOptions, onConnection: (socket: Socket) => void): Promise<Listener> {
    return this.#net.listen(options, onConnection);
  }

  async connect(options: ConnectOptions): Promise<Socket> {
    const socket = await this.#net.connect(options);
    this.#latest = socket;
    return new Proxy(socket, {
      get: (target, name) => {
        if (name === 'setEvents') return (events: SocketEvents) => target.setEvents(this.#listening(events));
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
      },
    });
  }

  /** Cuts the connection that was made last. */
  cut(): void {
    this.#latest?.destroy();
  }

  #listening(events: SocketEvents): SocketEvents {
    let arrived = 0;
    let inPackets = 0;
    let last: Buffer | undefined;
    const decoder = new TransferDecoder({
      onHeader: (_, size) => {
        inPackets += TRANSFER_HEADER_BYTES + size;
        return true;
      },
      onBody: (phyOffset, body) => {
        last = packetOf(phyOffset, body);
        return true;
      },
    });
    return {
      onData: (bytes) => {
        arrived += bytes.length;
        decoder.feed(bytes);
        events.onData(bytes);
        if (!this.repeatNext || last === undefined || arrived !== inPackets) return;
        this.repeatNext = false;
        this.repeated += 1;
        events.onData(last);
      },
      onDrain: () => events.onDrain(),
      onClose: (reason) => events.onClose(reason),
    };
  }
}
