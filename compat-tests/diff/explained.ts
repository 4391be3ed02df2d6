import { deviations } from '../../scripts/gen-docs/deviations.ts';
import type { Difference } from './compare.ts';
import { isExceptionText } from './java-text.ts';
import type { Answer, Outcome } from './request.ts';

/** A difference that is meant, with the row of COMPATIBILITY.md that says so. */
export interface Explained {
  /** Number of the row in scripts/gen-docs/deviations.ts. */
  readonly deviation: number;
  readonly what: string;
  readonly explains: (difference: Difference) => boolean;
}

const refused = /^field \w+ (missing|not a number)/;
const illegalName = /(contains illegal characters|longer than|is blank)/;
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
    explains: ({ answers }) => answers !== undefined && isAnswer(answers[1], 1, refused),
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
    explains: ({ answers }) => answers !== undefined && isAnswer(answers[1], 1, illegalName),
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
    explains: ({ answers }) => answers !== undefined && isAnswer(answers[1], 1, /^body is (empty|not an object)/),
  },
  {
    deviation: 55,
    what: 'a registration with an address that is none is refused',
    explains: ({ answers }) => answers !== undefined && isAnswer(answers[1], 1, /is no address$/),
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
    explains: ({ answers }) => answers !== undefined && isAnswer(answers[1], 1, /^offset not kept/),
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
      return (
        request?.name === 'VIEW_MESSAGE_BY_ID' && answers !== undefined && isAnswer(answers[1], 1, /^can not find/)
      );
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

function isAnswer(outcome: Outcome, code: number, remark?: RegExp): outcome is Answer {
  if (outcome.kind !== 'answer' || outcome.code !== code) return false;
  return remark === undefined || remark.test(outcome.remark ?? '');
}
