import { type HeaderSchema, noHeader } from './header.ts';
import { pullMessageRequest, pullMessageResponse } from './headers/pull.ts';
import { sendMessageRequest, sendMessageRequestV2, sendMessageResponse } from './headers/send.ts';
import type { ResponseName } from './response-codes.ts';

/** Who serves a request code. `later` rows name what 4.6.0 serves and ours does not yet: they answer code 3. */
export type Server = 'broker' | 'namesrv' | 'client';
/** Classes of work with bounds of their own; Java has a thread pool for each. */
export type Lane = 'send' | 'pull' | 'reply' | 'query' | 'client' | 'heartbeat' | 'consumer' | 'transaction' | 'admin';

export interface CommandRow {
  readonly code: number;
  /** Who answers it in 4.6.0; empty: nobody. */
  readonly servedBy: readonly Server[];
  /** Servers of which ours does not answer it yet. */
  readonly later?: readonly Server[];
  /** Where a broker answers. */
  readonly ports: readonly ('main' | 'vip')[];
  readonly request: HeaderSchema;
  readonly response: HeaderSchema;
  /** True when Java's answer carries extFields even when no field is set (`{}`). */
  readonly responseHeader: boolean;
  readonly requestBody: string;
  readonly responseBody: string;
  /** Response codes of the handler itself; the dispatcher may add SYSTEM_ERROR, SYSTEM_BUSY to any. */
  readonly replies: readonly ResponseName[];
  readonly lane: Lane;
  /** Class and method that serve it in 4.6.0. */
  readonly java: string;
  readonly doc: string;
}

const MAIN_AND_VIP = ['main', 'vip'] as const;
const SEND_REPLIES = [
  'SUCCESS',
  'FLUSH_DISK_TIMEOUT',
  'SLAVE_NOT_AVAILABLE',
  'FLUSH_SLAVE_TIMEOUT',
  'SYSTEM_ERROR',
  'MESSAGE_ILLEGAL',
  'SERVICE_NOT_AVAILABLE',
  'NO_PERMISSION',
  'TOPIC_NOT_EXIST',
  'SUBSCRIPTION_GROUP_NOT_EXIST',
] as const;

/** THE TABLE: every request code of 4.6.0, once. Types, dispatch, documents and tests derive from it. */
export const commands = {
  SEND_MESSAGE: {
    code: 10,
    servedBy: ['broker'],
    ports: MAIN_AND_VIP,
    request: sendMessageRequest,
    response: sendMessageResponse,
    responseHeader: true,
    requestBody: 'message body',
    responseBody: 'none',
    replies: SEND_REPLIES,
    lane: 'send',
    java: 'SendMessageProcessor#sendMessage',
    doc: 'Stores one message.',
  },
  PULL_MESSAGE: {
    code: 11,
    servedBy: ['broker'],
    ports: ['main'],
    request: pullMessageRequest,
    response: pullMessageResponse,
    responseHeader: true,
    requestBody: 'none',
    responseBody: 'records',
    replies: [
      'SUCCESS',
      'PULL_NOT_FOUND',
      'PULL_RETRY_IMMEDIATELY',
      'PULL_OFFSET_MOVED',
      'SYSTEM_ERROR',
      'NO_PERMISSION',
      'TOPIC_NOT_EXIST',
      'SUBSCRIPTION_PARSE_FAILED',
      'SUBSCRIPTION_NOT_EXIST',
      'SUBSCRIPTION_NOT_LATEST',
      'SUBSCRIPTION_GROUP_NOT_EXIST',
      'FILTER_DATA_NOT_EXIST',
      'FILTER_DATA_NOT_LATEST',
    ],
    lane: 'pull',
    java: 'PullMessageProcessor#processRequest',
    doc: 'Reads messages of one queue, or waits for them.',
  },
  SEND_MESSAGE_V2: {
    code: 310,
    servedBy: ['broker'],
    ports: MAIN_AND_VIP,
    request: sendMessageRequestV2,
    response: sendMessageResponse,
    responseHeader: true,
    requestBody: 'message body',
    responseBody: 'none',
    replies: SEND_REPLIES,
    lane: 'send',
    java: 'SendMessageProcessor#sendMessage',
    doc: 'As SEND_MESSAGE, with one-letter names.',
  },
  WIPE_WRITE_PERM_OF_BROKER: {
    code: 205,
    servedBy: ['namesrv'],
    ports: ['main'],
    request: noHeader,
    response: noHeader,
    responseHeader: true,
    requestBody: 'none',
    responseBody: 'none',
    replies: ['SUCCESS'],
    lane: 'admin',
    java: 'DefaultRequestProcessor#wipeWritePermOfBroker',
    doc: 'Takes the write permission from all queues of a broker.',
  },
} as const satisfies Record<string, CommandRow>;

export type Commands = typeof commands;
export type CommandName = keyof Commands;

/** Names of the commands a server answers now. */
export type ServedBy<S extends Server> = {
  [C in CommandName]: S extends Commands[C]['servedBy'][number]
    ? Commands[C] extends { readonly later: readonly (infer L)[] }
      ? S extends L
        ? never
        : C
      : C
    : never;
}[CommandName];

/** Request codes as a broker or name server meets them: number → name. */
export const commandNames: ReadonlyMap<number, CommandName> = new Map(
  (Object.keys(commands) as CommandName[]).map((name) => [commands[name].code, name]),
);

/** True when `server` answers the command now. */
export function isServed(name: CommandName, server: Server): boolean {
  const row: CommandRow = commands[name];
  return row.servedBy.includes(server) && row.later?.includes(server) !== true;
}
