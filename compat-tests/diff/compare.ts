import { type CommandName, type CommandRow, commands, isServed } from '../../src/codec/commands.ts';
import { decodeRecords, type RawRecord } from '../peer/records.ts';
import { canonicalJson } from './java-text.ts';
import type { Answer, DiffRequest, Outcome } from './request.ts';

/** Offsets of delay levels come with the statistics. */
const hasAllFigures = isServed('VIEW_BROKER_STATS_DATA', 'broker');

/** What of an exchange, or of what it left behind, is not the same. */
export interface Difference {
  readonly part: 'outcome' | 'code' | 'remark' | 'fields' | 'body' | 'envelope' | 'pushed' | 'stored' | 'state';
  readonly java: string;
  readonly ours: string;
  /** The request; undefined for what is compared at the end. */
  readonly request: DiffRequest | undefined;
  /** Where: the stream and its request, or the queue or file. */
  readonly place: string;
  /** Both answers in full. */
  readonly answers?: readonly [java: Outcome, ours: Outcome];
}

/** Replaces everything of one side that is its own: addresses, directories, times. */
export type Mask = (text: string) => string;

/** Texts of one side that stand for the same thing as other texts of the other side. */
export function maskOf(own: ReadonlyMap<string, string>): Mask {
  const words = [...own].sort(([left], [right]) => right.length - left.length);
  return (text) => {
    let masked = text;
    for (const [word, name] of words) masked = masked.replaceAll(word, name);
    return masked
      .replace(/\b1[5-9]\d{11}\b/g, 'TIME')
      .replace(/20\d\d-\d\d-\d\d#[\d:]{12}/g, 'TIME')
      .replace(/"delayTime":\w+/g, '"delayTime":TIME')
      .replace(/"consumeTps":[^,}]+/g, '"consumeTps":N')
      .replace(/127\.0\.0\.1:\d{4,5}\b/g, 'PEER');
  };
}

/** All differences of one exchange; a different code says it all. */
export function compareOutcomes(
  request: DiffRequest,
  place: string,
  answers: readonly [java: Outcome, ours: Outcome],
  masks: readonly [java: Mask, ours: Mask],
): Difference[] {
  const [java, ours] = answers;
  const base = { request, place, answers };
  if (java.kind !== 'answer' || ours.kind !== 'answer') {
    if (java.kind === ours.kind) return [];
    return [{ ...base, part: 'outcome', java: outcomeText(java, masks[0]), ours: outcomeText(ours, masks[1]) }];
  }
  if (java.code !== ours.code) {
    return [{ ...base, part: 'code', java: outcomeText(java, masks[0]), ours: outcomeText(ours, masks[1]) }];
  }
  const parts = [
    ['remark', (answer: Answer, mask: Mask) => mask(answer.remark ?? '<none>')],
    ['fields', (answer: Answer, mask: Mask) => fieldsText(answer.fields, mask)],
    ['body', (answer: Answer, mask: Mask) => bodyText(request, answer, mask)],
    ['envelope', (answer: Answer) => answer.envelope],
  ] as const;
  return parts.flatMap(([part, show]) => {
    const [left, right] = [show(java, masks[0]), show(ours, masks[1])];
    return left === right ? [] : [{ ...base, part, java: left, ours: right }];
  });
}

function outcomeText(outcome: Outcome, mask: Mask): string {
  if (outcome.kind !== 'answer') return outcome.kind;
  return `${outcome.code} ${mask(outcome.remark ?? '<none>')} ${fieldsText(outcome.fields, mask)}`;
}

/** Ids and the places of index files follow from hosts, times and the order of streams. */
function fieldsText(fields: Readonly<Record<string, string>> | undefined, mask: Mask): string {
  if (fields === undefined) return '<none>';
  const texts = Object.entries(fields).map(([name, value]) => {
    if (name === 'msgId' && value !== '') return `msgId=${value.split(',').map(idShape).join(',')}`;
    if (name === 'indexLastUpdatePhyoffset') return `${name}=${value === '0' ? '0' : 'N'}`;
    return `${name}=${mask(value)}`;
  });
  return texts.sort().join(' ');
}

function idShape(id: string): string {
  return /^[0-9A-F]{32}$/.test(id) ? 'ID32' : id;
}

/** A body as text in which what may differ does not show. */
function bodyText({ name }: DiffRequest, { code, body }: Answer, mask: Mask): string {
  if (body.length === 0) return '<none>';
  const row = Object.hasOwn(commands, name) ? (commands[name as CommandName] as CommandRow) : undefined;
  if (row?.responseBody.includes('record') === true && code === 0) return recordsText(body, mask);
  const text = mask(body.toString('utf8'));
  if (row?.responseBody === 'properties text') return propertiesText(text);
  // Written when a level was looked at, which the clock decides.
  if (name === 'GET_ALL_DELAY_OFFSET') return listText(text.replace(/:\{[\d:,]*\}/, ':{}'));
  // An address of the first broker in the order of hashes, which may have none.
  if (name === 'GET_SYSTEM_TOPIC_LIST_FROM_NS') return listText(text.replace(/"brokerAddr":"[^"]*",?/, ''));
  if (name === 'GET_BROKER_RUNTIME_INFO' || name === 'VIEW_BROKER_STATS_DATA') return shapeText(text);
  return listText(text);
}

/** How often a table has changed counts what only one side took as well. */
function listText(text: string): string {
  return canonicalJson(text.replace(/"counter":\d+/g, '"counter":N')) ?? text;
}

function recordsText(body: Buffer, mask: Mask): string {
  try {
    return decodeRecords(body)
      .map((record) => recordText(record, mask))
      .join('\n');
  } catch (error) {
    return `no records (${(error as Error).message}): ${body.length} bytes`;
  }
}

/** All of a record but its place, its times of storing and the ports. */
export function recordText(record: RawRecord, mask: Mask): string {
  const { physicalOffset: _, storeTimestamp, offsetMsgId: __, body: ___, ...kept } = record;
  const hosts = { bornHost: mask(kept.bornHost), storeHost: mask(kept.storeHost) };
  // Java's own events are born when they happen.
  const bornTimestamp = kept.topic === 'OFFSET_MOVED_EVENT' ? 0 : kept.bornTimestamp;
  const isDerived = kept.preparedTransactionOffset !== 0;
  const properties = Object.entries(kept.properties)
    .map(([name, value]) => `${name}=${name === 'ORIGIN_MESSAGE_ID' ? idShape(value) : mask(value)}`)
    .sort();
  const shown = {
    ...kept,
    ...hosts,
    bornTimestamp,
    preparedTransactionOffset: isDerived,
    properties,
    stored: storeTimestamp > 0,
  };
  return JSON.stringify(shown);
}

/** Settings whose value belongs to the machine or to one side. */
function propertiesText(text: string): string {
  const lines = text
    .split('\n')
    .map((line) =>
      line.replace(/^(rocketmqHome|listenPort|haListenPort)=.*|=.*(PEER|BROKER|NAMESRV|DIR|TIME).*$/, '$1=OWN'),
    );
  return lines.sort().join('\n');
}

/** Gauges: names and the shape of the values. */
function shapeText(text: string): string {
  const shown = hasAllFigures ? text : text.replace(/"scheduleMessageOffset_\d+":"[^"]*",?/g, '');
  return (canonicalJson(shown) ?? shown)
    .replace(/\bnull\b|TIME|-?\d+(\.(TIME|\d+))?(E-?\d+)?/g, 'N')
    .replace(/"[N ]*( [KMG]?i?B)?"/g, '"N"');
}
