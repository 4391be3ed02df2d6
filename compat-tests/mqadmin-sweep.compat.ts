import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { takePorts } from '../testing/ports.ts';
import { type Case, fillIn, printRecord, readCases, readDeviations, readRecord } from './mqadmin/cases.ts';
import { runOwn } from './mqadmin/own.ts';
import { shapeOf, valuesOf } from './mqadmin/shapes.ts';
import { type StockMqadmin, startStockMqadmin } from './mqadmin/stock.ts';
import {
  isMissing,
  namesrvKind,
  openWorkspace,
  type Server,
  startBroker,
  startNamesrv,
  subjectKind,
  type Workspace,
} from './peer/peer.ts';

const kind = subjectKind();
const cases = readCases();
const recorded = readRecord('recorded.txt');
const deviating = { stock: readRecord('deviating.txt'), own: readRecord('deviating-own.txt') };
const deviations = readDeviations();

/** A transaction check makes that topic after a minute; consumeMessage may leave this group behind, or not yet. */
const maybeThere = /RMQ_SYS_TRANS_HALF_TOPIC|TOOLS_CONSUMER/;

/** A cluster with the sweep's data and clients, and what the cases have found in it. */
class Sweep {
  readonly workspace: Workspace;
  readonly found = new Map<string, string[]>();
  readonly #servers: Server[] = [];
  #stock: StockMqadmin | undefined;

  constructor(tool: string) {
    this.workspace = openWorkspace(`mqadmin-sweep-${tool}`);
  }

  get stock(): StockMqadmin {
    if (this.#stock === undefined) throw new Error('no stock mqadmin');
    return this.#stock;
  }

  async start(): Promise<void> {
    const { workspace } = this;
    const { listenPort, namesrvPort } = await takePorts();
    const namesrv = await startNamesrv({ kind: namesrvKind(), workspace, port: namesrvPort });
    this.#servers.unshift(namesrv);
    const settings = {
      enablePropertyFilter: 'true',
      waitTimeMillsInSendQueue: '5000',
      osPageCacheBusyTimeOutMills: '5000',
    };
    const broker = await startBroker({ kind, workspace, port: listenPort, namesrv: namesrv.address, settings });
    this.#servers.unshift(broker);
    this.#stock = await startStockMqadmin(workspace, namesrv.address, 'DefaultCluster');
  }

  words({ args }: Case): string[] {
    return fillIn(args, this.stock.values, Date.now());
  }

  /** Notes what a case has printed, as lines that can be compared. */
  note({ id, exact }: Case, state: string, output: string): string[] {
    writeFileSync(join(this.workspace.logDir, `${id}.out`), output);
    const lines = (exact ? valuesOf : shapeOf)(output).filter((line) => !maybeThere.test(line));
    const answer = [state, ...lines];
    this.found.set(id, answer);
    return answer;
  }

  async stop(): Promise<void> {
    writeFileSync(join(this.workspace.logDir, 'found.txt'), printRecord(this.found));
    await this.#stock?.close();
    for (const server of this.#servers) await server.stop();
    this.workspace.close();
  }
}

/** What the stock mqadmin has to print about the cluster under test. */
function expectedOf(id: string): readonly string[] | undefined {
  return (kind === 'wenchang' ? deviating.stock.get(id) : undefined) ?? recorded.get(id);
}

/**
 * Every command of the stock mqadmin against one cluster, in the order of cases.tsv. What it prints is what the same
 * run printed about Java 4.6.0 (recorded.txt), but for rows of deviations.tsv, where it is what deviating.txt says.
 * Java's record is made anew by `WENCHANG_SUBJECT=java`: a run writes what it found to build/compat.
 */
describe.skipIf(isMissing('java'))(`the sweep of the stock mqadmin over ${kind}`, () => {
  const sweep = new Sweep('stock');
  beforeAll(() => sweep.start());
  afterAll(() => sweep.stop());

  it.each(cases)('$id', async (row) => {
    const result = await sweep.stock.run(sweep.words(row), row.limitMs, row.enoughLines);
    expect(sweep.note(row, result.ended ? 'ended' : 'endless', result.output)).toEqual(expectedOf(row.id));
  });
});

/**
 * The same cases by our own mqadmin, on a cluster of its own: the same lines, exit code 0; where the stock one has a
 * stack trace, exit code 1 and one line with its code and text. The rest is in deviating-own.txt.
 */
describe.skipIf(isMissing('java'))(`the sweep of our own mqadmin over ${kind}`, () => {
  const sweep = new Sweep('own');
  beforeAll(() => sweep.start());
  afterAll(() => sweep.stop());

  it.each(cases)('$id', async (row) => {
    const { logDir } = sweep.workspace;
    const { exitCode, output, errors } = await runOwn(logDir, sweep.words(row), row.limitMs, row.enoughLines);
    const answer = sweep.note(row, String(exitCode ?? 'endless'), output + errors);
    const pinned = deviating.own.get(row.id);
    const stock = expectedOf(row.id) ?? [];
    if (pinned !== undefined) {
      expect(answer).toEqual(pinned);
    } else if (stock.some((line) => line.includes('SubCommandException'))) {
      expect(exitCode).toBe(1);
      expect(errors.trim().split('\n')).toHaveLength(1);
      const [cause] = stock.flatMap((line) => /CODE: .*/.exec(line) ?? []);
      expect(answer.join('\n')).toContain(cause ?? 'mqadmin');
    } else {
      expect(answer).toEqual([stock[0] === 'ended' ? '0' : stock[0], ...stock.slice(1)]);
    }
  });
});

describe('the tables of the sweep', () => {
  it('have a row for every deviation and for nothing else', () => {
    for (const tool of ['stock', 'own'] as const) {
      const rows = deviations.filter((row) => row.tool === tool).map(({ id }) => id);
      expect([...deviating[tool].keys()].sort(), tool).toEqual(rows.sort());
    }
    expect([...recorded.keys()]).toEqual(cases.map(({ id }) => id));
  });

  it('give a reason and an ADR for each', () => {
    for (const { id, reason, adr } of deviations)
      expect([id, reason.length > 10, /^\d{4}$/.test(adr)]).toEqual([id, true, true]);
  });
});
