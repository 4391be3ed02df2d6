import { deviations } from '../../scripts/gen-docs/deviations.ts';
import { type CommandName, type CommandRow, commands } from '../../src/codec/commands.ts';
import type { Difference } from './compare.ts';
import { isExceptionText } from './java-text.ts';
import type { Answer, DiffRequest, Outcome } from './request.ts';

/** A difference that is meant, with the row of COMPATIBILITY.md that says so. */
export interface Explained {
  /** Number of the row in scripts/gen-docs/deviations.ts. */
  readonly deviation: number;
  readonly what: string;
  readonly explains: (difference: Difference) => boolean;
}

const illegalName =
  /^the (name|specified (topic|group))(\[.*\] contains illegal characters| is (blank$|longer than .* max length))/is;
const bigNumber = /\d{16,}/;

/** Every difference that is explained; a row that nobody meets in a full run is reported. */
export const explainedRows: readonly Explained[] = [
  {
    deviation: 12,
    what: 'a code that nobody serves is answered',
    explains: ({ answers }) => answers !== undefined && answers[0].kind === 'silence' && isAnswer(answers[1], 3),
  },
  {
    deviation: 13,
    what: 'a field that is missing or no number is named, where Java goes on with null or nought',
    explains: ({ request, answers }) => answers !== undefined && isFaulty(request, answers[1]),
  },
  {
    deviation: 17,
    what: 'an update of settings says what it did not do',
    explains: ({ request, part, java }) => {
      return /^UPDATE_(BROKER|NAMESRV)_CONFIG$/.test(request?.name ?? '') && part === 'remark' && java === '<none>';
    },
  },
  {
    deviation: 18,
    what: 'an illegal name is refused',
    explains: ({ request, answers }) => {
      return answers !== undefined && isAnswer(answers[1], 1, illegalName) && hasIllegalName(request);
    },
  },
  {
    deviation: 61,
    what: 'the remark is the text of a Java exception: the same code, said in words',
    explains: ({ request, part, answers }) => {
      if (answers?.[0].kind !== 'answer' || answers[1].kind !== 'answer') return false;
      if (!isExceptionText(answers[0].remark)) return false;
      // Where ours finds nothing wrong it must be a question, not a message.
      return part === 'code' ? !request?.name.startsWith('SEND_') : part === 'remark' || part === 'fields';
    },
  },
  {
    deviation: 80,
    what: 'without access control its codes are refused in words',
    explains: ({ part, java, ours }) => {
      return part === 'remark' && /"accessValidator" is null$/.test(java) && /aclEnable is false$/.test(ours);
    },
  },
  {
    deviation: 9,
    what: 'a topic without queues is not made',
    explains: ({ request, answers }) => {
      if (answers === undefined) return false;
      if (request?.name === 'UPDATE_AND_CREATE_TOPIC') return isAnswer(answers[1], 1, /^a topic has 1 to/);
      return isAnswer(answers[1], 17) && isAnswer(answers[0], 1, /QueueNums=0/);
    },
  },
  {
    deviation: 25,
    what: 'the cause stands behind the text of Java',
    explains: ({ part, java, ours }) => {
      return part === 'remark' && ours.startsWith(java) && /^ ?\[.*\]$/s.test(ours.slice(java.length));
    },
  },
  {
    deviation: 54,
    what: 'a body that is missing or says null is refused',
    explains: ({ request, answers }) => {
      const isRefused = answers !== undefined && isAnswer(answers[1], 1, /^body is (empty|not an object)/);
      return isRefused && !isObject(request?.body.toString() ?? '');
    },
  },
  {
    deviation: 55,
    what: 'a registration with an address that is none is refused',
    explains: ({ request, answers }) => {
      const { brokerAddr = '', haServerAddr = '' } = request?.fields ?? {};
      const isNone = String(brokerAddr) === '' || [brokerAddr, haServerAddr].some((text) => String(text).length > 255);
      return isNone && answers !== undefined && isAnswer(answers[1], 1, /is no address$/);
    },
  },
  {
    deviation: 15,
    what: 'the entries of a consume queue are told',
    explains: ({ request, part }) => request?.name === 'QUERY_CONSUME_QUEUE' && part !== 'outcome',
  },
  {
    deviation: 44,
    what: 'a filter server is not announced',
    explains: ({ request, java, ours }) => {
      const without = (text: string): string => text.replace(/"filterServerTable":\{[^{}]*\}/, '');
      return request?.name === 'GET_ROUTEINTO_BY_TOPIC' && without(java) === without(ours);
    },
  },
  {
    deviation: 60,
    what: 'an offset of a queue that cannot be is not kept',
    explains: ({ request, answers }) => {
      const queueId = Number(request?.fields?.['queueId']);
      const isNone = queueId < 0 || queueId >= 65_536;
      return isNone && answers !== undefined && isAnswer(answers[1], 1, /^offset not kept/);
    },
  },
  {
    deviation: 57,
    what: 'a oneway request is not answered',
    explains: ({ request, answers }) => {
      return request?.oneway === true && answers?.[0].kind === 'answer' && answers[1].kind === 'silence';
    },
  },
  {
    deviation: 56,
    what: 'a number beyond 2^53 is rounded when it is told',
    explains: ({ part, java, ours }) => {
      if (part !== 'remark' && part !== 'fields') return false;
      return java !== ours && bigNumber.test(java) && java.replace(bigNumber, 'N') === ours.replace(bigNumber, 'N');
    },
  },
  {
    deviation: 27,
    what: 'what stands where no record begins is not handed out',
    explains: ({ request, answers }) => {
      // Not the place of a message that a send was told of.
      const isGuessed = request?.name === 'VIEW_MESSAGE_BY_ID' && typeof request.fields?.['offset'] === 'string';
      return isGuessed && answers !== undefined && isAnswer(answers[1], 1, /^can not find/);
    },
  },
];

/** The row that explains a difference. */
export function explanationOf(difference: Difference): Explained | undefined {
  return explainedRows.find((row) => row.explains(difference));
}

/** Rows without a line in COMPATIBILITY.md. */
export function rowsWithoutDeviation(): number[] {
  const known = new Set(deviations.filter(({ built }) => built).map(({ number }) => number));
  return explainedRows.map(({ deviation }) => deviation).filter((number) => !known.has(number));
}

/** Ours named a field, and there is something the matter with it. */
function isFaulty(request: DiffRequest | undefined, ours: Outcome): boolean {
  if (request === undefined || !isAnswer(ours, 1)) return false;
  const [, name = '', fault] = /^field (\w+) (missing|not a number)$/.exec(ours.remark ?? '') ?? [];
  if (fault === undefined) return false;
  const { wire = name, kind } = rowOf(request)?.request[name] ?? {};
  const value = request.fields?.[wire];
  const isNumber = typeof value !== 'string' || isJavaNumber(value, kind === 'int' ? 32 : 64);
  return fault === 'missing' ? value === undefined : !isNumber;
}

/** ASCII digits within so many bits. */
function isJavaNumber(text: string, bits: number): boolean {
  return /^[+-]?\d{1,20}$/.test(text) && BigInt.asIntN(bits, BigInt(text)) === BigInt(text);
}

/** A name in a field or in the body that official clients would not send. */
function hasIllegalName(request: DiffRequest | undefined): boolean {
  const { fields = {}, body = Buffer.alloc(0) } = request ?? {};
  const inFields = [
    'clusterName',
    'brokerName',
    'topic',
    'group',
    'groupName',
    'consumerGroup',
    'producerGroup',
    'destGroup',
    'a',
    'b',
    'newTopic',
  ];
  const text = body.toString('utf8');
  const named = [...text.matchAll(/"(?:topic|groupName)":"([^"]*)"/g)].map(([, name = '']) => name);
  const names = [...inFields.flatMap((field) => fields[field] ?? []), ...named];
  const isMissing = !inFields.some((field) => fields[field] !== undefined) && named.length === 0;
  return isMissing || names.some((name) => typeof name === 'string' && !/^[%|\w-]{1,127}$/.test(name));
}

function isObject(text: string): boolean {
  return /^\s*\{/.test(text);
}

function rowOf({ name }: DiffRequest): CommandRow | undefined {
  return Object.hasOwn(commands, name) ? commands[name as CommandName] : undefined;
}

function isAnswer(outcome: Outcome, code: number, remark?: RegExp): outcome is Answer {
  if (outcome.kind !== 'answer' || outcome.code !== code) return false;
  return remark === undefined || remark.test(outcome.remark ?? '');
}
