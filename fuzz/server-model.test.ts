import { describe, expect, it } from 'vitest';
import { encodeCommand } from '../src/codec/remoting-command.ts';
import { requestCommand } from '../testing/remoting-fixture.ts';
import { ServerModel, type Target } from './server-model.ts';

const BROKER: Target = { server: 'broker', port: 'main' };
const PULL = {
  consumerGroup: 'g',
  topic: 'T',
  queueId: '0',
  queueOffset: '0',
  maxMsgNums: '32',
  sysFlag: '0',
  commitOffset: '0',
  suspendTimeoutMillis: '0',
  subVersion: '0',
};
const QUEUE = { topic: 'T', queueId: '0' };

function seen(target: Target, code: number, extFields: Readonly<Record<string, string>>, flag = 0): unknown {
  const { frames, closes } = new ServerModel(target).feed(encodeCommand(requestCommand(code, extFields, { flag })));
  expect(closes).toBe(false);
  return frames.map(({ fate, answers }) => [fate, answers]);
}

describe('the model of a server', () => {
  it.each([
    ['a request of the broker', BROKER, 30, QUEUE, 0, ['handled', 'one']],
    ['the same without an answer', BROKER, 30, QUEUE, 2, ['handled', 'none']],
    ['a field missing', BROKER, 30, { topic: 'T' }, 0, ['refused', 'one']],
    ['a field that is no number', BROKER, 30, { topic: 'T', queueId: 'x' }, 0, ['refused', 'one']],
    ['a response', BROKER, 30, QUEUE, 1, ['response', 'none']],
    ['a code nobody has', BROKER, 9999, {}, 2, ['unsupported', 'one']],
    ['a code of the other server', BROKER, 105, {}, 0, ['unsupported', 'one']],
    ['a pull that may not wait', BROKER, 11, PULL, 0, ['handled', 'one']],
    ['a pull that may wait', BROKER, 11, { ...PULL, sysFlag: '6' }, 0, ['handled', 'perhaps']],
    ['a pull on the VIP port', { server: 'broker', port: 'vip' }, 11, PULL, 0, ['unsupported', 'one']],
    ['a request of the name server', { server: 'namesrv', port: 'main' }, 106, {}, 0, ['handled', 'one']],
  ] as const)('%s', (_, target, code, extFields, flag, expected) => {
    expect(seen(target, code, extFields, flag)).toEqual([expected]);
  });

  it('closes for what is no command, and for TLS at the beginning only', () => {
    const frame = encodeCommand(requestCommand(30, QUEUE));
    const broken = Buffer.from(frame);
    broken[4] = 2;
    expect(new ServerModel(BROKER).feed(Buffer.concat([frame, broken]))).toMatchObject({ closes: true });
    expect(new ServerModel(BROKER).feed(Buffer.from([0x16]))).toMatchObject({ closes: true });
    expect(new ServerModel(BROKER, false).feed(Buffer.from([0x16]))).toMatchObject({ closes: false, pendingBytes: 1 });
  });

  it('keeps half a frame until the rest comes', () => {
    const frame = encodeCommand(requestCommand(30, QUEUE));
    const model = new ServerModel(BROKER);
    const half = { frames: [], closes: false, pendingBytes: 40, announcedBytes: frame.length - 4 };
    expect(model.feed(frame.subarray(0, 40))).toEqual(half);
    expect(model.feed(frame.subarray(40))).toMatchObject({ closes: false, pendingBytes: 0, announcedBytes: 0 });
  });
});
