import { SeededRandom } from '../../testing/seeded-random.ts';
import type { Difference, Mask } from './compare.ts';
import { StreamRun, type ToldExchange } from './exchange.ts';
import { type Explained, explainedRows, explanationOf } from './explained.ts';
import { StreamGenerator, sharedRequests } from './generator.ts';
import { onceUsed } from './java-text.ts';
import type { DiffRequest, Pushed } from './request.ts';
import { Side } from './sides.ts';
import { compareStored } from './stored.ts';
import type { Role } from './values.ts';

export interface DiffOptions {
  /** Requests to each side, in all. */
  readonly count: number;
  readonly seed: number;
  readonly say: (line: string) => void;
  /** Another root of our broker, such as one with a planted bug. */
  readonly program?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Only this stream, as a shorter way to the same difference. */
  readonly onlyStream?: number | undefined;
  /** Only the run with name servers, which finds a planted bug as well. */
  readonly onlyCluster?: boolean;
  /** Is told each request with both answers. */
  readonly onExchange?: ((text: string) => void) | undefined;
}

export interface DiffReport {
  requests: number;
  records: number;
  readonly codes: Set<string>;
  /** Differences that no row explains, as text. */
  readonly unexplained: string[];
  readonly explained: Map<Explained, number>;
}

const streams = 8;
/** Rounds between two signs of life of all fake clients and brokers: far less than the two minutes that they last. */
const roundsAlive = 1;
/** Requests of each stream between two looks at what all streams share. */
const roundLength = 60;
const mostTold = 40;
/** Delivery of what is still delayed, and Java's tables that are written every five seconds. */
const settleMs = 6_500;

/**
 * Sends the same requests to Java 4.6.0 and to ours: with a name server each, transactions and the filters that are the
 * default, and then with neither of the first two and with SQL.
 */
export async function runDiff(options: DiffOptions): Promise<DiffReport> {
  const report: DiffReport = { requests: 0, records: 0, codes: new Set(), unexplained: [], explained: new Map() };
  const withNamesrv = options.onlyCluster === true ? options.count : Math.ceil(options.count * 0.75);
  const cluster = { count: withNamesrv, withNamesrv: true, seed: options.seed, settings: {} };
  await runPass(options, report, { ...cluster, roles: ['delay', 'transaction'] });
  const rest = options.count - withNamesrv;
  const alone = { count: rest, withNamesrv: false, seed: options.seed + 1, settings: { enablePropertyFilter: 'true' } };
  if (rest > 0) await runPass(options, report, { ...alone, roles: ['delay'] });
  return report;
}

interface Pass {
  readonly count: number;
  readonly withNamesrv: boolean;
  readonly seed: number;
  readonly settings: Readonly<Record<string, string>>;
  /** Of the first streams; the others are plain. */
  readonly roles: readonly Role[];
}

async function runPass(options: DiffOptions, report: DiffReport, pass: Pass): Promise<void> {
  const { withNamesrv, settings } = pass;
  const name = `diff-${withNamesrv ? 'cluster' : 'alone'}`;
  const planted = { program: options.program, env: options.env };
  const java = await Side.start({ kind: 'java', name: `${name}-java`, withNamesrv, settings });
  const ours = await Side.start({ kind: 'wenchang', name: `${name}-ours`, withNamesrv, settings, ...planted });
  const sides = [java, ours] as const;
  const run = new PassRun(options, report, pass, sides);
  try {
    await run.requests();
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    await run.pushed();
  } finally {
    await Promise.all(sides.map((side) => side.stop()));
  }
  run.stored();
  for (const side of sides) side.remove();
}

class PassRun {
  readonly #options: DiffOptions;
  readonly #report: DiffReport;
  readonly #pass: Pass;
  readonly #sides: readonly [Side, Side];

  constructor(options: DiffOptions, report: DiffReport, pass: Pass, sides: readonly [Side, Side]) {
    this.#options = options;
    this.#report = report;
    this.#pass = pass;
    this.#sides = sides;
  }

  /** All streams at once, in rounds; between two rounds, what all of them share. */
  async requests(): Promise<void> {
    const { count, seed, withNamesrv, roles } = this.#pass;
    const { onlyStream } = this.#options;
    const numbers = Array.from({ length: streams }, (_, stream) => stream);
    const all = numbers.map((stream) => ({
      stream,
      generator: new StreamGenerator(seed, stream, roles[stream] ?? 'plain', withNamesrv),
      run: new StreamRun(this.#sides, stream),
      asked: 0,
    }));
    const chosen = all.filter(({ stream }) => onlyStream === undefined || stream === onlyStream);
    // One after another: what the first of them store lies at the same places of both logs.
    for (const one of chosen) {
      for (const request of one.generator.prelude()) await this.#ask(one, request);
    }
    const start = this.#report.requests;
    const shared = new StreamGenerator(seed, streams, 'plain', withNamesrv);
    const sharedRun = { stream: streams, generator: shared, run: new StreamRun(this.#sides, streams), asked: 0 };
    const random = new SeededRandom(seed);
    for (let round = 1; this.#report.requests - start < count && this.#report.unexplained.length < 1_000; round++) {
      await Promise.all(
        chosen.map(async (one) => {
          for (let step = 0; step < roundLength; step++) await this.#ask(one, one.generator.next());
        }),
      );
      const asked = sharedRequests(shared, withNamesrv, !roles.includes('transaction'));
      for (const request of random.shuffled(asked)) await this.#ask(sharedRun, request);
      for (const one of round % roundsAlive === 0 ? chosen : []) {
        for (const request of one.generator.alive()) await this.#ask(one, request);
      }
    }
  }

  async #ask(one: { stream: number; run: StreamRun; asked: number }, request: DiffRequest): Promise<void> {
    const place = `stream ${one.stream} request ${one.asked++}`;
    this.#report.requests += request.meanwhile === undefined ? 1 : 2;
    this.#report.codes.add(request.name);
    const { onExchange } = this.#options;
    const tell = onExchange && ((...told: ToldExchange): void => onExchange(exchangeText(this.#pass, told)));
    for (const difference of await one.run.ask(request, place, tell)) this.#judge(difference);
  }

  #judge(difference: Difference): void {
    const row = explanationOf(difference);
    if (row === undefined) {
      this.#report.unexplained.push(describe(this.#pass, difference));
      if (this.#report.unexplained.length <= mostTold) this.#options.say(describe(this.#pass, difference));
      return;
    }
    this.#report.explained.set(row, (this.#report.explained.get(row) ?? 0) + 1);
  }

  /** Requests that the brokers sent to the fake clients. */
  async pushed(): Promise<void> {
    const [java, ours] = await Promise.all(this.#sides.map((side) => side.clients()));
    for (const [index, [key, client]] of (java ?? []).entries()) {
      const other = ours?.[index]?.[1];
      const [left, right] = [
        pushedText(client.pushed, this.#sides[0].mask),
        pushedText(other?.pushed ?? [], this.#sides[1].mask),
      ];
      if (left === right) continue;
      this.#judge({ part: 'pushed', request: undefined, place: `client ${key}`, java: left, ours: right });
    }
  }

  /** What both have written, when they have stopped. */
  stored(): void {
    const { differences, records } = compareStored(this.#sides, (name) => onceUsed.test(name));
    this.#report.records += records;
    for (const difference of differences) this.#judge(difference);
  }
}

function describe(pass: Pass, { part, place, java, ours, request }: Difference): string {
  const asked = request === undefined ? '' : `\n  ${requestText(request)}`;
  const where = placeText(pass, place);
  return `${part} differs: ${where}${asked}\n  java: ${clip(java, ours)}\n  ours: ${clip(ours, java)}`;
}

function placeText({ seed, withNamesrv }: Pass, place: string): string {
  return `seed ${seed} ${withNamesrv ? 'cluster' : 'alone'} ${place}`;
}

function requestText({
  name,
  code,
  port,
  connection,
  binary,
  oneway,
  version,
  language,
  ...sent
}: DiffRequest): string {
  const form = `${port} ${connection} ${binary ? 'binary ' : ''}${oneway ? 'oneway ' : ''}v${version} ${language}`;
  const fields = JSON.stringify(sent.fields ?? {}).slice(0, 600);
  return `${name} ${code} ${form} ${fields} ${JSON.stringify(sent.body.toString('utf8').slice(0, 600))}`;
}

function exchangeText(pass: Pass, [request, place, outcomes]: ToldExchange): string {
  const [java, ours] = outcomes.map((outcome) => {
    if (outcome.kind !== 'answer') return outcome.kind;
    const { code, remark, fields, body } = outcome;
    return `${code} ${remark} ${JSON.stringify(fields)} ${JSON.stringify(body.toString('utf8').slice(0, 600))}`;
  });
  return `${placeText(pass, place)}\n  ${requestText(request)}\n  java: ${java}\n  ours: ${ours}`;
}

/** Each kind of request once: how many changes of a group one notice stands for is a matter of threads in Java. */
function pushedText(pushed: readonly Pushed[], mask: Mask): string {
  const lines = pushed.map(({ code, fields, body, oneway }) => {
    return mask(`${code} ${pushedFields(fields)} oneway ${oneway} body ${body.length}`);
  });
  return [...new Set(lines)].sort().join('\n');
}

function pushedFields(fields: Readonly<Record<string, string>>): string {
  const texts = Object.entries(fields).map(([name, value]) => `${name}=${name === 'msgId' ? 'ID' : value}`);
  return texts.sort().join(' ');
}

/** Where two long texts begin to differ. */
function clip(text: string, other: string): string {
  let at = 0;
  while (at < text.length && text[at] === other[at]) at += 1;
  const from = Math.max(0, Math.min(at - 200, text.length - 700));
  return `${from > 0 ? '… ' : ''}${text.slice(from, from + 700)}`;
}

/** What a run has shown, in lines. */
export function reportLines(report: DiffReport): string[] {
  const met = explainedRows.map((row) => {
    return `explained ${String(report.explained.get(row) ?? 0).padStart(6)} × row ${row.deviation}: ${row.what}`;
  });
  return [
    `${report.requests} requests of ${report.codes.size} kinds to each side, ${report.records} records`,
    ...met,
    `unexplained: ${report.unexplained.length}`,
  ];
}

/** Rows of {@link explainedRows} that nothing met: in a full run each is wrong, or its difference is gone. */
export function unmetRows(report: DiffReport): string[] {
  return explainedRows
    .filter((row) => !report.explained.has(row))
    .map((row) => `nothing met row ${row.deviation}: ${row.what}`);
}
