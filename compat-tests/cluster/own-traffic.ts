import { setTimeout as pause } from 'node:timers/promises';
import { consumerIdListBody } from '../../src/codec/bodies/heartbeat.ts';
import { OwnClient, type Queue } from './own-client.ts';
import type { Got, Sent, Traffic } from './traffic.ts';

const members = ['own-1', 'own-2'];
const sendPauseMs = 40;
const roundPauseMs = 100;
const attempts = 3;

/** Traffic of our own client, for where there is no Java: a producer and two members that share the queues. */
export class OwnTraffic implements Traffic {
  readonly name = 'OwnTraffic';
  readonly sent: Sent[] = [];
  readonly failed: string[] = [];
  readonly got: Got[] = [];
  readonly holds = new Map<string, readonly string[]>();
  readonly #group = 'OwnTraffic_group';
  readonly #clients: OwnClient[] = [];
  readonly #sending: Promise<void>;
  readonly #reading: readonly Promise<void>[];
  #sends = true;
  #reads = true;

  constructor(namesrvs: readonly string[]) {
    this.#sending = this.#send(this.#open(namesrvs));
    this.#reading = members.map((member) => this.#read(member, this.#open(namesrvs)));
  }

  async stopSending(): Promise<void> {
    this.#sends = false;
    await this.#sending;
  }

  async stop(): Promise<void> {
    await this.stopSending();
    this.#reads = false;
    await Promise.all(this.#reading);
    await Promise.all(this.#clients.splice(0).map((client) => client.close()));
  }

  #open(namesrvs: readonly string[]): OwnClient {
    const client = new OwnClient(namesrvs);
    this.#clients.push(client);
    return client;
  }

  async #send(own: OwnClient): Promise<void> {
    for (let number = 0; this.#sends; number++) {
      const key = `own-${number}`;
      let refused: string | undefined;
      let reason: unknown;
      for (let attempt = 1; attempt <= attempts; attempt++) {
        try {
          const queues = (await own.queues(this.name)).filter(({ broker }) => broker !== refused);
          const queue = queues[number % queues.length];
          if (queue === undefined) throw new Error('no queue');
          refused = queue.broker;
          await this.#sendTo(own, queue, key);
          this.sent.push({ key, broker: queue.broker });
          reason = undefined;
          break;
        } catch (error) {
          reason = error;
        }
      }
      if (reason !== undefined) this.failed.push(`${key} ${reason}`);
      await pause(sendPauseMs);
    }
  }

  async #sendTo(own: OwnClient, { address, queueId }: Queue, key: string): Promise<void> {
    const message = { topic: this.name, queueId, body: Buffer.from(key), bornTimestamp: Date.now() };
    const { status } = await own.client.send(address, message);
    if (status !== 'SUCCESS') throw new Error(status);
  }

  /** Round by round: say that we are there, share the queues, read one batch of each. */
  async #read(member: string, own: OwnClient): Promise<void> {
    const isTold = new Set<string>();
    while (this.#reads) {
      try {
        const queues = await own.queues(this.name);
        const addresses = [...new Set(queues.map(({ address }) => address))];
        await Promise.allSettled(addresses.map((address) => own.client.heartbeat(address, this.#heartbeat(member))));
        const mine = await this.#share(own, member, queues);
        this.holds.set(
          member,
          mine.map(({ name }) => name),
        );
        await Promise.allSettled(mine.map((queue) => this.#readQueue(own, member, queue)));
      } catch (error) {
        // A host that goes while we ask it: the next round asks another one.
        if (!isTold.has(String(error))) console.log(`${member}: ${error}`);
        isTold.add(String(error));
      }
      await pause(roundPauseMs);
    }
  }

  #heartbeat(clientID: string) {
    const subscription = { topic: this.name, subString: '*', expressionType: 'TAG', subVersion: 1 };
    const consumer = {
      groupName: this.#group,
      consumeType: 'CONSUME_PASSIVELY',
      messageModel: 'CLUSTERING',
      consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
      subscriptionDataSet: [{ ...subscription, classFilterMode: false, codeSet: [], tagsSet: [] }],
      unitMode: false,
    } as const;
    return { clientID, consumerDataSet: [consumer], producerDataSet: [] };
  }

  /** Equal parts in the order of the member names. Java: AllocateMessageQueueAveragely. */
  async #share(own: OwnClient, member: string, queues: readonly Queue[]): Promise<readonly Queue[]> {
    const [first] = queues;
    if (first === undefined) return [];
    const header = { consumerGroup: this.#group };
    const asked = own.client.askBody(first.address, 'GET_CONSUMER_LIST_BY_GROUP', header, consumerIdListBody);
    const ids = [...(await asked).consumerIdList].sort();
    const size = Math.ceil(queues.length / ids.length);
    const place = ids.indexOf(member);
    return place < 0 ? [] : queues.slice(place * size, (place + 1) * size);
  }

  async #readQueue(own: OwnClient, member: string, { address, broker, queueId }: Queue): Promise<void> {
    const queue = { consumerGroup: this.#group, topic: this.name, queueId };
    const asked = await own.client.ask(address, 'QUERY_CONSUMER_OFFSET', queue);
    const queueOffset = asked.codeName === 'SUCCESS' ? Number(asked.extFields.get('offset')) : 0;
    const { messages, nextBeginOffset } = await own.client.pull(address, { ...queue, queueOffset, maxMsgNums: 32 });
    for (const { body } of messages) this.got.push({ member, key: body.toString(), broker });
    if (messages.length === 0) return;
    await own.client.ask(address, 'UPDATE_CONSUMER_OFFSET', { ...queue, commitOffset: nextBeginOffset });
  }
}
