import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeRecords } from '../peer/records.ts';
import { bytesOf, type Captured, type CapturedHeader, readCapture } from './capture.ts';
import type { Frame } from './frames.ts';
import { formatOf, shapeOf } from './java-shape.ts';
import { Situation } from './situation.ts';

const capture = readCapture();
/** Requests of the console that Java answered; for the last three the console was gone before the answer. */
const asked = capture.filter(({ dir, responseCode }) => dir !== 'broker->client' && responseCode !== null);

describe('the requests of the console, replayed', () => {
  const answers = new Map<Captured, Frame>();
  let situation: Situation;

  beforeAll(async () => {
    situation = await Situation.start(capture);
    let leave: (() => Promise<void>) | undefined;
    for (const request of asked) {
      if (isPullConsumers(request)) leave ??= await situation.toolsConsumer();
      else {
        await leave?.();
        leave = undefined;
      }
      answers.set(request, await situation.replay(request));
    }
  }, 60_000);
  afterAll(() => situation.stop());

  it.each(asked.map((request, index) => [`${index} ${titleOf(request)}`, request] as const))('%s', (_, request) => {
    const { header, body } = answers.get(request) as Frame;
    const { responseHeader, responseBody, responseBodyEnc } = request;
    const recorded = bytesOf(responseBody, responseBodyEnc);
    expect(headerShape(header)).toEqual(headerShape(responseHeader as CapturedHeader));
    expect(bodyShape(request, body)).toEqual(bodyShape(request, recorded));
  });

  it('what the broker asked and told the clients', () => {
    const shapes = situation.pushed.map((frame) => pushShape(frame.header, frame.body));
    const recorded = capture.filter(({ dir, requestHeader }) => {
      return dir === 'broker->client' && requestHeader.extFields?.['consumerGroup'] !== 'TOOLS_CONSUMER';
    });
    for (const { code, requestHeader, requestBody, requestBodyEnc } of recorded) {
      // The member that left again was told of itself; nobody listens to it any more here.
      if (code === 40 && requestHeader.extFields?.['consumerGroup'] === 'w133357_off') continue;
      expect(shapes).toContainEqual(pushShape(requestHeader, bytesOf(requestBody, requestBodyEnc)));
    }
  });
});

describe('the comparison', () => {
  const shapes = (text: string): string => {
    try {
      return shapeOf(text);
    } catch {
      return 'no JSON';
    }
  };

  it.each([
    ['a missing key', '{"a":1,"b":2}', '{"a":1}'],
    ['a text for a number', '{"a":1}', '{"a":"1"}'],
    ['null for a decimal', '{"tps":0.0}', '{"tps":null}'],
    ['an integer for a decimal', '{"tps":0.0}', '{"tps":0}'],
    ['quoted for bare keys', '{0:"x"}', '{"0":"x"}'],
    ['another queue as key', '{{"queueId":0,"topic":"T"}:1}', '{{"queueId":1,"topic":"T"}:1}'],
    ['a null list', '{"groupList":[]}', '{"groupList":null}'],
    ['a list of texts, not numbers', '{"list":[1]}', '{"list":["1"]}'],
    ['more after the end', '{"a":1}', '{"a":1}}'],
  ])('sees %s', (_, java, ours) => {
    expect(shapes(ours)).not.toBe(shapes(java));
  });

  it('does not see values and orders', () => {
    expect(shapeOf('{"b":[3,4],"a":"y"}')).toBe(shapeOf('{"a":"x","b":[1]}'));
  });
});

describe('what the console parses strictly', () => {
  let situation: Situation;
  beforeAll(async () => {
    situation = await Situation.start(capture);
  }, 60_000);
  afterAll(() => situation.stop());

  const first = (code: number): Captured => asked.find((request) => request.code === code) as Captured;
  const answer = async (code: number): Promise<string> => (await situation.replay(first(code))).body.toString();

  it('28: every value is a text of the same format, and getTotalTps is decimals between single blanks', async () => {
    const ours = runtimeTable(await answer(28));
    const java = asked.filter(({ code }) => code === 28).map(({ responseBody }) => runtimeTable(responseBody ?? ''));
    for (const [key, value] of Object.entries(ours)) {
      expect([key, typeof value]).toEqual([key, 'string']);
      const known = java.map((table) => formatOf(table[key] ?? 'no such key'));
      if (!key.endsWith('Tps')) expect(known, key).toContain(formatOf(value));
    }
    for (const key of ['getTotalTps', 'putTps', 'getTransferedTps']) {
      for (const table of [ours, ...java])
        expect(table[key], key).toMatch(/^\d+\.\d+(E-?\d+)?( \d+\.\d+(E-?\d+)?){0,2} ?$/);
    }
    for (const forbidden of ['split', 'index', 'address', 'brokerName']) expect(ours).not.toHaveProperty(forbidden);
  });

  it('106: addresses of a broker have bare numbers as keys', async () => {
    expect(await answer(106)).toContain('"brokerAddrs":{0:"127.0.0.1:22911"}');
  });
});

function runtimeTable(text: string): Record<string, string> {
  return (JSON.parse(text) as { table: Record<string, string> }).table;
}

/** Pulls of messages by topic and time come from a consumer of the console that is in the group while it pulls. */
function isPullConsumers({ code, requestHeader }: Captured): boolean {
  return code === 38 && requestHeader.extFields?.['consumerGroup'] === 'TOOLS_CONSUMER';
}

function titleOf({ code, requestHeader, responseCode, channel }: Captured): string {
  const { topic, consumerGroup, key, b, statsKey } = requestHeader.extFields ?? {};
  const about = [b ?? topic, consumerGroup, key ?? statsKey].filter((name) => name !== undefined).join(' ');
  return `${code} → ${responseCode} ${channel === 'listenPort' ? 'main' : 'vip'} ${about}`;
}

/** Everything of a header but the values that depend on time and place. */
function headerShape({ opaque, extFields, remark, ...header }: CapturedHeader): object {
  const fields = extFields === undefined || extFields === null ? extFields : Object.keys(extFields).sort();
  return { ...header, fields, remark: remark === undefined ? undefined : formatOf(remark) };
}

function bodyShape({ code, responseCode }: Captured, body: Buffer): unknown {
  if (body.length === 0) return 'none';
  if (code === 26) return propertyKeys(body.toString());
  if (responseCode === 0 && [11, 12, 33].includes(code))
    return [...new Set(decodeRecords(body).map(recordShape))].sort();
  return shapeOf(body.toString());
}

function propertyKeys(text: string): string[] {
  expect(text.endsWith('\n')).toBe(true);
  expect(text).not.toContain('\r');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.slice(0, line.indexOf('=')))
    .sort();
}

function recordShape({ topic, properties, sysFlag, flag }: ReturnType<typeof decodeRecords>[number]): string {
  return [topic, Object.keys(properties).sort(), sysFlag, flag].join(' ');
}

function pushShape(header: CapturedHeader, body: Buffer): object {
  const { opaque, extFields, ...rest } = header;
  const fields = Object.keys(extFields ?? {}).sort();
  const group = extFields?.['consumerGroup'] ?? extFields?.['group'];
  const content =
    body.length === 0 ? 'none' : header.code === 309 ? decodeRecords(body).map(recordShape) : shapeOf(body.toString());
  return { ...rest, fields, group, content };
}
