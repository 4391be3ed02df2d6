import type { Lane } from '../codec/commands.ts';
import type { Arrival } from './connection-input.ts';

/** Bounds of one lane. */
export interface LaneLimits {
  /** Requests that may wait for their reply; more are answered SYSTEM_BUSY. Java: capacity of the pool's queue. */
  readonly capacity: number;
  /** A request that waited longer than this in our own queue is answered SYSTEM_BUSY; 0: any wait is fine. */
  readonly mostWaitMs: number;
}

export type AdmissionLimits = Readonly<Record<Lane, LaneLimits>>;

/** The settings of 4.6.0 that bound its queues. Java: BrokerConfig. */
export interface QueueSettings {
  readonly sendThreadPoolQueueCapacity: number;
  readonly pullThreadPoolQueueCapacity: number;
  readonly replyThreadPoolQueueCapacity: number;
  readonly queryThreadPoolQueueCapacity: number;
  readonly clientManagerThreadPoolQueueCapacity: number;
  readonly consumerManagerThreadPoolQueueCapacity: number;
  readonly heartbeatThreadPoolQueueCapacity: number;
  readonly endTransactionPoolQueueCapacity: number;
  readonly brokerFastFailureEnable: boolean;
  readonly waitTimeMillsInSendQueue: number;
  readonly waitTimeMillsInPullQueue: number;
  readonly waitTimeMillsInHeartbeatQueue: number;
  readonly waitTimeMillsInTransactionQueue: number;
}

/** Java's admin pool has no bound; a name server's neither. */
const ADMIN_CAPACITY = 10_000;

/** Limits of a broker. Only the four lanes that Java's BrokerFastFailure sweeps have a longest wait. */
export function brokerLimits(settings: QueueSettings): AdmissionLimits {
  const wait = (mostWaitMs: number): number => (settings.brokerFastFailureEnable ? mostWaitMs : 0);
  return {
    send: { capacity: settings.sendThreadPoolQueueCapacity, mostWaitMs: wait(settings.waitTimeMillsInSendQueue) },
    pull: { capacity: settings.pullThreadPoolQueueCapacity, mostWaitMs: wait(settings.waitTimeMillsInPullQueue) },
    reply: { capacity: settings.replyThreadPoolQueueCapacity, mostWaitMs: 0 },
    query: { capacity: settings.queryThreadPoolQueueCapacity, mostWaitMs: 0 },
    client: { capacity: settings.clientManagerThreadPoolQueueCapacity, mostWaitMs: 0 },
    heartbeat: {
      capacity: settings.heartbeatThreadPoolQueueCapacity,
      mostWaitMs: wait(settings.waitTimeMillsInHeartbeatQueue),
    },
    consumer: { capacity: settings.consumerManagerThreadPoolQueueCapacity, mostWaitMs: 0 },
    transaction: {
      capacity: settings.endTransactionPoolQueueCapacity,
      mostWaitMs: wait(settings.waitTimeMillsInTransactionQueue),
    },
    admin: { capacity: ADMIN_CAPACITY, mostWaitMs: 0 },
  };
}

/** Limits of a server that has one lane for everything: name server and client. */
export function plainLimits(capacity = ADMIN_CAPACITY): AdmissionLimits {
  const lane: LaneLimits = { capacity, mostWaitMs: 0 };
  return {
    send: lane,
    pull: lane,
    reply: lane,
    query: lane,
    client: lane,
    heartbeat: lane,
    consumer: lane,
    transaction: lane,
    admin: lane,
  };
}

/** Requests of one lane that wait for their reply: parked for the store, or in a handler that awaits something. */
export class LaneState {
  readonly name: Lane;
  readonly capacity: number;
  readonly mostWaitMs: number;
  inFlight = 0;

  constructor(name: Lane, limits: LaneLimits) {
    this.name = name;
    this.capacity = limits.capacity;
    this.mostWaitMs = limits.mostWaitMs;
  }
}

/**
 * Why sends are not taken, in operators' words, or undefined. Asked for every send, so it gets the monotonic time at
 * which the frames in hand were taken up. Java: NettyRequestProcessor#rejectRequest.
 */
export type RejectSend = (nowMs: number) => string | undefined;

/** What a refusal says, and whether a oneway request is answered too. */
export interface Refusal {
  readonly remark: string;
  readonly evenOneway: boolean;
}

/**
 * Bounded work per class of requests. One for all ports of a server. The remarks begin as Java's; what makes a wait
 * real is said behind them.
 */
export class Admission {
  readonly #lanes: Readonly<Record<Lane, LaneState>>;
  readonly #rejectSend: RejectSend | undefined;

  constructor(limits: AdmissionLimits, rejectSend?: RejectSend) {
    const lanes = {} as Record<Lane, LaneState>;
    for (const name of Object.keys(limits) as Lane[]) lanes[name] = new LaneState(name, limits[name]);
    this.#lanes = lanes;
    this.#rejectSend = rejectSend;
  }

  lane(name: Lane): LaneState {
    return this.#lanes[name];
  }

  /** The refusal of a request that arrived then, or undefined. */
  refusal(lane: LaneState, { waitedMs, takenUpMs }: Arrival): Refusal | undefined {
    if (lane.inFlight >= lane.capacity) {
      return { remark: '[OVERLOAD]system busy, start flow control for a while', evenOneway: false };
    }
    if (lane.mostWaitMs > 0 && waitedMs >= lane.mostWaitMs) return waitedTooLong(lane, waitedMs);
    if (this.#rejectSend === undefined || lane.name !== 'send') return undefined;
    const cause = this.#rejectSend(takenUpMs);
    if (cause === undefined) return undefined;
    return { remark: `[REJECTREQUEST]system busy, start flow control for a while, ${cause}`, evenOneway: true };
  }
}

/** Java: BrokerFastFailure#cleanExpiredRequestInQueue. */
function waitedTooLong(lane: LaneState, waitedMs: number): Refusal {
  const period = `period in queue: ${Math.floor(waitedMs)}ms, size of queue: ${lane.inFlight}`;
  const cause = 'the connection sent more than its share or did not read its answers';
  return {
    remark: `[TIMEOUT_CLEAN_QUEUE]broker busy, start flow control for a while, ${period}, ${cause}`,
    evenOneway: true,
  };
}
