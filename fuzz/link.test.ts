import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { decodeCommand, encodeCommand, FLAG_RESPONSE, type RemotingCommand } from '../src/codec/remoting-command.ts';
import { takePorts } from '../testing/ports.ts';
import { requestCommand } from '../testing/remoting-fixture.ts';
import { Link, type Tally } from './link.ts';
import { ServerModel } from './server-model.ts';

let server: Server | undefined;
afterEach(() => new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve()))));

/** A server that does `react` with each request, and a link to it that has sent one request. */
async function linkTo(
  react: (socket: Socket, request: RemotingCommand) => void,
): Promise<{ link: Link; tally: Tally }> {
  const { listenPort } = await takePorts();
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => react(socket, decodeCommand(bytes, 4) as RemotingCommand));
  });
  await new Promise<void>((resolve) => server?.listen(listenPort, '127.0.0.1', resolve));
  const fates = { response: 0, unsupported: 0, refused: 0, handled: 0 };
  const tally: Tally = { codes: new Map(), fates, pushes: 0, successes: new Map() };
  const link = await Link.open(listenPort, tally);
  const bytes = encodeCommand(requestCommand(30, { topic: 'T', queueId: '0' }, { opaque: 77 }));
  link.send(bytes, new ServerModel({ server: 'broker', port: 'main' }).feed(bytes));
  return { link, tally };
}

function answer(socket: Socket, more: Partial<RemotingCommand>): void {
  socket.write(encodeCommand({ code: 0, version: 333, opaque: 77, flag: FLAG_RESPONSE, ...more }));
}

describe('a link', () => {
  it('is content with the one right answer', async () => {
    const { link, tally } = await linkTo((socket) => answer(socket, { code: 17 }));
    await link.settled();
    expect([...tally.codes, tally.fates.handled]).toEqual([[17, 1], 1]);
    await link.close();
  });

  it.each<[string, (socket: Socket) => void, RegExp]>([
    ['another opaque', (socket) => answer(socket, { opaque: 78 }), /nobody waits for/],
    [
      'code 3 for a code that is served',
      (socket) => answer(socket, { code: 3, remark: ' request type 30 not supported' }),
      /nobody waits for/,
    ],
    ['an answer that is no command', (socket) => socket.write(Buffer.from([0, 0, 0, 4, 9, 0, 0, 0])), /no command/],
    ['a closed connection', (socket) => socket.destroy(), /closed the connection without a reason/],
  ])('objects to %s', async (_, react, problem) => {
    const { link } = await linkTo(react);
    await expect(link.settled()).rejects.toThrow(problem);
    await link.close();
  });

  it('objects to a second answer', async () => {
    const { link } = await linkTo((socket) => {
      socket.cork();
      answer(socket, {});
      answer(socket, {});
      socket.uncork();
    });
    await expect(link.settled()).rejects.toThrow(/nobody waits for/);
    await link.close();
  });
});
