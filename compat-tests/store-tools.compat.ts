import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { storeLayout } from '../src/tools/store-layout.ts';
import { repairStore } from '../src/tools/store-repair.ts';
import { verifyStore } from '../src/tools/store-verify.ts';
import { systemClock } from '../src/util/clock.ts';
import { nodeFs } from '../src/util/node-fs.ts';
import { takePorts } from '../testing/ports.ts';
import { type Fixture, unpackFixture } from './peer/fixture.ts';
import { isMissing, openWorkspace, type Server, startBroker, type Workspace } from './peer/peer.ts';
import { RawClient } from './peer/raw-client.ts';
import {
  checkByKeys,
  checkByPhysicalOffset,
  checkOffsets,
  type ExpectedRecord,
  pullQueue,
} from './peer/store-check.ts';

/**
 * A directory of Java's with three messages of one file destroyed, one by its body, one by its length, one by its magic
 * number, is repaired by our tool. Java, and then ours, starts on it and serves every other message.
 */
describe.skipIf(isMissing('java'))('a damaged java-store-clean after wenchang store repair', () => {
  let workspace: Workspace;
  let fixture: Fixture;
  let kept: ExpectedRecord[];

  beforeAll(async () => {
    workspace = openWorkspace('store-tools');
    fixture = await unpackFixture('java-store-clean', workspace.dir);
    const inPlain = fixture.records.filter(({ topic }) => topic === 'FxPlain');
    const lost = [inPlain[100], inPlain[201], inPlain[302]];
    const file = openSync(join(fixture.storeDir, 'commitlog', '00000000000000000000'), 'r+');
    for (const [index, at] of [90, 2, 5].entries()) {
      writeSync(file, Buffer.of(0xa5), 0, 1, (lost[index]?.physicalOffset ?? 0) + at);
    }
    closeSync(file);
    kept = fixture.records.filter((record) => !lost.includes(record));
  });
  afterAll(() => workspace.close());

  it('is found damaged, and whole after the repair', async () => {
    const layout = storeLayout(nodeFs, fixture.storeDir);
    expect(verifyStore(nodeFs, layout).findings.damageCount).toBeGreaterThanOrEqual(3);
    const lines: string[] = [];
    await repairStore(nodeFs, layout, { write: true, say: (line) => lines.push(line), clock: systemClock });
    expect(lines.filter((line) => line.startsWith('left:'))).toEqual([]);
    expect(verifyStore(nodeFs, layout).findings.damages).toEqual([]);
  });

  it.each(['java', 'wenchang'] as const)('is served by %s, all but what was lost', async (kind) => {
    const { listenPort: port } = await takePorts();
    const { storeDir, settings } = fixture;
    let broker: Server | undefined;
    try {
      broker = await startBroker({ kind, workspace, port, name: `tools-${kind}`, storeDir, settings });
      const client = await RawClient.connect(broker.address);
      for (const findings of [await checkByPhysicalOffset(client, kept), await checkByKeys(client, kept)]) {
        expect(findings).toEqual({ checked: findings.checked, wrong: 0, lines: [] });
        expect(findings.checked).toBeGreaterThan(kept.length * 0.9);
      }
      for (const queueId of [0, 1, 2, 3]) {
        const got = await pullQueue(client, 'FxPlain', queueId, 0);
        const wanted = kept.filter((record) => record.topic === 'FxPlain' && record.queueId === queueId);
        // The entry of a lost message repeats its neighbour, which Java gives twice.
        const offsets = [...new Set(got.map(({ physicalOffset }) => physicalOffset))];
        expect(offsets).toEqual(wanted.map(({ physicalOffset }) => physicalOffset));
      }
      const queues = fixture.queues.filter(({ topic }) => topic !== 'FxDelay');
      expect((await checkOffsets(client, queues)).lines).toEqual([]);
    } finally {
      await broker?.stop();
    }
  });

  it('has no damage after both', () => {
    const { findings } = verifyStore(nodeFs, storeLayout(nodeFs, fixture.storeDir));
    expect(findings.damages).toEqual([]);
  });
});
