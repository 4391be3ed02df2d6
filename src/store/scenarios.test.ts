import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { collectingLogger } from '../../testing/collecting-logger.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { bodyOf, openTestStore, put, splitRecords, type TestStore } from '../../testing/store-fixture.ts';
import { settle } from '../../testing/suites/store-suite.ts';
import { LogWalk } from './log-walk.ts';
import { MappedFileQueue } from './mapped-file-queue.ts';
import { OpenFiles } from './open-files.ts';

const DIR = new URL('../../testing/store-scenarios/', import.meta.url);

/**
 * Stories about a store, one per file: lines of commands in, what they show out, recorded beside as `.out`. Read a
 * story before you change what it records. `npm test -- -u` records anew.
 */
class Scenario {
  readonly #fs = new MemFs();
  readonly #out: string[] = [];
  #clock = new FakeClock();
  #serial = 0;
  #test: TestStore | undefined;

  async run(script: string): Promise<string> {
    for (const line of script.split('\n')) {
      const [command = '', ...words] = line.trim().split(' ');
      if (command === '' || command === '#') continue;
      this.#out.push(`> ${line.trim()}`);
      await this.#do(command, words);
    }
    await this.#test?.store.shutdown();
    return `${this.#out.join('\n')}\n`;
  }

  async #do(command: string, words: readonly string[]): Promise<void> {
    const [first = 0, second = 0, third = 0] = words.map(Number);
    if (command === 'open') this.#open();
    else if (command === 'put') this.#put(first, second, third);
    else if (command === 'end') this.#store.clock.endTurn();
    else if (command === 'wait') await settle(this.#store, first);
    else if (command === 'stop') await this.#store.store.shutdown();
    else if (command === 'kill') this.#fs.crash({ random: () => 0, keep: 1 });
    else if (command === 'powerloss') this.#powerLoss(first, second);
    else if (command === 'damage') this.#damage(first, words[1] ?? '');
    else if (command === 'marks') this.#say(JSON.stringify(this.#store.store.marks));
    else if (command === 'get') await this.#get(first, second, third);
    else if (command === 'log') this.#dumpLog();
    else if (command === 'queues') this.#dumpQueues();
    else throw new Error(`unknown command ${command}`);
  }

  get #store(): TestStore {
    if (this.#test === undefined) throw new Error('open the store first');
    return this.#test;
  }

  #say(text: string): void {
    this.#out.push(`  ${text}`);
  }

  #open(): void {
    const log = collectingLogger();
    this.#clock = new FakeClock(this.#clock.now() + 1);
    this.#test = openTestStore(this.#fs, '/store', { clock: this.#clock, log });
    for (const { level, text, fields } of log.lines) this.#say(`${level}: ${text} ${JSON.stringify(fields)}`);
  }

  #put(count: number, queueId: number, size: number): void {
    for (let index = 0; index < count; index++) {
      const { phyOffset, queueOffset } = put(this.#store.store, {
        queueId,
        body: `m${this.#serial++}`.padEnd(size, '.'),
      });
      this.#say(`queue ${queueId} offset ${queueOffset} at ${phyOffset}`);
    }
  }

  #powerLoss(seed: number, keep: number): void {
    const random = new SeededRandom(seed);
    this.#fs.crash({ random: () => random.next(), keep });
  }

  #damage(phyOffset: number, hex: string): void {
    const start = phyOffset - (phyOffset % 4096);
    const handle = this.#fs.open(`/store/commitlog/${String(start).padStart(20, '0')}`, 'update');
    const bytes = Buffer.from(hex, 'hex');
    handle.pwrite(bytes, 0, bytes.length, phyOffset - start);
    handle.close();
  }

  async #get(queueId: number, offset: number, maxMsgNums: number): Promise<void> {
    const result = await this.#store.store.getMessage({ topic: 'TopicA', queueId, offset, maxMsgNums });
    if (result === undefined) return this.#say('closed');
    const bodies = splitRecords(result.body).map((record) => bodyOf(record).replace(/\.+$/, ''));
    const { status, nextBeginOffset, minOffset, maxOffset } = result;
    this.#say(`${status} next ${nextBeginOffset} of ${minOffset}..${maxOffset}: ${bodies.join(' ')}`);
  }

  /** As a reader of the directory sees it, without the store. */
  #dumpLog(): void {
    const files = new MappedFileQueue(new OpenFiles(this.#fs), '/store/commitlog', 4096);
    try {
      files.load();
    } catch (error) {
      this.#say(String(error));
      return;
    }
    const walk = new LogWalk({ checkCrc: true, maxMessageSize: 4 << 20 });
    for (const file of files.files) {
      walk.seek(file, 0);
      const places: string[] = [];
      let status = walk.check();
      for (; status === 'ok'; status = walk.check()) {
        places.push(`${walk.peek.queueId}/${walk.peek.queueOffset}@${walk.phyOffset}`);
        walk.skip(walk.peek.totalSize);
      }
      this.#say(`${file.fileFromOffset}: ${places.join(' ')} ${status} at ${walk.phyOffset}`);
    }
  }

  #dumpQueues(): void {
    const { store } = this.#store;
    for (let queueId = 0; queueId < 3; queueId++) {
      this.#say(
        `${queueId}: ${store.getMinOffsetInQueue('TopicA', queueId)}..${store.getMaxOffsetInQueue('TopicA', queueId)}`,
      );
    }
  }
}

it.each(readdirSync(DIR).filter((name) => name.endsWith('.txt')))('%s', async (name) => {
  const script = readFileSync(new URL(name, DIR), 'utf8');
  await expect(await new Scenario().run(script)).toMatchFileSnapshot(
    new URL(name.replace('.txt', '.out'), DIR).pathname,
  );
});
