import { MqClient } from '../../src/client/mq-client.ts';
import { RemotingClient } from '../../src/remoting/client.ts';
import { LoopTurn } from '../../src/remoting/loop-turn.ts';
import { systemClock } from '../../src/util/clock.ts';
import { silentLogger } from '../../src/util/logger.ts';
import { nodeNet } from '../../src/util/node-net.ts';

/** A queue of a topic, and where it is. */
export interface Queue {
  /** `broker-a:0`. */
  readonly name: string;
  readonly broker: string;
  readonly address: string;
  readonly queueId: number;
}

const answerLimitMs = 15_000;

/** Our client over several name servers: it stays with one as long as that answers, as the official clients do. */
export class OwnClient {
  readonly #remoting: RemotingClient;
  readonly #clients: readonly MqClient[];
  #current = 0;

  constructor(namesrvs: readonly string[]) {
    const turn = new LoopTurn(systemClock);
    this.#remoting = new RemotingClient({ net: nodeNet, clock: systemClock, log: silentLogger, turn });
    this.#clients = namesrvs.map((namesrvAddr) => {
      return new MqClient({ remoting: this.#remoting, namesrvAddr, timeoutMs: answerLimitMs });
    });
  }

  /** For everything that needs no name server. */
  get client(): MqClient {
    const found = this.#clients[this.#current];
    if (found === undefined) throw new Error('no name servers');
    return found;
  }

  /** What this name server says: addresses of all brokers by name. */
  async brokersKnownBy(namesrv: number): Promise<Map<string, string | undefined>> {
    const { brokerAddrTable } = await (this.#clients[namesrv] ?? this.client).clusters();
    return new Map([...brokerAddrTable].map(([name, { brokerAddrs }]) => [name, brokerAddrs.get(0)]));
  }

  /** The queues of a topic, in the order in which every member of a group has to see them. */
  async queues(topic: string): Promise<Queue[]> {
    const { brokerDatas = [], queueDatas = [] } = (await this.#route(topic)) ?? {};
    const addresses = new Map(brokerDatas.map(({ brokerName, brokerAddrs }) => [brokerName, brokerAddrs.get(0)]));
    const queues = queueDatas.flatMap(({ brokerName: broker = '', readQueueNums }) => {
      const address = addresses.get(broker);
      const ids = address === undefined ? [] : Array.from({ length: readQueueNums }, (_, queueId) => queueId);
      return ids.map((queueId) => ({ name: `${broker}:${queueId}`, broker, address: address ?? '', queueId }));
    });
    return queues.sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  async createTopic(address: string, topicName: string, queues: number): Promise<void> {
    const nums = { readQueueNums: queues, writeQueueNums: queues, perm: 6 };
    const rest = { topicFilterType: 'SINGLE_TAG', topicSysFlag: 0, order: false } as const;
    await this.client.createTopic(address, { topicName, ...nums, ...rest });
  }

  close(): Promise<void> {
    return this.#remoting.close();
  }

  async #route(topic: string): ReturnType<MqClient['route']> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.client.route(topic);
      } catch (error) {
        if (attempt === this.#clients.length) throw error;
        this.#current = (this.#current + 1) % this.#clients.length;
      }
    }
  }
}
