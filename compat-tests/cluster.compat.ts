import { describe, expect, it } from 'vitest';
import { plantedRoot } from '../testing/planted-mqbroker.ts';
import { processCluster } from './cluster/cluster.ts';
import { type ContainerCluster, containerCluster } from './cluster/containers.ts';
import { clusterSuite, unknown } from './cluster/suite.ts';
import { lost } from './cluster/traffic.ts';
import { openWorkspace, subjectKind } from './peer/peer.ts';

const kind = subjectKind();

describe(`three hosts of ${kind}, as six processes`, () => {
  clusterSuite('cluster-processes', processCluster);
});

describe.skipIf(kind === 'java')('three hosts as three containers', () => {
  let cluster: ContainerCluster | undefined;
  let reason: string | undefined;

  clusterSuite('cluster-containers', async (workspace) => {
    const opened = await containerCluster(workspace);
    if ('reason' in opened) reason = opened.reason;
    else cluster = opened;
    return opened;
  });

  it('the servers are not root, and can write to their volume only', async (context) => {
    if (reason !== undefined) context.skip(reason);
    const attempts = `for (const dir of ['/opt/wenchang', '/conf', '/data']) {
      try {
        fs.writeFileSync(dir + '/x', '');
        console.log(dir, 'written');
      } catch (error) {
        console.log(dir, error.code);
      }
    }`;
    const output = await cluster?.evaluate(`console.log(process.getuid()); ${attempts}`);
    expect(output?.split('\n')).toEqual(['1000', '/opt/wenchang EROFS', '/conf EROFS', '/data written']);
  });
});

describe.skipIf(kind === 'java')('the checks of the cluster', () => {
  it('a broker that registers at one name server only is found (planted: first-name-server-only)', async () => {
    const workspace = openWorkspace('cluster-planted');
    const env = { WENCHANG_PLANT: 'first-name-server-only' };
    const cluster = await processCluster(workspace, { broker: 'broker-c', program: plantedRoot, env });
    try {
      expect(await unknown(cluster.hosts)).toEqual([
        'the name server beside broker-b does not know broker-c',
        'the name server beside broker-c does not know broker-c',
      ]);
    } finally {
      await cluster.close();
      workspace.close();
    }
  });

  it('a message that no member was given is named', () => {
    const sent = ['k-1', 'k-2'].map((key) => ({ key, broker: 'broker-b' }));
    expect(lost({ sent, got: [{ key: 'k-1', broker: 'broker-b', member: 'm' }] })).toEqual(['k-2 of broker-b']);
  });
});
