import type { Language } from './scanned-command.ts';

/** Ordinal of MQVersion.V4_6_0, sent in every command of ours. */
export const VERSION_4_6_0 = 333;
export const FLAG_RESPONSE = 1;
export const FLAG_ONEWAY = 2;

/** Serialize types by their byte on the wire. */
export const JSON_TYPE = 0;
export const ROCKETMQ_TYPE = 1;

/** A command as a plain value: what clients, relays, tests and cold paths use. */
export interface RemotingCommand {
  readonly code: number;
  /** undefined: unknown when read, JAVA when written. */
  readonly language?: Language | undefined;
  readonly version: number;
  readonly opaque: number;
  readonly flag: number;
  readonly remark?: string | undefined;
  /** undefined: the command carries no extFields object at all. */
  readonly extFields?: ReadonlyMap<string, string> | undefined;
  readonly body?: Buffer | undefined;
}
