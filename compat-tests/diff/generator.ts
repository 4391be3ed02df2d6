import { type CommandName, type CommandRow, commands, isServed } from '../../src/codec/commands.ts';
import { SeededRandom } from '../../testing/seeded-random.ts';
import { goodBodies, membersBody, oddBody, oldMemberBody, secondMemberBody } from './bodies.ts';
import type { DiffRequest, FieldValue, Port } from './request.ts';
import { goodValue, nameFields, oddAddress, oddPlainName, oddValue, type Scope, scopeOf } from './values.ts';

const names = Object.keys(commands) as CommandName[];
const rowOf = (name: CommandName): CommandRow => commands[name];

/** What a broker or a name server answers. */
const isComparable = (name: CommandName): boolean => isServed(name, 'broker') || isServed(name, 'namesrv');

/** Changes or tells what all streams have in common: asked while nothing else runs. */
const shared: ReadonlySet<CommandName> = new Set<CommandName>([
  ...names.filter((name) => Object.keys(rowOf(name).request).length === 0 && rowOf(name).requestBody === 'none'),
  ...(['UPDATE_BROKER_CONFIG', 'UPDATE_NAMESRV_CONFIG', 'DELETE_TOPIC_IN_BROKER'] as const),
  'GET_BROKER_CONSUME_STATS',
]);
const isStreamed = (name: CommandName): boolean => isComparable(name) && !shared.has(name);

const often: readonly CommandName[] = [
  ...(['SEND_MESSAGE_V2', 'SEND_MESSAGE_V2', 'SEND_MESSAGE', 'SEND_BATCH_MESSAGE'] as const),
  ...(['PULL_MESSAGE', 'PULL_MESSAGE', 'HEART_BEAT', 'UPDATE_CONSUMER_OFFSET'] as const),
];
const sends: ReadonlySet<string> = new Set(['SEND_MESSAGE', 'SEND_MESSAGE_V2', 'SEND_BATCH_MESSAGE']);
const readsQueue =
  /^(PULL_MESSAGE|QUERY_MESSAGE|SEARCH_OFFSET|GET_M..._OFFSET|GET_EARLIEST|GET_CONSUME_STATS|QUERY_CO)/;

const changes = /^(SEND_|UPDATE_|PUT_|DELETE_|REGISTER_|UNREGISTER_|WIPE_|QUERY_DATA|CONSUMER_SEND|CLONE)/;

/** Makes groups and events, or asks clients, before Java finds out what is wrong. */
const leavesTraces = /^(PULL_MESSAGE|INVOKE_)/;

/** Odd values of sends that neither side refuses: the order of delayed and of half messages is the same after them. */
const taken: ReadonlySet<string> = new Set(['producerGroup', 'defaultTopic']);
const oddShare = 0.35;
/** V3_0_7_SNAPSHOT: older members of a group are not told to reset their offsets. */
const oldestRelayed = 28;
const versions = [333, 333, 333, 333, 317, 120, 121, 0, 40, 611, 9999];
const languages = ['JAVA', 'JAVA', 'JAVA', 'GO', 'CPP', 'OTHER'];

/** The requests of one stream: the same for the same seed, whatever the answers are. */
export class StreamGenerator {
  readonly scope: Scope;
  readonly #random: SeededRandom;
  readonly #streamed: readonly CommandName[];
  readonly #hasNamesrv: boolean;

  constructor(seed: number, stream: number, role: Scope['role'], hasNamesrv: boolean) {
    this.scope = scopeOf(stream, role);
    this.#hasNamesrv = hasNamesrv;
    this.#random = new SeededRandom(seed * 1_009 + stream * 7_919);
    const mayAsk = (name: CommandName): boolean =>
      isStreamed(name) &&
      (hasNamesrv || isServed(name, 'broker')) &&
      // A message that comes back waits in the topic of delays, which all streams share.
      (role === 'delay' || name !== 'CONSUMER_SEND_MSG_BACK') &&
      (role === 'transaction' || (name !== 'END_TRANSACTION' && name !== 'RESUME_CHECK_HALF_MESSAGE'));
    this.#streamed = names.filter(mayAsk);
  }

  /** What a stream begins with: its topics, a member of a group, one message in each queue it likes most. */
  prelude(): DiffRequest[] {
    const { topics, oneQueue } = this.scope;
    const topic = (name: string, more: Record<string, string> = {}): DiffRequest =>
      this.#plain('UPDATE_AND_CREATE_TOPIC', {
        topic: name,
        defaultTopic: 'TBW102',
        readQueueNums: '4',
        writeQueueNums: '4',
        perm: '6',
        topicFilterType: 'SINGLE_TAG',
        topicSysFlag: '0',
        order: 'false',
        ...more,
      });
    return [
      topic(oneQueue, { readQueueNums: '1', writeQueueNums: '1' }),
      topic(topics[0] ?? ''),
      topic(topics[3] ?? '', { topicFilterType: 'MULTI_TAG' }),
      { ...this.request('HEART_BEAT', 0), connection: 0, body: membersBody(this.scope) },
      this.request('SEND_MESSAGE_V2', 0),
      this.request('SEND_MESSAGE_V2', 0),
      ...this.#rare(),
    ];
  }

  /** What chance alone would leave out of some runs: a place where no record begins, no address. */
  #rare(): DiffRequest[] {
    const guess = this.#plain('VIEW_MESSAGE_BY_ID', { offset: '20' });
    if (!this.#hasNamesrv) return [guess];
    const registration = this.request('REGISTER_BROKER', 0);
    const names = { brokerName: oddPlainName(this.scope), clusterName: oddPlainName(this.scope) };
    const fields = { ...registration.fields, ...names, brokerAddr: '', bodyCrc32: '0' };
    return [guess, { ...registration, fields, body: onceUsedBody(registration.body), oneway: false, connection: 2 }];
  }

  /**
   * What a server takes off by its own clock when it has not heard of it for two minutes, once more: the members of the
   * groups, and the fake brokers of the name server.
   */
  alive(): DiffRequest[] {
    const heartbeat = this.request('HEART_BEAT', 0);
    const members = [
      { ...heartbeat, connection: 0, body: membersBody(this.scope) },
      { ...heartbeat, connection: 1, body: secondMemberBody(this.scope) },
    ];
    if (!this.#hasNamesrv) return members;
    const brokers = [1, 2, 3].map((host) => {
      const request = this.request('REGISTER_BROKER', 0);
      const fields = { ...request.fields, brokerAddr: `10.0.${this.scope.stream}.${host}:10911` };
      return { ...request, fields, connection: host % 2 };
    });
    return [...members, ...brokers];
  }

  /** The next request. */
  next(): DiffRequest {
    const random = this.#random;
    const unserved = random.next() < 0.004;
    if (unserved) return this.#unserved();
    const name = random.next() < 0.45 ? random.pick(often) : random.pick(this.#streamed);
    const request = this.request(name, oddShare);
    if (name === 'PULL_MESSAGE' && random.next() < 0.08) return this.#held(request);
    const isOldMember = name === 'HEART_BEAT' && request.version < oldestRelayed;
    return isOldMember ? { ...request, connection: 0, body: oldMemberBody(this.scope) } : request;
  }

  /** A request of a name, with something odd about it as often as `odd` says. */
  request(name: CommandName, odd: number): DiffRequest {
    const random = this.#random;
    const row = rowOf(name);
    const port = this.#portFor(name);
    const either = random.below(2);
    const isOdd = random.next() < odd;
    // Java closes the connection of a filter server that was silent for 30 s, and both name servers that of a broker
    // after 120 s, whatever else goes over it; brokers with names that are used once all end so.
    const endsConnection = name === 'REGISTER_FILTER_SERVER' || (name === 'REGISTER_BROKER' && isOdd);
    const connection = endsConnection ? 2 : either;
    const fields = this.#fields(name, isOdd);
    const make = goodBodies[name];
    const made = make?.(random, this.scope, connection) ?? Buffer.alloc(0);
    const good = isOdd && name === 'REGISTER_BROKER' ? onceUsedBody(made) : made;
    const body = isOdd && make !== undefined && random.next() < 0.3 ? oddBody(random, good) : good;
    const wireNames = Object.fromEntries(
      Object.entries(fields ?? {}).map(([field, value]) => [row.request[field]?.wire ?? field, value]),
    );
    const isEmpty = fields === undefined || (Object.keys(fields).length === 0 && random.next() < 0.5);
    const sent = sends.has(name) ? { send: this.scope.sends++ } : {};
    const queue = readsQueue.test(name) ? this.#queueOf(fields) : {};
    return {
      port,
      connection,
      name,
      code: row.code,
      fields: isEmpty ? undefined : wireNames,
      body,
      oneway: isOdd && random.next() < 0.05 && port !== 'namesrv',
      binary: random.next() < 0.25,
      version: isOdd ? random.pick(versions) : 333,
      language: isOdd ? random.pick(languages) : 'JAVA',
      ...sent,
      ...queue,
    };
  }

  /** The same request about the topic of a stream, which has messages. */
  ofAnyStream(request: DiffRequest): DiffRequest {
    const stream = this.#random.below(this.scope.stream);
    return { ...request, fields: { ...request.fields, topic: `D${stream}_${this.#random.pick(['a', 'b', 'multi'])}` } };
  }

  #portFor(name: CommandName): Port {
    if (!isServed(name, 'broker')) return 'namesrv';
    // Java never hears the answers of clients on its second port: what it asks them ends after ten seconds.
    if (name === 'HEART_BEAT') return 'main';
    return rowOf(name).ports.includes('vip') && this.#random.next() < 0.1 ? 'vip' : 'main';
  }

  #queueOf(fields: Readonly<Record<string, FieldValue>> | undefined): Pick<DiffRequest, 'afterQueue'> {
    const [topic, queueId] = [fields?.['topic'], Number(fields?.['queueId'] ?? 0)];
    return typeof topic === 'string' && queueId >= 0 && queueId < 16 ? { afterQueue: [topic, queueId] } : {};
  }

  /** Values by the name the schema calls a field, odd ones among them. Undefined: no fields at all. */
  #fields(name: CommandName, isOdd: boolean): Readonly<Record<string, FieldValue>> | undefined {
    const random = this.#random;
    const schema = rowOf(name).request;
    const fields: Record<string, FieldValue> = {};
    for (const [field, { need }] of Object.entries(schema)) {
      if (need === 'optional' && random.next() < 0.15) continue;
      fields[field] = goodValue(random, name, field, this.scope);
    }
    const isSpecial = this.#special(name, fields);
    const keys = Object.keys(fields).filter((field) => !isSpecial || taken.has(field));
    if (isOdd && keys.length > 0) {
      if (random.next() < 0.03 && !isSpecial && name !== 'REGISTER_BROKER') return undefined;
      if (changes.test(name) || leavesTraces.test(name)) this.#nameOnce(name, fields);
      for (let count = 1 + random.below(2); count > 0; count--) {
        const field = random.pick(keys);
        if (random.next() < 0.3 && !isSpecial) delete fields[field];
        else fields[field] = this.#odd(name, field);
      }
      if (random.next() < 0.1) fields['unknownField'] = 'x';
    }
    return this.#bounded(name, fields, isOdd);
  }

  #odd(name: CommandName, field: string): string {
    const value = oddValue(this.#random, field, rowOf(name).request[field]?.kind ?? 'string', this.scope);
    // Names that all streams share, and the empty one, which only Java takes, are only asked about.
    if (field === 'brokerAddr') return `${value}${oddPlainName(this.scope)}`;
    const isShared = ['', 'TBW102', 'DefaultCluster', 'SELF_TEST_TOPIC'].includes(value);
    const keeps = changes.test(name) || name === 'PULL_MESSAGE';
    return isShared && keeps && nameFields.has(field) ? oddPlainName(this.scope) : value;
  }

  /** What one side may refuse must not change what later requests of the stream meet. */
  #nameOnce(name: CommandName, fields: Record<string, FieldValue>): void {
    const kept = ['topic', 'group', 'consumerGroup', 'destGroup', 'namespace', 'brokerName', 'clusterName'];
    for (const field of name === 'UNREGISTER_CLIENT' ? [...kept, 'producerGroup'] : kept) {
      const keeps = name === 'PULL_MESSAGE' && field === 'topic';
      if (fields[field] !== undefined && !keeps) fields[field] = oddPlainName(this.scope);
    }
    if (fields['brokerAddr'] !== undefined) fields['brokerAddr'] = oddAddress(this.scope);
  }

  /** What roles and codes want beside the plain value of each field; true for a delayed or a half message. */
  #special(name: CommandName, fields: Record<string, FieldValue>): boolean {
    const random = this.#random;
    const { role, stream } = this.scope;
    if (name === 'SEND_BATCH_MESSAGE') fields['batch'] = 'true';
    if (name === 'QUERY_MESSAGE' && random.next() < 0.3) fields['_UNIQUE_KEY_QUERY'] = random.pick(['true', 'false']);
    // A broker registers its own topics again, sooner or later.
    const isFake = name === 'DELETE_TOPIC_IN_NAMESRV' || (name === 'GET_ROUTEINTO_BY_TOPIC' && random.next() < 0.5);
    if (isFake) fields['topic'] = `${fields['topic']}_ns`;
    if (!sends.has(name) || name === 'SEND_BATCH_MESSAGE' || random.next() < 0.5) return false;
    const level = 1 + random.below(3);
    if (role === 'delay' && isServed('GET_ALL_DELAY_OFFSET', 'broker')) {
      // One level for each queue: what is due at other times would come in another order.
      Object.assign(fields, {
        topic: `D${stream}_delay`,
        queueId: String(level),
        properties: `DELAY\u0001${level}\u0002`,
      });
    }
    if (role === 'transaction' && isServed('END_TRANSACTION', 'broker')) {
      const uniqueKey = `UNIQ_KEY\u0001C000020276DA4E25154F7B51E0CD0000\u0002`;
      const properties = `TRAN_MSG\u0001true\u0002PGROUP\u0001${fields['producerGroup']}\u0002${uniqueKey}`;
      Object.assign(fields, { topic: this.scope.oneQueue, queueId: '0', sysFlag: '4', properties });
    }
    return role !== 'plain';
  }

  /** Keeps out what a broker answers by chance, and pulls that it would hold for seconds. */
  #bounded(name: CommandName, fields: Record<string, FieldValue>, isOdd: boolean): Record<string, FieldValue> {
    const queueId = fields['queueId'];
    const picksQueue = sends.has(name) || name.startsWith('SEND_REPLY_MESSAGE');
    if (picksQueue && typeof queueId === 'string' && Number(queueId) < 0) {
      fields['defaultTopicQueueNums'] = '1';
    }
    // Java keeps queues of nobody then, and from there on no longer finds those of the others.
    if (name === 'REGISTER_BROKER') fields['brokerName'] ??= oddPlainName(this.scope);
    // What comes back waits among delayed messages, or goes to a topic of its group at once.
    if (name === 'CONSUMER_SEND_MSG_BACK' && isOdd) fields['delayLevel'] = '-1';
    const { sysFlag } = fields;
    const bits = typeof sysFlag === 'string' ? Number(sysFlag) : 0;
    // Nor an offset that comes with a request which one side may refuse.
    if (name === 'PULL_MESSAGE' && ((bits & 2) !== 0 || (isOdd && (bits & 1) !== 0))) fields['sysFlag'] = '4';
    // Hosts of 4 bytes under the flags of 16: Java writes a record that nobody can read, and so the end of its log.
    if (sends.has(name) && (bits & 0x30) !== 0) fields['sysFlag'] = '0';
    return fields;
  }

  /** A pull behind the end of a queue, held until a message comes. */
  #held(pull: DiffRequest): DiffRequest {
    const topic = this.scope.topics[0] ?? '';
    const queueOffset = { take: 'endOfQueue', send: 3 } as const;
    const fields = { ...pull.fields, ...{ topic, queueId: '3', queueOffset, commitOffset: '0' } };
    const wait = { sysFlag: '6', suspendTimeoutMillis: '20000', maxMsgNums: '32', subVersion: '0' };
    const what = { subscription: '*', expressionType: 'TAG', consumerGroup: this.scope.groups[0] ?? '' };
    const send = this.#plain('SEND_MESSAGE_V2', {
      ...{
        a: this.scope.producers[0] ?? '',
        b: topic,
        c: 'TBW102',
        d: '4',
        e: '3',
        f: '0',
        g: '1795354620000',
        h: '0',
      },
      ...{ i: '', j: '0', k: 'false', m: 'false' },
    });
    const meanwhile = { ...send, connection: 1, body: Buffer.from('ends a wait'), send: this.scope.sends++ };
    const [connection, oneway] = [0, false];
    return { ...pull, connection, oneway, fields: { ...fields, ...wait, ...what }, afterQueue: [topic, 3], meanwhile };
  }

  /** Codes that nobody serves, or not there. */
  #unserved(): DiffRequest {
    const code = this.#random.pick([13, 22, 209, 302, 327, 9_999]);
    return {
      ...this.#plain('GET_MAX_OFFSET', { topic: this.scope.topics[0] ?? '', queueId: '0' }),
      code,
      name: 'nobody',
    };
  }

  #plain(name: CommandName, fields: Readonly<Record<string, string>>): DiffRequest {
    const { code } = rowOf(name);
    const form = { oneway: false, binary: false, version: 333, language: 'JAVA', body: Buffer.alloc(0) } as const;
    return { port: 'main', connection: 0, name, code, fields, ...form };
  }
}

/**
 * What is asked while all streams rest: everything that tells of all of them, and what takes topics or their queues
 * off. With the latter Java destroys half messages (row 31), so it is asked where there are none.
 */
export function sharedRequests(generator: StreamGenerator, hasNamesrv: boolean, mayDestroy: boolean): DiffRequest[] {
  const isAsked = (name: CommandName): boolean => {
    return (mayDestroy || !destroys.has(name)) && isComparable(name) && shared.has(name);
  };
  const asked = names.filter(isAsked);
  return asked
    .filter((name) => hasNamesrv || isServed(name, 'broker'))
    .map((name) => ({ ...generator.request(name, 0), oneway: false }))
    .map((request) => (request.name === 'DELETE_TOPIC_IN_BROKER' ? generator.ofAnyStream(request) : request));
}

/** A registration with topics under names that are left out of what is compared. */
function onceUsedBody(body: Buffer): Buffer {
  return Buffer.from(body.toString().replaceAll('_ns', '_odd0'));
}

const destroys: ReadonlySet<CommandName> = new Set<CommandName>(['CLEAN_UNUSED_TOPIC', 'DELETE_TOPIC_IN_BROKER']);
