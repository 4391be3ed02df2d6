import { describe, expect, it } from 'vitest';
import { RemotingFixture, VIP_PORT } from '../../testing/remoting-fixture.ts';
import { FLAG_RESPONSE, type RemotingCommand, VERSION_4_6_0 } from '../codec/remoting-command.ts';
import { RequestError } from '../codec/response-codes.ts';
import { AssertionError } from '../util/assert.ts';
import { type Handler, type NoReply, noReply, type Request } from './handler.ts';

const QUEUE = { topic: 'T', queueId: '3' };
const GET_MAX_OFFSET = 30;

type MaxOffset = Handler<'GET_MAX_OFFSET'>;
const answerSeven: MaxOffset = () => ({ code: 'SUCCESS', header: { offset: 7 } });

async function started(handler: MaxOffset, options = {}): Promise<RemotingFixture> {
  return RemotingFixture.start({ handlers: { GET_MAX_OFFSET: handler }, ...options });
}

async function answerTo(handler: MaxOffset, extFields: Record<string, string> = QUEUE): Promise<RemotingCommand> {
  const fixture = await started(handler);
  const client = await fixture.client();
  client.request(GET_MAX_OFFSET, extFields);
  await fixture.settle();
  return client.only;
}

describe('Dispatcher: an ordinary request', () => {
  it('gives the handler a typed view and answers with flag, version, language and opaque', async () => {
    let seen = {};
    const answer = await answerTo((request) => {
      const { command, header, opaque, version, language, oneway, vip, hasExtFields, body } = request;
      seen = { command, header: header.detach(), opaque, version, language, oneway, vip, hasExtFields, body };
      return { code: 'SUCCESS', header: { offset: header.queueId + 4 }, body: Buffer.from('xyz') };
    });
    const header = { topic: 'T', queueId: 3 };
    const rest = { opaque: 1, version: 333, language: 'JAVA', oneway: false, vip: false, hasExtFields: true };
    expect(seen).toEqual({ command: 'GET_MAX_OFFSET', header, body: undefined, ...rest });
    expect(answer).toMatchObject({ code: 0, flag: FLAG_RESPONSE, version: VERSION_4_6_0, language: 'JAVA', opaque: 1 });
    expect(answer.extFields).toEqual(new Map([['offset', '7']]));
    expect(answer.body?.toString()).toBe('xyz');
  });

  it('shows the body as a view and as a span, and fields beyond the schema', async () => {
    let seen: unknown;
    const fixture = await started((request) => {
      const { bytes, bodyStart, bodyEnd } = request;
      const all = [...request.extFields().keys()];
      seen = [
        String(request.body),
        bytes.toString('utf8', bodyStart, bodyEnd),
        request.ext('more'),
        all,
        request.remark,
      ];
      return noReply;
    });
    const client = await fixture.client();
    client.request(GET_MAX_OFFSET, { ...QUEUE, more: '1' }, { body: Buffer.from('body'), remark: 'why' });
    await fixture.settle();
    expect(seen).toEqual(['body', 'body', '1', ['topic', 'queueId', 'more'], 'why']);
    expect(client.received).toEqual([]);
  });

  it('keeps nothing of a connection that is gone', async () => {
    let kept: Parameters<MaxOffset>[0] | undefined;
    const fixture = await started((request) => {
      kept = request;
      return noReply;
    });
    const [client, other] = [await fixture.client(), await fixture.client()];
    client.request(GET_MAX_OFFSET, QUEUE);
    await fixture.settle();
    other.socket.destroy();
    await fixture.settle();
    expect(kept?.connection).toBeDefined();
    client.socket.destroy();
    await fixture.settle();
    expect([kept?.connection, kept?.bytes.length]).toEqual([undefined, 0]);
  });

  it('answers nothing to a oneway request, whatever the handler says', async () => {
    const results: ReturnType<MaxOffset>[] = [{ code: 'SUCCESS' } as never, Promise.resolve(noReply)];
    const fixture = await started(() => {
      const next = results.shift();
      if (next === undefined) throw new RequestError('SYSTEM_ERROR', 'no more');
      return next;
    });
    const client = await fixture.client();
    for (let i = 0; i < 3; i++) client.oneway(GET_MAX_OFFSET, QUEUE);
    client.oneway(GET_MAX_OFFSET, {});
    await fixture.settle();
    expect(client.received).toEqual([]);
    expect(results).toEqual([]);
  });

  it('answers with an opaque of its own when the request has none', async () => {
    const fixture = await started(answerSeven);
    const client = await fixture.client();
    const header = Buffer.from('{"code":30,"extFields":{"topic":"T","queueId":"0"},"flag":0,"version":1}');
    const frame = Buffer.alloc(8 + header.length);
    frame.writeInt32BE(4 + header.length, 0);
    frame.writeInt32BE(header.length, 4);
    header.copy(frame, 8);
    client.socket.write(frame);
    await fixture.settle();
    expect(client.only).toMatchObject({ code: 0, opaque: 1 });
  });
});

describe('Dispatcher: who serves what', () => {
  it.each([
    ['a code nobody knows', 999],
    ['a code of the name server', 105],
    ['a code that Java lists and nobody serves', 13],
    ['a negative code', -7],
    ['a code beyond the table', 5000],
  ])("answers code 3 at once to %s, in Java's words, even oneway", async (_what, code) => {
    const fixture = await started(answerSeven);
    const client = await fixture.client();
    client.request(code);
    client.oneway(code);
    await fixture.settle();
    const refusal = { code: 3, remark: ` request type ${code} not supported`, extFields: undefined, flag: 1 };
    expect(client.received).toMatchObject([refusal, refusal]);
  });

  it('does not serve pulls on the VIP port', async () => {
    const fixture = await RemotingFixture.start({
      handlers: {
        PULL_MESSAGE: () => noReply,
        GET_MAX_OFFSET: (request) => ({ code: 'SUCCESS', header: { offset: request.vip ? 1 : 0 } }),
      },
    });
    const client = await fixture.client(VIP_PORT);
    client.request(11);
    client.request(GET_MAX_OFFSET, QUEUE);
    await fixture.settle();
    expect(client.received).toMatchObject([{ code: 3, remark: ' request type 11 not supported' }, { code: 0 }]);
    expect(client.received[1]?.extFields?.get('offset')).toBe('1');
  });
});

describe('Dispatcher: wrong requests', () => {
  it('refuses a missing or unreadable required field before the handler', async () => {
    expect(await answerTo(answerSeven, { topic: 'T' })).toMatchObject({
      code: 1,
      remark: 'field queueId missing',
      extFields: undefined,
    });
    const unreadable = await answerTo(answerSeven, { topic: 'T', queueId: 'x' });
    expect(unreadable).toMatchObject({ code: 1, remark: 'field queueId not a number' });
  });

  it('answers a RequestError with its code and message, thrown or rejected', async () => {
    const refusal = new RequestError('TOPIC_NOT_EXIST', 'topic[T] not exist');
    const thrown = await answerTo(() => {
      throw refusal;
    });
    const rejected = await answerTo(() => Promise.reject(refusal));
    for (const answer of [thrown, rejected]) {
      expect(answer).toMatchObject({ code: 17, remark: 'topic[T] not exist', extFields: new Map() });
    }
  });

  it('answers anything else briefly and logs the stack, ten times a second at most', async () => {
    const fixture = await started(() => {
      throw new TypeError('boom');
    });
    const client = await fixture.client();
    for (let i = 0; i < 25; i++) client.request(GET_MAX_OFFSET, QUEUE);
    await fixture.settle();
    expect(client.received).toHaveLength(25);
    expect(client.received[24]).toMatchObject({ code: 1, remark: 'TypeError: boom', extFields: undefined });
    const errors = () => fixture.log.lines.filter((line) => line.level === 'error');
    expect(errors()).toHaveLength(10);
    expect(errors()[0]?.fields['err']).toBeInstanceOf(TypeError);
    fixture.clock.advance(1000);
    client.request(GET_MAX_OFFSET, QUEUE);
    await fixture.settle();
    expect(errors()).toHaveLength(11);
  });

  it('lets a broken invariant through to the root', async () => {
    const fixture = await started(() => {
      throw new AssertionError('offsets went back');
    });
    const client = await fixture.client();
    client.request(GET_MAX_OFFSET, QUEUE);
    expect(() => fixture.clock.endTurn()).toThrow('offsets went back');
  });

  it('answers code 1 when a reply holds a value that no header can carry', async () => {
    const fixture = await started((request) => {
      return { code: 'SUCCESS', header: { offset: request.header.queueId === 3 ? Number.NaN : 5 } };
    });
    const client = await fixture.client();
    client.request(GET_MAX_OFFSET, QUEUE);
    client.request(GET_MAX_OFFSET, { topic: 'T', queueId: '4' });
    await fixture.settle();
    expect(client.received).toMatchObject([
      { code: 1, opaque: 1 },
      { code: 0, opaque: 2 },
    ]);
  });

  it('closes a connection whose bytes are no command, and no other', async () => {
    const fixture = await started(answerSeven);
    const bad = await fixture.client();
    const good = await fixture.client();
    bad.request(GET_MAX_OFFSET, QUEUE);
    bad.socket.write(Buffer.from([0, 0, 0, 6, 0, 0, 0, 2, 0x7b, 0x5d]));
    await fixture.settle();
    good.request(GET_MAX_OFFSET, QUEUE);
    await fixture.settle();
    expect(bad.closed).toBe('closed by peer');
    expect(good).toMatchObject({ closed: undefined, only: { code: 0 } });
  });
});

describe('Dispatcher: handlers that take time', () => {
  it('answers when the promise settles and counts the request in flight until then', async () => {
    let settle: () => void = () => {};
    const waiting = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const fixture = await started(async (request) => {
      const { queueId } = request.header.detach();
      await waiting;
      return { code: 'SUCCESS', header: { offset: queueId } };
    });
    const client = await fixture.client();
    client.request(GET_MAX_OFFSET, QUEUE);
    client.request(GET_MAX_OFFSET, { topic: 'T', queueId: '9' });
    await fixture.settle();
    const lane = fixture.admission.lane('admin');
    expect([client.received.length, lane.inFlight, fixture.connection.inFlight]).toEqual([0, 2, 2]);
    settle();
    await fixture.settle();
    expect(client.received.map((answer) => answer.extFields?.get('offset'))).toEqual(['3', '9']);
    expect([lane.inFlight, fixture.connection.inFlight]).toEqual([0, 0]);
  });

  it('lets a handler answer later through the connection', async () => {
    let held: Request<'GET_MAX_OFFSET'>['connection'] | undefined;
    const fixture = await started((request) => {
      held = request.connection;
      return noReply;
    });
    const client = await fixture.client();
    const opaque = client.request(GET_MAX_OFFSET, QUEUE);
    await fixture.settle();
    expect(client.received).toEqual([]);
    held?.reply(opaque, 'GET_MAX_OFFSET', { code: 'SUCCESS', header: { offset: 12 } });
    await fixture.settle();
    expect(client.only).toMatchObject({ code: 0, opaque, extFields: new Map([['offset', '12']]) });
    client.socket.destroy();
    await fixture.settle();
    held?.reply(opaque, 'GET_MAX_OFFSET', { code: 'SUCCESS', header: { offset: 12 } });
    await fixture.settle();
    expect(client.received).toHaveLength(1);
  });

  it('poisons the request after the synchronous part when asked to', async () => {
    const outcomes: unknown[] = [];
    const handler: MaxOffset = async (request): Promise<NoReply> => {
      const { header, body } = request;
      outcomes.push(header.queueId, body?.toString('latin1'));
      await Promise.resolve();
      for (const late of [() => header.queueId, () => request.opaque]) {
        try {
          outcomes.push(late());
        } catch (error) {
          outcomes.push(error instanceof TypeError);
        }
      }
      outcomes.push(body?.[0]);
      return noReply;
    };
    const fixture = await started(handler, { poison: true });
    const client = await fixture.client();
    client.request(GET_MAX_OFFSET, QUEUE, { body: Buffer.from('b') });
    await fixture.settle();
    expect(outcomes).toEqual([3, 'b', true, true, 0xdb]);
  });
});

describe('Dispatcher: flow control', () => {
  it('answers [OVERLOAD] beyond the capacity of the lane, but not to oneway', async () => {
    const fixture = await RemotingFixture.start({
      handlers: { GET_MAX_OFFSET: () => new Promise(() => {}) },
      admission: { admin: { capacity: 2, mostWaitMs: 0 } },
    });
    const client = await fixture.client();
    for (let i = 0; i < 3; i++) client.request(GET_MAX_OFFSET, QUEUE);
    client.oneway(GET_MAX_OFFSET, QUEUE);
    await fixture.settle();
    const remark = '[OVERLOAD]system busy, start flow control for a while';
    expect(client.only).toMatchObject({ code: 2, opaque: 3, remark, extFields: undefined });
  });

  it('answers [REJECTREQUEST] with the cause to sends, even oneway, and to nothing else', async () => {
    const fixture = await RemotingFixture.start({
      handlers: { SEND_MESSAGE: () => noReply, GET_MAX_OFFSET: answerSeven },
      rejectSend: () => 'cause: a disk write takes longer than 1 s',
    });
    const client = await fixture.client();
    client.request(10);
    client.oneway(10);
    client.request(GET_MAX_OFFSET, QUEUE);
    await fixture.settle();
    const remark =
      '[REJECTREQUEST]system busy, start flow control for a while, cause: a disk write takes longer than 1 s';
    expect(client.received).toMatchObject([{ code: 2, remark }, { code: 2, remark }, { code: 0 }]);
  });

  it('answers [TIMEOUT_CLEAN_QUEUE] to what really waited too long in this process', async () => {
    let isFirst = true;
    const fixture: RemotingFixture = await RemotingFixture.start({
      handlers: {
        GET_MAX_OFFSET: (request) => {
          if (isFirst) fixture.clock.atTurnEnd(() => fixture.clock.advance(200));
          isFirst = false;
          return answerSeven(request);
        },
      },
      limits: { framesPerTurn: 1 },
      admission: { admin: { capacity: 9, mostWaitMs: 200 } },
    });
    const client = await fixture.client();
    client.socket.cork();
    client.request(GET_MAX_OFFSET, QUEUE);
    client.request(GET_MAX_OFFSET, QUEUE);
    client.socket.uncork();
    await fixture.settle();
    expect(client.received).toMatchObject([{ code: 0 }, { code: 2, opaque: 2 }]);
    expect(client.received[1]?.remark).toMatch(
      /^\[TIMEOUT_CLEAN_QUEUE\]broker busy, start flow control for a while, period in queue: 200ms, size of queue: 0, /,
    );
  });
});
