import { describe, expect, it } from 'vitest';
import { collectingLogger } from '../../testing/collecting-logger.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { FaultFs } from '../../testing/fault-fs.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { draftOf, openTestStore, propertiesOf, put, readAll, splitRecords } from '../../testing/store-fixture.ts';
import { decodeRecord } from '../codec/message.ts';
import { SCHEDULE_TOPIC } from '../codec/system-topics.ts';
import type { MessageStoreConfig } from '../config/message-store-config.ts';
import type { Fs } from '../util/fs.ts';
import { StateFile } from '../util/state-file.ts';
import { ScheduleMessageService } from './schedule-message-service.ts';

const PATH = '/store/config/delayOffset.json';
const BIG = { mappedFileSizeCommitLog: 1 << 20, mappedFileSizeConsumeQueue: 20_000 };

/** A store whose delayed messages are delivered. */
class World {
  readonly fs: Fs;
  readonly clock: FakeClock;
  readonly log = collectingLogger();
  readonly store;
  readonly service: ScheduleMessageService;

  constructor(fs: Fs, clock = new FakeClock(), changes: Partial<MessageStoreConfig> = BIG) {
    this.fs = fs;
    this.clock = clock;
    const { store, config } = openTestStore(fs, '/store', { clock, changes });
    this.store = store;
    const file = new StateFile({ fs, log: this.log, path: PATH });
    this.service = new ScheduleMessageService({ ...{ store, clock, log: this.log, config, file }, topics: NO_TOPICS });
    this.service.load();
    this.service.start();
  }

  delayed(body: string, level: number, topic = 'TopicA'): void {
    put(this.store, { topic, body, properties: { DELAY: `${level}` } });
    this.clock.endTurn();
  }

  async stop(): Promise<void> {
    this.service.stop();
    await this.store.shutdown();
    this.service.persistNow();
  }

  get saved(): string | undefined {
    return this.fs.readFile(PATH, 1000)?.toString().replaceAll(/\s/g, '');
  }
}

const NO_TOPICS = { select: () => undefined };

describe('a delayed message', () => {
  it('comes when its time does, not a millisecond earlier, with its properties', async () => {
    const { store, clock, ...world } = new World(new MemFs());
    put(store, { queueId: 2, body: 'late', properties: { DELAY: '1', TAGS: 't', WAIT: 'true' } });
    clock.advance(999);
    expect(await readAll(store, 'TopicA', 2)).toEqual([]);
    clock.advance(1);
    const got = await store.getMessage({ topic: 'TopicA', queueId: 2, offset: 0, maxMsgNums: 9 });
    const [record] = splitRecords(got?.body) as [Buffer];
    const properties = { DELAY: '1', TAGS: 't', WAIT: 'true', REAL_TOPIC: 'TopicA', REAL_QID: '2' };
    expect(Object.fromEntries(propertiesOf(record))).toEqual(properties);
    const waited = await store.getMessage({ topic: SCHEDULE_TOPIC, queueId: 0, offset: 0, maxMsgNums: 9 });
    const before = decodeRecord(splitRecords(waited?.body)[0] as Buffer, 0);
    const after = decodeRecord(record, 0);
    if (typeof before === 'string' || typeof after === 'string') throw new Error('no record');
    const { flag, sysFlag, bornTimestamp, bornHost, storeHost, reconsumeTimes, body } = before;
    expect(after).toMatchObject({ flag, sysFlag, bornTimestamp, bornHost, storeHost, reconsumeTimes, body });
    expect(after).toMatchObject({ queueOffset: 0, preparedTransactionOffset: 0, storeTimestamp: clock.now() });
    expect(world.service.runtimeInfo()).toEqual({ scheduleMessageOffset_1: '1,1' });
    expect(world.service.encode()).toBe('{"offsetTable":{1:1}}');
  });

  it('keeps the order of its level and overtakes longer ones', async () => {
    const world = new World(new MemFs());
    world.delayed('b1', 2);
    world.clock.advance(50);
    world.delayed('b2', 2);
    world.delayed('a1', 1);
    world.clock.advance(4950);
    expect(await readAll(world.store)).toEqual(['a1', 'b1']);
    world.clock.advance(50);
    expect(await readAll(world.store)).toEqual(['a1', 'b1', 'b2']);
  });

  it('is found within 100 ms in a queue that was empty, also with a level of no delay', async () => {
    const world = new World(new MemFs(), new FakeClock(), { ...BIG, messageDelayLevel: '0s' });
    world.clock.advance(50);
    world.delayed('now', 1);
    world.clock.advance(100);
    expect(await readAll(world.store)).toEqual(['now']);
  });

  it('is delivered when the clock is set back, and when its level was made shorter', async () => {
    const fs = new MemFs();
    const first = new World(fs);
    first.delayed('a', 18);
    first.clock.advance(1000);
    first.clock.setWallClock(first.clock.now() - 2000);
    first.clock.advance(200);
    expect(await readAll(first.store)).toEqual(['a']);
    first.delayed('b', 18);
    await first.stop();
    const second = new World(fs, first.clock, { ...BIG, messageDelayLevel: `${'1s '.repeat(17)}1s` });
    await second.clock.advanceAsync(1100, 100);
    expect(await readAll(second.store)).toEqual(['a', 'b']);
  });

  it('is caught up after a stop in turns of at most 512, one write each, levels in turn', async () => {
    const fs = new MemFs();
    const first = new World(fs);
    for (let at = 0; at < 1000; at++) first.delayed(`a${at}`, 5, 'Other');
    for (let at = 0; at < 200; at++) first.delayed(`b${at}`, 6, 'TopicB');
    await first.stop();
    first.clock.advance(3_600_000);
    const { store, clock } = new World(fs, first.clock);
    const perWrite: number[] = [];
    let last = 0;
    store.onMarks(() => {
      const delivered = store.getMaxOffsetInQueue('Other', 0) + store.getMaxOffsetInQueue('TopicB', 0);
      if (delivered > last) perWrite.push(delivered - last);
      last = delivered;
    });
    for (let turn = 0; turn < 60; turn++) await clock.advanceAsync(10);
    expect(await readAll(store, 'Other')).toEqual(Array.from({ length: 1000 }, (_, at) => `a${at}`));
    expect(await readAll(store, 'TopicB')).toEqual(Array.from({ length: 200 }, (_, at) => `b${at}`));
    expect(Math.max(...perWrite)).toBeLessThanOrEqual(512);
    expect(Math.min(...perWrite.slice(0, 4))).toBeGreaterThanOrEqual(72);
  });

  it('waits 10 s when it cannot be stored, and comes once', async () => {
    const fs = new FaultFs(new MemFs());
    const world = new World(fs);
    world.delayed('a', 1);
    world.delayed('b', 1);
    fs.fail({ operation: 'pwrite', path: /commitlog/, code: 'EIO', times: 1 });
    await world.clock.advanceAsync(9000, 500);
    expect(await readAll(world.store)).toEqual([]);
    await world.clock.advanceAsync(13_000, 500);
    expect(await readAll(world.store)).toEqual(['a', 'b']);
  });

  it('is stored also when a batch of nothing but wrong records is read just before', async () => {
    const fs = new MemFs();
    const first = new World(fs);
    first.service.stop();
    for (let queueId = 0; queueId < 18; queueId++) {
      const wrong = { topic: SCHEDULE_TOPIC, queueId, properties: { REAL_TOPIC: 'TopicA', REAL_QID: '0' } };
      if (queueId !== 8) put(first.store, wrong);
    }
    first.delayed('a', 9);
    await first.stop();
    first.clock.advance(600_000);
    const second = new World(fs, first.clock);
    await second.clock.advanceAsync(100, 10);
    expect(await readAll(second.store)).toEqual(['a']);
  });

  it('is not delivered by a slave', async () => {
    const fs = new MemFs();
    const first = new World(fs);
    first.delayed('a', 1);
    await first.stop();
    const slave = new World(fs, first.clock, { ...BIG, brokerRole: 'SLAVE' });
    slave.clock.advance(20_000);
    expect(await readAll(slave.store)).toEqual([]);
  });
});

describe('what a client puts into the schedule topic itself', () => {
  it.each([
    ['no delay', { REAL_TOPIC: 'TopicA', REAL_QID: '0' }, 'it has no DELAY'],
    ['the schedule topic as its own', { DELAY: '1', REAL_TOPIC: SCHEDULE_TOPIC, REAL_QID: '0' }, /REAL_TOPIC is SCH/],
    ['a path', { DELAY: '1', REAL_TOPIC: '../up', REAL_QID: '0' }, /illegal characters/],
    ['no topic', { DELAY: '1', REAL_QID: '0' }, /blank/],
    ['no queue', { DELAY: '1', REAL_TOPIC: 'TopicA' }, 'REAL_QID is no queue'],
    ['no number of a queue', { DELAY: '1', REAL_TOPIC: 'TopicA', REAL_QID: '65536' }, 'REAL_QID is no queue'],
    ['the half topic', { DELAY: '1', REAL_TOPIC: 'RMQ_SYS_TRANS_HALF_TOPIC', REAL_QID: '0' }, /REAL_TOPIC is RMQ/],
  ])('is left out with a line in the log: %s', async (_, properties, problem) => {
    const world = new World(new MemFs());
    const draft = draftOf({ topic: SCHEDULE_TOPIC, properties });
    draft.delayServed = true;
    world.store.putMessage(draft);
    world.delayed('good', 1);
    world.clock.advance(1100);
    expect(await readAll(world.store)).toEqual(['good']);
    const lines = world.log.lines.filter(({ text }) => text.includes('left out'));
    expect(lines.map(({ level, fields }) => [level, fields['problem']])).toEqual([
      ['warn', expect.stringMatching(problem)],
    ]);
  });
});

describe('delayOffset.json', () => {
  it('is saved 10 s after the start, then by its interval, and at the stop', async () => {
    const world = new World(new MemFs(), new FakeClock(), { ...BIG, flushDelayOffsetInterval: 3000 });
    world.delayed('a', 1);
    await world.clock.advanceAsync(9900, 100);
    expect(world.saved).toBeUndefined();
    await world.clock.advanceAsync(1000, 100);
    expect(world.saved).toBe('{"offsetTable":{1:1}}');
    world.delayed('b', 1);
    await world.clock.advanceAsync(2900, 100);
    expect(world.saved).toBe('{"offsetTable":{1:2}}');
    world.delayed('c', 1);
    await world.clock.advanceAsync(1000, 100);
    expect(world.saved).toBe('{"offsetTable":{1:2}}');
    await world.stop();
    expect(world.saved).toBe('{"offsetTable":{1:3}}');
  });

  it('waits until what was delivered is on disk', async () => {
    const fs = new FaultFs(new MemFs());
    const world = new World(fs);
    world.delayed('a', 1);
    let release = (): void => {};
    const until = new Promise<void>((resolve) => {
      release = resolve;
    });
    fs.delay({ operation: 'fdatasync', path: /commitlog/, until, times: 100 });
    await world.clock.advanceAsync(30_000, 500);
    expect([await readAll(world.store), world.saved]).toEqual([['a'], undefined]);
    release();
    await world.clock.advanceAsync(1000, 100);
    expect(world.saved).toBe('{"offsetTable":{1:1}}');
  });

  it('is not saved at a stop that could not flush', async () => {
    const fs = new FaultFs(new MemFs());
    const world = new World(fs);
    world.delayed('a', 1);
    await world.clock.advanceAsync(990, 10);
    fs.fail({ operation: 'fdatasync', path: /commitlog/, code: 'EIO', times: 100 });
    await world.clock.advanceAsync(20, 10);
    expect(await readAll(world.store)).toEqual(['a']);
    await world.stop();
    expect(world.saved).toBeUndefined();
  });

  it('is tried again when it cannot be written', async () => {
    const fs = new FaultFs(new MemFs());
    const world = new World(fs);
    world.delayed('a', 1);
    fs.fail({ operation: 'open', path: /delayOffset/, code: 'ENOSPC', times: 1 });
    await world.clock.advanceAsync(19_000, 500);
    expect(world.saved).toBeUndefined();
    await world.clock.advanceAsync(11_000, 500);
    expect(world.saved).toBe('{"offsetTable":{1:1}}');
  });

  it('keeps levels that no setting has, and one ahead of its queue is set back', async () => {
    const fs = new MemFs();
    fs.install(PATH, Buffer.from('{"offsetTable":{99:5,1:7}}'));
    const world = new World(fs);
    expect(world.log.lines.some(({ text }) => text.includes('ahead of the queue'))).toBe(true);
    world.delayed('a', 1);
    world.clock.advance(1000);
    expect(await readAll(world.store)).toEqual(['a']);
    await world.stop();
    expect(world.saved).toBe('{"offsetTable":{1:1,99:5}}');
  });
});
