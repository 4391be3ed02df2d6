import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { bodyOf, openTestStore, put, readAll, type TestStore } from '../../testing/store-fixture.ts';
import { settle } from '../../testing/suites/store-suite.ts';

type Step =
  | { readonly kind: 'put'; readonly queueId: number; readonly size: number }
  | { readonly kind: 'endTurn' }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'stop' }
  | { readonly kind: 'kill' }
  | { readonly kind: 'powerLoss'; readonly seed: number; readonly keep: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('put' as const), queueId: fc.nat(2), size: fc.nat(900) }) },
  { weight: 4, arbitrary: fc.constant({ kind: 'endTurn' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(10, 1000, 12_000, 70_000) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'stop' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'kill' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('powerLoss' as const),
      seed: fc.nat(1_000_000),
      keep: fc.constantFrom(0, 0.5, 0.9, 1),
    }),
  },
);

interface Acked {
  readonly queueId: number;
  readonly body: string;
  readonly endOffset: number;
  /** A power loss came before it was on disk: its properties, which no checksum covers, may be torn. */
  readonly mayBeTorn: boolean;
}

/** The simplest store there is: messages in the order of the log, and how many of them are visible. */
class Model {
  readonly fs = new MemFs();
  test: TestStore;
  acked: Acked[] = [];
  staged: Acked[] = [];
  serial = 0;

  constructor() {
    this.test = openTestStore(this.fs, '/store');
  }

  put(queueId: number, size: number): void {
    const body = `${this.serial++}:`.padEnd(size, 'x');
    const ticket = put(this.test.store, { queueId, body, properties: { UNIQ_KEY: body.split(':')[0] as string } });
    this.staged.push({ queueId, body, endOffset: ticket.endOffset, mayBeTorn: false });
    // A full file has made the store write what came before.
    this.settleAcked();
  }

  endTurn(): void {
    this.test.clock.endTurn();
    this.settleAcked();
    expect(this.staged).toEqual([]);
  }

  settleAcked(): void {
    const { written } = this.test.store.marks;
    while (this.staged[0] !== undefined && this.staged[0].endOffset <= written) {
      this.acked.push(this.staged.shift() as Acked);
    }
  }

  restart(): void {
    this.staged = [];
    this.test = openTestStore(this.fs, '/store', { clock: new FakeClock(this.test.clock.now() + 1) });
  }

  /** What the store serves is the acknowledged log, whole or cut behind `safe`, in every queue and by key. */
  async check(safe: number): Promise<void> {
    const { store, clock } = this.test;
    const found = await Promise.all([0, 1, 2].map((queueId) => readAll(store, 'TopicA', queueId)));
    const count = found.reduce((sum, bodies) => sum + bodies.length, 0);
    const kept = this.acked.slice(0, count);
    expect(found).toEqual([0, 1, 2].map((q) => kept.filter(({ queueId }) => queueId === q).map(({ body }) => body)));
    expect(this.acked.filter(({ endOffset }) => endOffset <= safe).length).toBeLessThanOrEqual(count);
    for (const { body, mayBeTorn } of kept.slice(-3)) {
      if (mayBeTorn) continue;
      const key = body.split(':')[0] as string;
      const { buffers } = await store.queryMessage('TopicA', key, 32, 0, clock.now() + 1000);
      expect(buffers.map(bodyOf)).toContain(body);
    }
    this.acked = kept;
  }
}

async function run(model: Model, step: Step): Promise<void> {
  const { test } = model;
  if (step.kind === 'put') model.put(step.queueId, step.size);
  else if (step.kind === 'endTurn') model.endTurn();
  else if (step.kind === 'wait') {
    await settle(test, step.ms);
    model.settleAcked();
  } else if (step.kind === 'stop') {
    model.endTurn();
    await test.store.shutdown();
    model.restart();
    await model.check(Number.MAX_SAFE_INTEGER);
  } else if (step.kind === 'kill') {
    // Everything survives but the process: its handles are dead.
    model.fs.crash({ random: () => 0, keep: 1 });
    model.restart();
    await model.check(Number.MAX_SAFE_INTEGER);
  } else {
    const safe = test.store.marks.flushed;
    const random = new SeededRandom(step.seed);
    model.fs.crash({ random: () => random.next(), keep: step.keep });
    model.restart();
    model.acked = model.acked.map((each) => (each.endOffset <= safe ? each : { ...each, mayBeTorn: true }));
    await model.check(safe);
  }
}

it('keeps what it acknowledged over stops, kills and power losses', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      const model = new Model();
      for (const each of steps) await run(model, each);
      model.endTurn();
      await model.check(Number.MAX_SAFE_INTEGER);
      await model.test.store.shutdown();
    }),
  );
});
