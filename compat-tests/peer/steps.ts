import { afterAll, beforeAll, expect, it } from 'vitest';
import { takePorts } from '../../testing/ports.ts';
import { sorted } from './java-json.ts';
import { type Lie, lyingProxy } from './lying-proxy.ts';
import { type Kind, openWorkspace, type Server, startBroker } from './peer.ts';
import { type Fields, RawClient, type RawReply } from './raw-client.ts';

const LONGEST_WAIT_MS = 30_000;

/** What came of each step of a script, by its name. */
export type Outcomes = Map<string, string>;

/** What may differ between two runs, and the word that stands for it. */
export type Mask = readonly [RegExp, string];

/** A script of requests to one broker: asks, and keeps what came of it, with addresses and times as words. */
export class Steps {
  readonly outcomes: Outcomes = new Map();
  readonly client: RawClient;
  /** Where clients connect to: the broker, or a proxy before it. */
  readonly door: string;
  readonly #masks: readonly Mask[];

  private constructor(client: RawClient, door: string, masks: readonly Mask[]) {
    this.client = client;
    this.door = door;
    this.#masks = [[/127\.0\.0\.1:\d+/g, 'ADDR'], ...masks, [/\b1[5-9]\d{11}\b/g, 'TIME']];
  }

  /** Runs a script with a client of its own; gives its outcomes. */
  static async run(door: string, masks: readonly Mask[], script: (steps: Steps) => Promise<void>): Promise<Outcomes> {
    const client = await RawClient.connect(door);
    try {
      const steps = new Steps(client, door, masks);
      await script(steps);
      return steps.outcomes;
    } finally {
      client.close();
    }
  }

  /** Asks and keeps everything of the answer. */
  async ask(name: string, code: number, fields: Fields = {}, body = ''): Promise<RawReply> {
    const reply = await this.client.request(code, fields, Buffer.from(body));
    const ext = reply.hasFields ? sorted(JSON.stringify(reply.fields)) : 'none';
    this.note(`${code} ${name}`, `${reply.code} [${reply.remark}] ${ext} ${sorted(reply.body.toString())}`);
    return reply;
  }

  /** Asks and keeps the code only: Java's remark is the text of an exception. */
  async askCode(name: string, code: number, fields: Fields = {}, body = ''): Promise<void> {
    const reply = await this.client.request(code, fields, Buffer.from(body));
    this.note(`${code} ${name}`, `${reply.code} ${reply.hasFields} ${reply.body.length}`);
  }

  note(name: string, text: string): void {
    if (this.outcomes.has(name)) throw new Error(`two steps are named ${name}`);
    let masked = text;
    for (const [pattern, word] of this.#masks) masked = masked.replaceAll(pattern, word);
    this.outcomes.set(name, masked);
  }

  async until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + LONGEST_WAIT_MS;
    while (!(await isSo())) {
      if (Date.now() > deadline) throw new Error(`${what} did not come at ${this.door}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** A lie of the planted broker, and steps that have to differ then. */
export type Planted = readonly [name: string, lie: Lie, steps: readonly string[]];

/** Starts a broker of this test file; it is stopped with the others. */
export type StartBroker = (kind: Kind, name: string, more?: Readonly<Record<string, string>>) => Promise<Server>;

/** Tests that a script comes to the same in Java and here; call it inside of `describe`. */
export function sameInJava(options: {
  readonly workspace: string;
  /** Runs the script on the broker that calls itself `address`, through `door`. */
  readonly run: (address: string, door: string) => Promise<Outcomes>;
  readonly leastSteps: number;
  readonly planted: readonly Planted[];
  readonly mostPlanted: number;
}): StartBroker {
  const workspace = openWorkspace(options.workspace);
  const servers: Server[] = [];
  const outcomes = new Map<Kind, Outcomes>();
  const java = (): Outcomes => outcomes.get('java') ?? new Map<string, string>();
  const started: StartBroker = async (kind, name, more = {}) => {
    const { listenPort: port } = await takePorts();
    const settings = { brokerName: 'broker-a', ...more };
    const server = await startBroker({ kind, workspace, port, name, settings });
    servers.push(server);
    return server;
  };

  beforeAll(async () => {
    for (const kind of ['java', 'wenchang'] as const) {
      const { address } = await started(kind, kind);
      outcomes.set(kind, await options.run(address, address));
    }
  });

  afterAll(async () => {
    for (const server of servers) await server.stop();
    workspace.close();
  });

  it('are equal, step by step', () => {
    expect(java().size).toBeGreaterThan(options.leastSteps);
    const lines = (of: Outcomes): string[] => [...of].map(([name, text]) => `${name}: ${text}`);
    expect(lines(outcomes.get('wenchang') ?? new Map())).toEqual(lines(java()));
  });

  it.each(options.planted)('the planted bug "%s" turns it red', async (name, lie, steps) => {
    const { address } = await started('wenchang', name.replaceAll(' ', '-'));
    const proxy = await lyingProxy(address, lie);
    const found = different(java(), await options.run(address, proxy.address));
    proxy.close();
    expect(found).toEqual(expect.arrayContaining([...steps]));
    expect(found.length).toBeLessThan(options.mostPlanted);
  });
  return started;
}

/** Names of the steps whose outcomes differ. */
function different(left: Outcomes, right: Outcomes): string[] {
  const names = new Set([...left.keys(), ...right.keys()]);
  return [...names].filter((name) => left.get(name) !== right.get(name));
}
