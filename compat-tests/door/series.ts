import { cpSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { takePorts } from '../../testing/ports.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { type Kind, openWorkspace, repoDir, type Server, startBroker, type Workspace } from '../peer/peer.ts';
import { checkFiles, type Ending } from './file-checks.ts';
import { checkLedger, Ledger } from './ledger.ts';
import { doorCluster } from './messages.ts';
import {
  askKeys,
  checkRecords,
  checkServed,
  compareAnswers,
  type KeyAnswers,
  type Served,
  wholeAnswers,
} from './served.ts';
import { readLog, type StoreSizes } from './store-files.ts';
import { writeTurn } from './writer.ts';

/** One directory that goes from broker to broker. */
export interface SeriesOptions {
  readonly name: string;
  /** Who writes in turn; the first one opens the directory once more at the end. */
  readonly writers: readonly Writer[];
  /** Rounds over all writers. */
  readonly cycles: number;
  readonly seed: number;
  /** messageIndexSafe of every broker: with it nobody may forget a key, without it Java does after a kill. */
  readonly messageIndexSafe: boolean;
  /** What the files show at rest is reported apart and does not end the series, so that the next broker must see it. */
  readonly filesApart?: boolean;
  readonly say: (line: string) => void;
}

/** A broker that takes the directory. */
export interface Writer {
  readonly kind: Kind;
  /** Another root than the shipped one, see BrokerOptions. */
  readonly program?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What a series did and what it found. */
export interface SeriesReport {
  readonly problems: readonly string[];
  /** With `filesApart`: what the files showed at rest. */
  readonly fileProblems: readonly string[];
  /** Where the directory of the failed turn lies. */
  readonly keptDir?: string;
  readonly turns: number;
  readonly kills: number;
  readonly acknowledged: number;
  readonly records: number;
  readonly files: Readonly<Record<'commitlog' | 'consumequeue' | 'index', number>>;
  /** Keys asked at take-overs; and of those compared with a Java that opened a copy, how often ours knew more. */
  readonly keysAsked: number;
  readonly comparedWithJava: number;
  readonly moreThanJava: number;
  /** Directories that a killed Java left and could not open itself. */
  readonly refusedByJava: number;
}

/** Runs a series until its end or the first turn with a violation. */
export async function runSeries(options: SeriesOptions): Promise<SeriesReport> {
  const workspace = openWorkspace(`door-${options.name}`);
  const series = new Series(options, workspace, (await takePorts()).listenPort);
  try {
    return await series.run();
  } finally {
    await series.close();
    workspace.close();
  }
}

const maxLines = 10;
const javaFlags = ['-XX:TieredStopAtLevel=1'];

class Series {
  readonly #options: SeriesOptions;
  readonly #workspace: Workspace;
  readonly #port: number;
  readonly #random: SeededRandom;
  readonly #storeDir: string;
  readonly #beforeDir: string;
  readonly #ledger: Ledger;
  readonly #sizes: StoreSizes;
  #broker: Server | undefined;
  /** How the last writer ended, and what it had answered to every key before an orderly stop. */
  #last: { readonly kind: Kind; readonly ending: Ending; readonly answers?: KeyAnswers } | undefined;
  readonly #fileProblems: string[] = [];
  /** End of the log at the last take-over. */
  #turnStart = 0;
  #turns = 0;
  #kills = 0;
  #keysAsked = 0;
  #comparedWithJava = 0;
  #moreThanJava = 0;
  #refusedByJava = 0;

  constructor(options: SeriesOptions, workspace: Workspace, port: number) {
    this.#options = options;
    this.#workspace = workspace;
    this.#port = port;
    this.#random = new SeededRandom(options.seed);
    this.#storeDir = join(workspace.dir, 'store');
    this.#beforeDir = join(workspace.dir, 'before');
    this.#ledger = new Ledger(join(workspace.dir, 'ledger.jsonl'));
    this.#sizes = {
      mappedFileSizeCommitLog: this.#random.pick([65_536, 98_304, 131_072]),
      mappedFileSizeConsumeQueue: this.#random.pick([200, 400, 600]),
      maxHashSlotNum: this.#random.pick([100, 300]),
      // A file that spans some turns, so that Java forgets keys of messages its recovery does not come by.
      maxIndexNum: this.#random.pick(options.messageIndexSafe ? [300, 600] : [800, 2_000]),
    };
  }

  async run(): Promise<SeriesReport> {
    const { writers, cycles, seed, name, say } = this.#options;
    say(`${name}: seed ${seed}, ${JSON.stringify(this.#sizes)}, messageIndexSafe=${this.#options.messageIndexSafe}`);
    const endings = writers.map(() => this.#endings(cycles));
    for (let cycle = 0; cycle < cycles; cycle++) {
      for (const [place, writer] of writers.entries()) {
        const ending = endings[place]?.[cycle] ?? 'clean';
        const problems = await this.#turn(writer, ending, true);
        if (problems.length > 0) return this.#report(problems, writer);
      }
      if ((cycle + 1) % 5 === 0)
        say(`${name}: ${cycle + 1} of ${cycles} cycles, ${this.#ledger.entries.length} messages`);
    }
    const [first] = writers;
    const problems = first === undefined ? [] : await this.#turn(first, 'clean', false);
    return this.#report(problems, first);
  }

  async close(): Promise<void> {
    await this.#broker?.kill();
    this.#ledger.close();
  }

  /** As many kills as clean stops, in any order; of a single one the series decides. */
  #endings(count: number): Ending[] {
    const kills = this.#options.messageIndexSafe ? Math.floor(count / 2) : Math.ceil(count / 2);
    return this.#random.shuffled(Array.from({ length: count }, (_, index) => (index < kills ? 'kill' : 'clean')));
  }

  async #turn(writer: Writer, ending: Ending, writes: boolean): Promise<string[]> {
    this.#turns++;
    this.#keepBefore();
    try {
      const takenOver = await this.#takeOver(writer);
      if (takenOver.length > 0) return takenOver;
      const broker = this.#broker as Server;
      if (writes) await this.#write(broker, ending);
      const problems = ending === 'clean' ? await this.#stop(broker, writer.kind) : await this.#killed(writer.kind);
      const inFiles = checkFiles(this.#storeDir, this.#sizes, ending, this.#options.messageIndexSafe);
      if (this.#options.filesApart !== true) return [...problems, ...inFiles];
      this.#fileProblems.push(...inFiles);
      return problems;
    } catch (error) {
      return [`turn of ${writer.kind} failed: ${String(error)}`];
    } finally {
      await this.#broker?.kill();
      this.#broker = undefined;
      await this.#untilJavaMayOpen();
    }
  }

  #keepBefore(): void {
    rmSync(this.#beforeDir, { recursive: true, force: true });
    if (existsSync(this.#storeDir)) copyDir(this.#storeDir, this.#beforeDir);
  }

  /** Starts the broker and checks that everything acknowledged is there and that every key leads where it must. */
  async #takeOver(writer: Writer): Promise<string[]> {
    const compares = !this.#options.messageIndexSafe && this.#last?.kind === 'java' && this.#last.ending === 'kill';
    const alone = compares && writer.kind === 'wenchang' ? this.#javaAlone() : undefined;
    this.#broker = await this.#start(writer);
    const javaAnswers = await alone;
    const { records, end } = readLog(this.#storeDir, this.#sizes);
    this.#turnStart = end;
    const problems = checkLedger(this.#ledger.entries, records);
    problems.push(...(await this.#serves((served) => checkRecords(served))));
    problems.push(...(await this.#serves((served) => this.#checkKeys(served, writer.kind, javaAnswers))));
    return problems;
  }

  /** With messageIndexSafe all keys of the log; else what was answered before, or what Java answers after that kill. */
  async #checkKeys(served: Served, who: Kind, javaAnswers: KeyAnswers | undefined): Promise<string[]> {
    const answers = await askKeys(served);
    const whole = wholeAnswers(served.records);
    this.#keysAsked += answers.size;
    if (this.#options.messageIndexSafe) return compareAnswers(answers, whole, 'same', who);
    const problems = compareAnswers(whole, answers, 'more', `${who} answers what is not in the log: the log`);
    if (this.#last?.answers !== undefined) {
      problems.push(...compareAnswers(answers, this.#last.answers, 'more', `${who} after a clean stop`));
    }
    if (javaAnswers === undefined) return problems;
    this.#comparedWithJava = this.#comparedWithJava + javaAnswers.size;
    for (const [name, offsets] of javaAnswers) {
      if ((answers.get(name)?.length ?? 0) > offsets.length) this.#moreThanJava++;
    }
    return [...problems, ...compareAnswers(answers, javaAnswers, 'more', `${who} beside Java alone`)];
  }

  /** What Java answers on a copy of the directory, as far as it is about what is in there: it may deliver messages. */
  async #javaAlone(): Promise<KeyAnswers | undefined> {
    const copy = join(this.#workspace.dir, 'alone');
    rmSync(copy, { recursive: true, force: true });
    copyDir(this.#beforeDir, copy);
    const { end } = readLog(copy, this.#sizes);
    const { listenPort: port } = await takePorts();
    const settings = { ...this.#settings(), brokerName: 'door' };
    const options = { kind: 'java', workspace: this.#workspace, port, name: 'alone', jvm: javaFlags } as const;
    let broker: Server;
    try {
      broker = await startBroker({ ...options, storeDir: copy, settings });
    } catch (error) {
      // Killed between making a file and giving it its length, Java cannot open its own directory. Ours must.
      if (!hasEmptyFile(this.#beforeDir)) throw error;
      this.#refusedByJava++;
      return undefined;
    }
    let answers: KeyAnswers = new Map();
    try {
      await checkServed(broker, copy, this.#sizes, async (served) => {
        answers = await askKeys(served);
        return [];
      });
    } finally {
      await broker.kill();
    }
    return new Map([...answers].map(([name, offsets]) => [name, offsets.filter((offset) => offset < end)]));
  }

  async #write(broker: Server, ending: Ending): Promise<void> {
    const steps = 60 + this.#random.below(40);
    const kill = async (): Promise<void> => {
      this.#kills++;
      await broker.kill();
    };
    await writeTurn({
      address: broker.address,
      ledger: this.#ledger,
      seed: this.#random.below(0x7fffffff),
      prefix: `t${this.#turns}l`,
      steps,
      commitLogFileBytes: this.#sizes.mappedFileSizeCommitLog,
      delayed: true,
      transactional: true,
      kill,
      ...(ending === 'kill' ? { killAfter: 30 + this.#random.below(steps) } : {}),
    });
  }

  /** Everything written is served before the stop as well. */
  async #stop(broker: Server, kind: Kind): Promise<string[]> {
    let answers: KeyAnswers = new Map();
    const problems = await this.#serves(async (served) => {
      if (!this.#options.messageIndexSafe) {
        answers = await askKeys(served);
        return [];
      }
      // Old keys were asked at the take-over; what the turn has written is new.
      const written = served.records.filter(({ physicalOffset }) => physicalOffset >= this.#turnStart);
      const found = await askKeys({ ...served, records: written });
      const whole = [...wholeAnswers(served.records)].filter(([name]) => found.has(name));
      return compareAnswers(found, new Map(whole), 'same', `${kind} before its stop`);
    });
    await broker.stop();
    this.#last = { kind, ending: 'clean', ...(this.#options.messageIndexSafe ? {} : { answers }) };
    return problems;
  }

  async #killed(kind: Kind): Promise<string[]> {
    this.#last = { kind, ending: 'kill' };
    return (await this.#untilJavaMayOpen()) ? [] : ['Java is still locked out five seconds after the kill'];
  }

  /** After a kill a shell of ours lets Java in again; it needs a moment. */
  async #untilJavaMayOpen(): Promise<boolean> {
    const lock = join(this.#storeDir, 'lock');
    const parked = join(this.#storeDir, 'wenchang.lock');
    for (let wait = 0; wait < 100; wait++) {
      if (statSync(lock, { throwIfNoEntry: false })?.isDirectory() !== true && !existsSync(parked)) return true;
      await pause(50);
    }
    return false;
  }

  #serves(check: (served: Served) => Promise<string[]>): Promise<string[]> {
    return checkServed(this.#broker as Server, this.#storeDir, this.#sizes, check);
  }

  #start({ kind, program, env }: Writer): Promise<Server> {
    return startBroker({
      kind,
      workspace: this.#workspace,
      port: this.#port,
      name: 'door',
      storeDir: this.#storeDir,
      settings: this.#settings(),
      jvm: javaFlags,
      ...(program === undefined ? {} : { program }),
      ...(env === undefined ? {} : { env }),
    });
  }

  #settings(): Record<string, string> {
    const sizes = Object.entries(this.#sizes).map(([key, value]) => [key, String(value)]);
    return {
      ...(Object.fromEntries(sizes) as Record<string, string>),
      brokerClusterName: doorCluster,
      messageIndexSafe: String(this.#options.messageIndexSafe),
      flushDiskType: this.#random.pick(['ASYNC_FLUSH', 'SYNC_FLUSH']),
      waitTimeMillsInSendQueue: '5000',
      osPageCacheBusyTimeOutMills: '5000',
    };
  }

  #report(problems: readonly string[], writer: Writer | undefined): SeriesReport {
    const { records } = readLog(this.#storeDir, this.#sizes);
    const count = (name: string): number => filesBelow(join(this.#storeDir, name)).length;
    const report = {
      problems: problems.slice(0, maxLines),
      fileProblems: this.#fileProblems.slice(0, maxLines),
      turns: this.#turns,
      kills: this.#kills,
      acknowledged: this.#ledger.entries.length,
      records: records.length,
      files: { commitlog: count('commitlog'), consumequeue: count('consumequeue'), index: count('index') },
      keysAsked: this.#keysAsked,
      comparedWithJava: this.#comparedWithJava,
      moreThanJava: this.#moreThanJava,
      refusedByJava: this.#refusedByJava,
    };
    if (problems.length === 0 || this.#options.filesApart === true) return report;
    const { name, seed } = this.#options;
    const keptDir = join(repoDir, 'build', 'door', `${name}-seed-${seed}-turn-${this.#turns}-${writer?.kind}`);
    rmSync(keptDir, { recursive: true, force: true });
    copyDir(this.#workspace.dir, keptDir);
    for (const problem of report.problems) this.#options.say(`${name}: turn ${this.#turns}: ${problem}`);
    return { ...report, keptDir };
  }
}

function copyDir(from: string, to: string): void {
  cpSync(from, to, { recursive: true, preserveTimestamps: true });
}

function filesBelow(dir: string): string[] {
  if (!existsSync(dir)) return [];
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

function hasEmptyFile(storeDir: string): boolean {
  const files = ['commitlog', 'consumequeue', 'index'].flatMap((name) => filesBelow(join(storeDir, name)));
  return files.some((file) => statSync(file).size === 0);
}
