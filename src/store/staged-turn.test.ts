import { expect, it } from 'vitest';
import { MessageSysFlag } from '../codec/sys-flags.ts';
import type { ConsumeQueue } from './consume-queue.ts';
import { LogChunk } from './hot-window.ts';
import { QueueState } from './queue-table.ts';
import { PutTicket } from './results.ts';
import { StagedTurn } from './staged-turn.ts';

function stage(turn: StagedTurn, queue: QueueState, sysFlag: number): void {
  const row = turn.add(queue, new LogChunk(Buffer.alloc(0), 0));
  const queued = (sysFlag & 0xc) === 0 || (sysFlag & 0xc) === 8;
  turn.sysFlags[row] = sysFlag;
  turn.queueOffsets[row] = queued ? queue.nextOffset++ : 0;
  turn.tagsLow[row] = row;
}

function queueOf(queueId: number, maxOffset: number): QueueState {
  return new QueueState({ topic: 'T', queueId, maxOffset } as ConsumeQueue);
}

it('takes the counters back and fails the receipts', () => {
  const turn = new StagedTurn();
  const queues = [queueOf(0, 5), queueOf(1, 0)] as const;
  for (let count = 0; count < 300; count++) stage(turn, queues[count % 2 === 0 ? 0 : 1], 0);
  stage(turn, queues[0], MessageSysFlag.TRANSACTION_PREPARED_TYPE);
  const ticket = new PutTicket(0, 1, 5, 0, 1, 0, 0, 'PUT_OK', undefined);
  turn.tickets.push(ticket);
  expect(queues.map((queue) => queue.nextOffset)).toEqual([155, 150]);
  turn.fail();
  expect(queues.map((queue) => queue.nextOffset)).toEqual([5, 0]);
  expect(ticket.failed).toBe(true);
});

it('announces what has a place in a queue, also beyond its first capacity', () => {
  const turn = new StagedTurn();
  const queue = queueOf(3, 0);
  stage(turn, queue, MessageSysFlag.TRANSACTION_ROLLBACK_TYPE);
  for (let count = 0; count < 600; count++) stage(turn, queue, MessageSysFlag.TRANSACTION_COMMIT_TYPE);
  const seen: number[][] = [];
  turn.announce({ arriving: (_topic, queueId, next, _high, low) => seen.push([queueId, next, low]) });
  expect(seen).toHaveLength(600);
  expect([seen[0], seen[599]]).toEqual([
    [3, 1, 1],
    [3, 600, 600],
  ]);
  turn.clear();
  turn.announce({ arriving: () => expect.fail('nothing is staged') });
});
