import { createServer } from 'node:net';
import { commands } from '../src/codec/commands.ts';
import type { OutputBuffer } from '../src/codec/output-buffer.ts';
import { encodeCommand, VERSION_4_6_0 } from '../src/codec/remoting-command.ts';
import { ResponseTemplate } from '../src/codec/response-template.ts';
import { Admission, plainLimits } from '../src/remoting/admission.ts';
import { Dispatcher } from '../src/remoting/dispatcher.ts';
import type { Handlers, ParkedReply } from '../src/remoting/handler.ts';
import { LoopTurn } from '../src/remoting/loop-turn.ts';
import { ParkedReplies } from '../src/remoting/parked-replies.ts';
import { RemotingServer } from '../src/remoting/server.ts';
import { systemClock } from '../src/util/clock.ts';
import { silentLogger } from '../src/util/logger.ts';
import type { Socket } from '../src/util/net.ts';
import { nodeNet } from '../src/util/node-net.ts';
import type { Ticket } from '../src/util/ticket.ts';

/** One load: so many connections with so many requests under way on each. */
export interface RemotingLoad {
  readonly connections: number;
  readonly inFlight: number;
}

export interface RemotingResult extends RemotingLoad {
  readonly requests: number;
  /** CPU of the process per request, the client's share included. */
  readonly cpuNs: number;
  readonly wallNs: number;
}

const HOST = '127.0.0.1';
const BODY = Buffer.alloc(128, 0x61);
const SEND_FIELDS = {
  a: 'bench_group',
  b: 'BenchTopic',
  c: 'TBW102',
  d: '4',
  e: '2',
  f: '0',
  g: '1700000000000',
  h: '0',
  i: 'UNIQ_KEY\u00017F0000010000000000000000000001\u0002WAIT\u0001true\u0002',
  j: '0',
  k: 'false',
  m: 'false',
};

/**
 * Sends that no store takes: scanned, bound, parked, released at the end of the turn, answered by template. Server and
 * client share the process, so the figure is the cost of both ends of a socket.
 */
export async function measureRemoting(load: RemotingLoad, forMs: number): Promise<RemotingResult> {
  const { server, port } = await startServer();
  const peers: Peer[] = [];
  for (let i = 0; i < load.connections; i++) {
    peers.push(new Peer(await nodeNet.connect({ host: HOST, port, timeoutMs: 3000 }), load.inFlight));
  }
  for (const peer of peers) peer.start();
  await sleep(forMs / 4);
  const before = { done: total(peers), cpu: process.cpuUsage(), at: performance.now() };
  await sleep(forMs);
  const requests = total(peers) - before.done;
  const cpu = process.cpuUsage(before.cpu);
  const wallMs = performance.now() - before.at;
  for (const peer of peers) peer.stop();
  await server.close();
  return { ...load, requests, cpuNs: ((cpu.user + cpu.system) * 1000) / requests, wallNs: (wallMs * 1e6) / requests };
}

async function startServer(): Promise<{ server: RemotingServer; port: number }> {
  const turn = new LoopTurn(systemClock);
  const parked = new ParkedReplies({ clock: systemClock, turn });
  const dispatcher = new Dispatcher({
    server: 'broker',
    port: 'main',
    handlers: { SEND_MESSAGE_V2: sendHandler(parked) } as unknown as Handlers<'broker'>,
    admission: new Admission(plainLimits(1_000_000)),
    parked,
    clock: systemClock,
    log: silentLogger,
  });
  const server = new RemotingServer({
    net: nodeNet,
    clock: systemClock,
    log: silentLogger,
    turn,
    ports: [{ host: HOST, port: await freePort(), receiver: dispatcher }],
    idleMs: 0,
  });
  await server.start();
  return { server, port: server.ports[0] as number };
}

const template = new ResponseTemplate(commands.SEND_MESSAGE_V2, {
  code: 0,
  constants: { MSG_REGION: 'DefaultRegion', TRACE_ON: 'true' },
  fields: ['msgId', 'queueId', 'queueOffset'],
});

class ParkedSend implements ParkedReply {
  readonly ticket: Ticket;
  readonly #queueId: number;

  constructor(endOffset: number, queueId: number) {
    this.ticket = { endOffset, needs: 0, deadlineMs: 0, failed: false };
    this.#queueId = queueId;
  }

  write(out: OutputBuffer, opaque: number): void {
    const frame = template.begin(out);
    out.hex64(this.ticket.endOffset);
    out.hex64(this.ticket.endOffset);
    template.next(out);
    out.decimal(this.#queueId);
    template.next(out);
    out.decimal(this.ticket.endOffset);
    template.end(out, frame, opaque, 0);
  }
}

/** Gives every send a position and moves the written mark at the end of the turn, as the store does. */
function sendHandler(parked: ParkedReplies): Handlers<'broker'>['SEND_MESSAGE_V2'] {
  let endOffset = 0;
  let isScheduled = false;
  const release = (): void => {
    isScheduled = false;
    parked.release({ written: endOffset, flushed: 0, replicated: 0 });
  };
  return (request) => {
    endOffset += request.bodyEnd - request.bodyStart;
    if (!isScheduled) systemClock.atTurnEnd(release);
    isScheduled = true;
    return new ParkedSend(endOffset, request.header.queueId);
  };
}

/** A client that keeps so many requests under way and counts answers by their length prefixes. */
class Peer {
  done = 0;
  readonly #socket: Socket;
  readonly #inFlight: number;
  readonly #frame: Buffer;
  readonly #batch: Buffer;
  #isStopped = false;
  /** Bytes of a half answer that are still to come, or of a cut prefix that came. */
  #missing = 0;
  #prefix = Buffer.alloc(0);

  constructor(socket: Socket, inFlight: number) {
    this.#socket = socket;
    this.#inFlight = inFlight;
    const extFields = new Map(Object.entries(SEND_FIELDS));
    this.#frame = encodeCommand({ code: 310, version: VERSION_4_6_0, opaque: 77, flag: 0, extFields, body: BODY });
    this.#batch = Buffer.concat(Array.from({ length: inFlight }, () => this.#frame));
    socket.setEvents({ onData: (bytes) => this.#take(bytes), onDrain: () => {}, onClose: () => {} });
  }

  start(): void {
    this.#socket.write(this.#batch);
  }

  stop(): void {
    this.#isStopped = true;
  }

  #take(chunk: Buffer): void {
    const bytes = this.#prefix.length === 0 ? chunk : Buffer.concat([this.#prefix, chunk]);
    this.#prefix = Buffer.alloc(0);
    let at = this.#missing;
    let answers = this.#missing > 0 && at <= bytes.length ? 1 : 0;
    while (at + 4 <= bytes.length) {
      at += 4 + bytes.readInt32BE(at);
      if (at <= bytes.length) answers += 1;
    }
    if (at < bytes.length) this.#prefix = Buffer.from(bytes.subarray(at));
    this.#missing = Math.max(0, at - bytes.length);
    this.done += answers;
    if (this.#isStopped || answers === 0) return;
    this.#socket.write(
      answers === this.#inFlight ? this.#batch : this.#batch.subarray(0, answers * this.#frame.length),
    );
  }
}

function total(peers: readonly Peer[]): number {
  return peers.reduce((sum, peer) => sum + peer.done, 0);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, HOST, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
