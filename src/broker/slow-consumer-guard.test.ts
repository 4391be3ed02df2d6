import { expect, it } from 'vitest';
import { collectingLogger } from '../../testing/collecting-logger.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { MemFs } from '../../testing/mem-fs.ts';
import { defaultBrokerConfigs } from '../config/configs.ts';
import { systemEnvironment } from '../config/environment.ts';
import { StateFile } from '../util/state-file.ts';
import { protectBroker } from './slow-consumer-guard.ts';
import { SubscriptionGroupManager } from './subscription-group-manager.ts';

const LOG_END = 10_000;
const THRESHOLD = 4_000;

function protect(changes: object, online: readonly string[], offsets: Readonly<Record<string, number>>) {
  const { brokerConfig: config } = defaultBrokerConfigs(systemEnvironment({}));
  Object.assign(config, { consumerFallbehindThreshold: THRESHOLD }, changes);
  const log = collectingLogger();
  const file = new StateFile({ fs: new MemFs(), log, path: '/config/subscriptionGroup.json' });
  const groups = new SubscriptionGroupManager({ config, clock: new FakeClock(0), file });
  protectBroker({
    config,
    log,
    groups,
    // Message n lies at 1,000 · n.
    store: {
      getMaxPhyOffset: () => LOG_END,
      getMaxOffsetInQueue: () => LOG_END / 1_000,
      getCommitLogOffsetInQueue: (_topic, _queueId, offset) => offset * 1_000,
    },
    consumers: { group: (name) => (online.includes(name) ? ({} as never) : undefined) },
    offsets: {
      table: new Map(Object.entries(offsets).map(([group, offset]) => [`T@${group}`, new Map([[0, offset]])])),
    },
  });
  const stopped = Object.keys(offsets).filter((group) => groups.find(group)?.consumeEnable === false);
  return { stopped, lines: log.lines };
}

const ON = { disableConsumeIfConsumerReadSlowly: true };

it('stops connected groups that are further behind than the threshold, and says which and by how much', () => {
  const { stopped, lines } = protect(ON, ['far', 'near', 'done'], { far: 5, near: 6, done: 10, offline: 0 });
  expect(stopped).toEqual(['far']);
  expect(lines.map(({ fields }) => fields)).toMatchObject([{ group: 'far', behindBytes: 5_000, threshold: THRESHOLD }]);
});

it('stops nobody unless it is asked to', () => {
  expect(protect({}, ['far'], { far: 0 })).toEqual({ stopped: [], lines: [] });
});
