import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { takePorts } from '../testing/ports.ts';
import { type Fixture, type FixtureName, unpackFixture } from './peer/fixture.ts';
import {
  isMissing,
  type Kind,
  openWorkspace,
  type Server,
  startBroker,
  subjectKind,
  type Workspace,
} from './peer/peer.ts';
import { RawClient } from './peer/raw-client.ts';
import {
  checkByKeys,
  checkByPhysicalOffset,
  checkByPull,
  checkOffsets,
  type ExpectedRecord,
  type Findings,
  type Outgoing,
  queueOffsets,
  sendBatch,
  sendOne,
} from './peer/store-check.ts';

const subject = subjectKind();
const cluster = 'FixtureCluster';
const messagesPerVisit = 1_000;

type Check = (client: RawClient, records: readonly ExpectedRecord[], topics: ReadonlySet<string>) => Promise<Findings>;

/** The three doors through which every stored record must be reachable. */
const doors: readonly (readonly [string, Check])[] = [
  ['by physical offset', checkByPhysicalOffset],
  ['by pull', checkByPull],
  ['by keys and unique keys', checkByKeys],
];

/**
 * One directory is passed from broker to broker: the subject opens what Java wrote and adds 1,000 messages, Java opens
 * that and adds 1,000 more, and the subject opens it again. Everything written so far is served at each stop.
 */
describe.skipIf(isMissing('java'))(`java-store-clean through ${subject}, java and ${subject} again`, () => {
  const visits = storeVisits('java-store-clean');

  describe(`opened by ${subject}`, () => {
    visits.open(subject);

    it.each(doors)('serves every record of the manifest %s', async (_, check) => {
      await visits.expectAll(check);
    });

    it('has min and max offsets as Java after its recovery', async () => {
      await visits.expectOffsets();
    });

    it('takes 1,000 more messages and serves them at once', async () => {
      await visits.write('first');
      for (const [, check] of doors) await visits.expectAll(check);
    });
  });

  describe('then opened by java', () => {
    visits.open('java');

    it.each(doors)('serves old and new records %s', async (_, check) => {
      await visits.expectAll(check);
    });

    it('takes 1,000 more messages', async () => {
      await visits.write('second');
    });
  });

  describe(`then opened by ${subject} again`, () => {
    visits.open(subject);

    it.each(doors)('serves the records of all three writers %s', async (_, check) => {
      await visits.expectAll(check);
    });

    it('goes on from the offsets java left', async () => {
      await visits.write('third');
      for (const [, check] of doors) await visits.expectAll(check);
    });
  });
});

describe.each(['java-store-crashed', 'java-store-torn'] as const)(`%s opened by ${subject}`, (name) => {
  const visits = storeVisits(name);
  visits.open(subject);

  it.each(doors)('serves every record that recovery must keep %s', async (_, check) => {
    await visits.expectAll(check);
  });

  it('has min and max offsets as Java after its recovery', async () => {
    await visits.expectOffsets();
  });
});

interface Visits {
  /** Registers hooks: the surrounding describe block runs with a broker of that kind on the directory. */
  open(kind: Kind): void;
  /** Every record known so far passes the check. */
  expectAll(check: Check): Promise<void>;
  expectOffsets(): Promise<void>;
  /** Sends {@link messagesPerVisit} messages; what must be found of them is known from then on. */
  write(visit: string): Promise<void>;
}

function storeVisits(name: FixtureName): Visits {
  let workspace: Workspace;
  let fixture: Fixture;
  let broker: Server | undefined;
  let client: RawClient;
  const records: ExpectedRecord[] = [];
  const topics = new Set<string>();

  beforeAll(async () => {
    workspace = openWorkspace(`store-doors-${name}`);
    fixture = await unpackFixture(name, workspace.dir);
    records.push(...fixture.records);
    for (const topic of fixture.readableTopics) topics.add(topic);
  });
  afterAll(() => workspace.close());

  return {
    open(kind) {
      beforeAll(async () => {
        const { listenPort: port } = await takePorts();
        const { storeDir, settings } = fixture;
        broker = await startBroker({ kind, workspace, port, name: 'fixture-a', storeDir, settings });
        client = await RawClient.connect(broker.address);
      });
      afterAll(async () => {
        await broker?.stop();
        broker = undefined;
      });
    },
    async expectAll(check) {
      const findings = await check(client, records, topics);
      expect(findings).toEqual({ checked: findings.checked, wrong: 0, lines: [] });
      expect(findings.checked).toBeGreaterThan(records.length * 0.9);
    },
    async expectOffsets() {
      const exact = fixture.queues.filter(({ topic }) => topic !== 'FxDelay');
      const findings = await checkOffsets(client, exact);
      expect(findings).toEqual({ checked: 14, wrong: 0, lines: [] });
      // The fixture's delayed messages are overdue: who has delivered them already has up to nine more.
      const onDisk = fixture.records.filter(({ topic }) => topic === 'FxDelay').length;
      const { min, max } = await queueOffsets(client, 'FxDelay', 0);
      expect([min, max >= onDisk && max <= onDisk + 9]).toEqual([0, true]);
    },
    async write(visit) {
      topics.add(`Written_${visit}`);
      const before = records.length;
      for (const batch of messagesOf(visit)) {
        const [first] = batch;
        if (first !== undefined && batch.length === 1) {
          const code = records.length % 2 === 0 ? 10 : 310;
          records.push(await sendOne(client, code, first, cluster));
        } else {
          records.push(...(await sendBatch(client, batch)));
        }
      }
      expect(records.length - before).toBe(messagesPerVisit);
    },
  };
}

/**
 * Singles and batches of 20 for old topics and a new one: with and without tags, keys (one, several, shared), user
 * properties, flags and non-ASCII text; about 1.2 MB together, so that the log rolls to another file.
 */
function messagesOf(visit: string): Outgoing[][] {
  const batches: Outgoing[][] = [];
  let sent = 0;
  while (sent < messagesPerVisit) {
    const inBatch = sent % 100 === 60 ? 20 : 1;
    const target = inBatch > 1 ? { topic: 'FxBatch', queueId: sent % 2 } : targetOf(visit, sent);
    const batch = Array.from({ length: inBatch }, (_, index) => ({ ...target, ...contentOf(visit, sent + index) }));
    batches.push(batch);
    sent += inBatch;
  }
  return batches;
}

function targetOf(visit: string, index: number): Pick<Outgoing, 'topic' | 'queueId'> {
  if (index % 5 === 0) return { topic: `Written_${visit}`, queueId: Math.floor(index / 5) % 4 };
  if (index % 5 === 1) return { topic: 'FxOneQueue', queueId: 0 };
  return { topic: 'FxPlain', queueId: index % 4 };
}

function contentOf(visit: string, index: number): Pick<Outgoing, 'body' | 'flag' | 'properties'> {
  const properties: Record<string, string> = { UNIQ_KEY: `COMPAT-${visit}-${index}`, WAIT: 'true' };
  if (index % 3 !== 0) properties['TAGS'] = index % 7 === 0 ? '标签' : `Tag${index % 5}`;
  if (index % 2 === 0) properties['KEYS'] = `${visit}${index}`;
  if (index % 10 === 0) properties['KEYS'] = `${visit}${index} ${visit}-shared 键${index}`;
  if (index % 4 === 0) properties['colour'] = index % 8 === 0 ? 'rot' : 'grün';
  const body = Buffer.from(`${visit} ${index} ✓ ${'abcdefghij'.repeat((index * 37) % 240)}`);
  return { body, flag: index % 25 === 0 ? index : 0, properties };
}
