import { MqClient } from '../src/client/mq-client.ts';
import { RemotingClient } from '../src/remoting/client.ts';
import { LoopTurn } from '../src/remoting/loop-turn.ts';
import { BrokerFixture } from './broker-fixture.ts';
import { NamesrvFixture } from './namesrv-fixture.ts';
import { settle } from './test-client.ts';

/** Where the name server listens. */
export const NAMESRV_ADDR = '127.0.0.1:9876';
const STEP_MS = 500;
const MOST_STEPS = 200;

/** A name server, a broker that is registered there, and our own client of both, in memory. */
export class ClusterFixture {
  readonly namesrv: NamesrvFixture;
  readonly broker: BrokerFixture;
  readonly client: MqClient;

  private constructor() {
    this.broker = new BrokerFixture({
      settings: ({ brokerConfig }) => {
        brokerConfig.namesrvAddr = NAMESRV_ADDR;
        brokerConfig.brokerIP1 = '127.0.0.1';
      },
    });
    const { net, clock, log } = this.broker;
    this.namesrv = new NamesrvFixture({ net, clock });
    const remoting = new RemotingClient({ net, clock, log, turn: new LoopTurn(clock) });
    this.client = new MqClient({ remoting, namesrvAddr: NAMESRV_ADDR });
  }

  static async start(): Promise<ClusterFixture> {
    const cluster = new ClusterFixture();
    await cluster.namesrv.start();
    await cluster.broker.start();
    await cluster.broker.settle();
    return cluster;
  }

  /** Lets everything happen that a promise waits for, and time pass when it needs time. */
  async done<T>(promise: Promise<T>): Promise<T> {
    const state = { isDone: false };
    const marked = promise.finally(() => {
      state.isDone = true;
    });
    marked.catch(() => {});
    for (let step = 0; !state.isDone && step < MOST_STEPS; step++) await settle(this.broker.clock, 1);
    for (let step = 0; !state.isDone && step < MOST_STEPS; step++) await this.broker.clock.advanceAsync(STEP_MS);
    return marked;
  }

  /** Address of the broker, as the route of a topic has it. */
  async brokerAddress(): Promise<string> {
    const route = await this.done(this.client.route('TBW102'));
    return route?.brokerDatas[0]?.brokerAddrs.get(0) ?? 'no master';
  }
}
