import type { Kind } from '../../compat-tests/peer/peer.ts';
import type { Side } from '../sides.ts';

/** How long things are measured. Everything can be made short for a look at the tool itself. */
export interface Times {
  readonly warmupMs: number;
  readonly measuredMs: number;
  /** How long a broker has half of the load it can take. */
  readonly halfMs: number;
  /** Messages of the backlog that is read by pull. */
  readonly backlog: number;
}

/** Figures of one run, all of them numbers by name; which ones exist is up to the part. */
export type Figures = Readonly<Record<string, number>>;

/** What ours must reach, measured against Java in the same run. */
export interface Floor {
  readonly figure: string;
  /** Ours divided by Java's. */
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** One thing that is measured on both sides in turn. */
export interface Part {
  readonly name: string;
  readonly floors: readonly Floor[];
  measure(side: Side, times: Times): Promise<Figures>;
}

/** Parts that share a pair of brokers, which begin with empty stores. */
export interface Scenario {
  readonly name: string;
  readonly about: string;
  settings(kind: Kind): Readonly<Record<string, string>>;
  /** Each pair begins with empty stores, because all pairs together would fill the disk. */
  readonly freshStores?: boolean;
  /** It writes so much that memory which the machine has never used would be the measure. */
  readonly usedMemory?: boolean;
  prepare?(side: Side, times: Times): Promise<void>;
  readonly parts: readonly Part[];
}
