/** Where a request goes: a broker's two ports are two servers here. */
export type Port = 'main' | 'vip' | 'namesrv';

/** A field that each side fills from its own earlier answer: places in the log are not the same on both. */
export interface FromAnswer {
  readonly take: 'physicalOffset' | 'msgId' | 'queueOffset' | 'endOfQueue';
  /** Which send of the stream, counted from 0; for the end of a queue, its id. */
  readonly send: number;
}

export type FieldValue = string | FromAnswer;

/** One request of a stream, as it is sent to both sides. */
export interface DiffRequest {
  readonly port: Port;
  /** Which of the stream's connections to this port. */
  readonly connection: number;
  readonly name: string;
  readonly code: number;
  /** Undefined: a header without extFields. */
  readonly fields: Readonly<Record<string, FieldValue>> | undefined;
  readonly body: Buffer;
  readonly oneway: boolean;
  /** The header in ROCKETMQ's binary form. */
  readonly binary: boolean;
  readonly version: number;
  readonly language: string;
  /** Number of this send within its stream, when it is one. */
  readonly send?: number;
  /** A queue that both sides must have dispatched before this request is asked. */
  readonly afterQueue?: readonly [topic: string, queueId: number];
  /** Sent while this one is held, and what ends the wait. */
  readonly meanwhile?: DiffRequest;
}

/** What one side did with a request. */
export type Outcome =
  | {
      readonly kind: 'answer';
      readonly code: number;
      readonly remark: string | undefined;
      readonly fields: Readonly<Record<string, string>> | undefined;
      readonly body: Buffer;
      /** Language, version and flag. */
      readonly envelope: string;
    }
  | { readonly kind: 'silence' | 'closed' };

export type Answer = Extract<Outcome, { kind: 'answer' }>;

/** A request that a broker sent to a client. */
export interface Pushed {
  readonly code: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly oneway: boolean;
}
