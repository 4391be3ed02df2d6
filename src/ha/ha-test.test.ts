import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { takePorts } from '../../testing/ports.ts';
import { logBytes, type Master, type Slave, startMaster, startSlave } from '../../testing/replication/pair.ts';
import { bodyOf, draftOf, put, splitRecords } from '../../testing/store-fixture.ts';
import { systemClock } from '../util/clock.ts';
import { nodeFs } from '../util/node-fs.ts';
import { nodeNet } from '../util/node-net.ts';

/** Two stores on disk, a socket between them, and real time. */
const WORLD = { fs: nodeFs, net: nodeNet, clock: systemClock };
const MESSAGES = 10;
const LONGEST_WAIT_MS = 50_000;

let dir: string | undefined;
let master: Master | undefined;
let slave: Slave | undefined;

afterEach(async () => {
  slave?.client.stop();
  await master?.service.stop();
  await slave?.store.shutdown();
  await master?.store.shutdown();
  if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
});

async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = Date.now() + LONGEST_WAIT_MS;
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error(`${what} did not come`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Java: HATest#testHandleHA, with files that roll in between. */
it('HATest: ten messages of a SYNC_MASTER are PUT_OK, and found on the slave at the queue offsets 0 to 9', async () => {
  dir = mkdtempSync(join(tmpdir(), 'wenchang-ha-'));
  const { haPort } = await takePorts();
  master = await startMaster({ ...WORLD, root: join(dir, 'master') }, haPort);
  slave = startSlave({ ...WORLD, root: join(dir, 'slave') }, haPort);
  const { store, gate } = master;
  const follower = slave.store;
  await until('the slave', () => gate.isSlaveOk(0));
  for (let index = 0; index < MESSAGES; index++) {
    const ticket = put(store, { topic: 'FooBar', body: `${index} ${'x'.repeat(600)}` });
    expect(ticket.statusWhenStored).toBe('PUT_OK');
    await until('the acknowledgement', () => store.marks.replicated >= ticket.endOffset);
  }
  await until('the queue', () => follower.getMaxOffsetInQueue('FooBar', 0) === MESSAGES);
  for (let offset = 0; offset < MESSAGES; offset++) {
    const result = await follower.getMessage({ topic: 'FooBar', queueId: 0, offset, maxMsgNums: 1 });
    expect(result?.status).toBe('FOUND');
    expect(splitRecords(result?.body).map((record) => bodyOf(record).split(' ')[0])).toEqual([String(offset)]);
  }
  expect(store.getMaxPhyOffset()).toBeGreaterThan(4096);
  expect(await logBytes(follower)).toEqual(await logBytes(store));
  const refused = follower.putMessage(draftOf({ topic: 'FooBar' }));
  expect(refused).toMatchObject({ accepted: false, status: 'SERVICE_NOT_AVAILABLE' });
});
