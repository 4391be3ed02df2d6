import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { damageLine } from '../src/tools/findings.ts';
import { storeLayout } from '../src/tools/store-layout.ts';
import { repairStore } from '../src/tools/store-repair.ts';
import { verifyStore } from '../src/tools/store-verify.ts';
import { systemClock } from '../src/util/clock.ts';
import { nodeFs } from '../src/util/node-fs.ts';
import { takePorts } from '../testing/ports.ts';
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
import { decodeRecords } from './peer/records.ts';
import { pullFields, sendOne } from './peer/store-check.ts';

const subject = subjectKind();
const topic = 'ExtTopic';
const messagesPerVisit = 150;

/** So small that 102 units and 30 entries fill a file. */
const settings = {
  enableConsumeQueueExt: 'true',
  mappedFileSizeConsumeQueueExt: '2048',
  mappedFileSizeConsumeQueue: '600',
  mappedFileSizeCommitLog: '262144',
  maxHashSlotNum: '500',
  maxIndexNum: '1500',
};

/**
 * A directory with extension files goes from the subject to Java and back, once stopped and once killed. Whoever runs
 * filters by the units that the other one wrote; then the files themselves are walked.
 */
describe.skipIf(isMissing('java')).each([
  [subject, 'java'],
  ['java', subject],
] as const)('extension files that %s wrote first and %s next', (first, next) => {
  const visits = extVisits(`ext-${first}-first`);

  describe(`opened by ${first}`, () => {
    visits.open(first, 'stop');
    it('filters by tag', () => visits.writeAndPull());
  });
  describe(`then by ${next}, which is killed`, () => {
    visits.open(next, 'kill');
    it('filters what the other one wrote, and its own', () => visits.writeAndPull());
  });
  describe(`then by ${first} again, which is killed`, () => {
    visits.open(first, 'kill');
    it('filters what both wrote', () => visits.writeAndPull());
  });
  describe(`then by ${next} again`, () => {
    visits.open(next, 'stop');
    it('filters what both wrote', () => visits.writeAndPull());
  });
  it('leave a unit for every entry', () => visits.checkFiles());
});

/** Units are broken in the middle of a file, up to its end, and up to the end of all; then Java is the next. */
describe.skipIf(isMissing('java'))('extension files that store repair has mended', () => {
  const visits = extVisits('ext-mended');

  describe('written by the subject', () => {
    visits.open(subject, 'stop');
    it('filters by tag', () => visits.writeAndPull());
  });
  describe('broken and repaired, then opened by Java, which is killed', () => {
    beforeAll(() =>
      visits.breakAndRepair([
        { file: 0, at: 20, bytes: 1 },
        { file: 0, at: 1_600, bytes: 440 },
        { file: 1, at: 800, bytes: 1_248 },
      ]),
    );
    visits.open('java', 'kill');
    it('filters what is mended, and its own', () => visits.writeAndPull());
  });
  describe('then by the subject again', () => {
    visits.open(subject, 'stop');
    it('filters what both wrote', () => visits.writeAndPull());
  });
  // One unit, 22 from 1,600 to the mark at 2,040, and the last 8 of 150.
  it('leave a unit for every entry but those that lost theirs', () => visits.checkFiles(1 + 22 + 8));
});

/** Sent messages by queue offset: the tag of each. */
function extVisits(name: string) {
  let workspace: Workspace;
  let broker: Server | undefined;
  let client: RawClient;
  let storeDir = '';
  const tags: (string | undefined)[] = [];

  beforeAll(() => {
    workspace = openWorkspace(name);
    storeDir = join(workspace.dir, 'store');
  });
  afterAll(() => workspace.close());

  return {
    open(kind: Kind, end: 'stop' | 'kill'): void {
      beforeAll(async () => {
        const { listenPort: port } = await takePorts();
        broker = await startBroker({ kind, workspace, port, name: 'ext-a', storeDir, settings });
        client = await RawClient.connect(broker.address);
      });
      afterAll(async () => {
        client.close();
        await broker?.[end]();
        broker = undefined;
      });
    },

    async writeAndPull(): Promise<void> {
      await expectTags(client, tags);
      for (let index = 0; index < messagesPerVisit; index += 1) {
        const tag = index % 4 === 0 ? undefined : `Tag${index % 3}`;
        const properties = {
          UNIQ_KEY: `${name}-${tags.length}`,
          WAIT: 'true',
          ...(tag === undefined ? {} : { TAGS: tag }),
        };
        const body = Buffer.from(String(tags.length));
        const sent = await sendOne(client, 310, { topic, queueId: 0, flag: 0, body, properties }, 'DefaultCluster');
        expect(sent.queueOffset).toBe(tags.length);
        tags.push(tag);
      }
      await expectTags(client, tags);
    },

    async breakAndRepair(places: readonly { file: number; at: number; bytes: number }[]): Promise<void> {
      const dir = join(storeDir, 'consumequeue_ext', topic, '0');
      for (const { file, at, bytes } of places) {
        const path = join(dir, readdirSync(dir).sort()[file] as string);
        const content = readFileSync(path);
        writeFileSync(path, content.fill(0xee, at, at + bytes));
      }
      const layout = storeLayout(nodeFs, storeDir);
      await repairStore(nodeFs, layout, { write: true, say: () => {}, clock: systemClock });
      expect(verifyStore(nodeFs, layout).findings.damages.map(damageLine)).toEqual([]);
    },

    /** `without`: how many entries hold their tagsCode themselves. */
    checkFiles(without = 0): void {
      let direct = 0;
      const entries = linear(join(storeDir, 'consumequeue', topic, '0'), 600);
      const units = linear(join(storeDir, 'consumequeue_ext', topic, '0'), 2_048);
      for (const [offset, tag] of tags.entries()) {
        const tagsCode = tag === undefined ? 0 : hashOf(tag);
        const field = entries.readBigInt64BE(offset * 20 + 12);
        if (field === BigInt(tagsCode)) {
          direct += 1;
          continue;
        }
        const address = Number(field + 2n ** 63n);
        const found = { size: units.readInt16BE(address), tagsCode: Number(units.readBigInt64BE(address + 2)) };
        expect({ offset, ...found }).toEqual({ offset, size: 20, tagsCode });
      }
      expect(direct).toBe(without);
    },
  };
}

/** Pulls with each tag get exactly the messages that have it: the broker has filtered, this client does not. */
async function expectTags(client: RawClient, tags: readonly (string | undefined)[]): Promise<void> {
  if (tags.length === 0) return;
  for (const tag of ['Tag0', 'Tag1', 'Tag2', 'Nobody']) {
    const wanted = [...tags.keys()].filter((offset) => tags[offset] === tag);
    expect({ tag, offsets: await pullTag(client, tag, tags.length) }).toEqual({ tag, offsets: wanted });
  }
}

async function pullTag(client: RawClient, tag: string, end: number): Promise<number[]> {
  const offsets: number[] = [];
  for (let offset = 0; offset < end; ) {
    const reply = await client.request(11, { ...pullFields(topic, 0, offset), subscription: tag });
    if (reply.code !== 0 && reply.code !== 20) throw new Error(`pull at ${offset}: ${reply.code} ${reply.remark}`);
    if (reply.code === 0) offsets.push(...decodeRecords(reply.body).map(({ queueOffset }) => queueOffset));
    offset = Number(reply.fields['nextBeginOffset']);
  }
  return offsets;
}

/** The files of a directory as one space of bytes; a file that is not there is zero. */
function linear(dir: string, fileSize: number): Buffer {
  const names = existsSync(dir) ? readdirSync(dir).sort() : [];
  const bytes = Buffer.alloc(Number(names.at(-1) ?? 0) + fileSize);
  for (const name of names) readFileSync(join(dir, name)).copy(bytes, Number(name));
  return bytes;
}

/** Java: String#hashCode. */
function hashOf(text: string): number {
  return [...text].reduce((hash, letter) => (Math.imul(31, hash) + letter.charCodeAt(0)) | 0, 0);
}
