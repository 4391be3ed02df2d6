import type { TurnShare } from './connection-input.ts';

/** Bounds of one connection. */
export interface ConnectionLimits extends TurnShare {
  /** Nothing is read while more output than this is unsent. */
  readonly pauseUnsentBytes: number;
  /** A connection with more unsent output than this is closed. */
  readonly mostUnsentBytes: number;
  /** Nothing is read while this many requests of the peer wait for their reply. */
  readonly mostInFlight: number;
  /** Requests of ours that may wait for an answer. */
  readonly mostPendingRequests: number;
}

export const connectionLimits: ConnectionLimits = {
  framesPerTurn: 1024,
  bytesPerTurn: 4_194_304,
  pauseUnsentBytes: 8_388_608,
  mostUnsentBytes: 268_435_456,
  mostInFlight: 4096,
  mostPendingRequests: 1024,
};
