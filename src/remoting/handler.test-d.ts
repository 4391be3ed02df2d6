/**
 * Type tests of THE TABLE (codec/commands.ts) and of the handler types that derive from it; tsc over the tree is their
 * runner. Each `@ts-expect-error` is a deliberate mistake that has to stay a compile error.
 */

import type { Commands, ServedBy } from '../codec/commands.ts';
import type { HeaderInput, HeaderValues } from '../codec/header.ts';
import type { Handler, Handlers } from './handler.ts';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function holds<_Claim extends true>(): void {}

declare const every: Handlers<'namesrv'>;
declare const wipe: Handler<'WIPE_WRITE_PERM_OF_BROKER'>;
declare const send: Handler<'SEND_MESSAGE'>;
declare const pushed: Handler<'NOTIFY_CONSUMER_IDS_CHANGED'>;

/** The whole map is fine as it is. */
export const complete: Handlers<'namesrv'> = { ...every };

// 1. A handler is missing.
const { WIPE_WRITE_PERM_OF_BROKER: _taken, ...oneLess } = every;
// @ts-expect-error every served code needs a handler
export const missing: Handlers<'namesrv'> = oneLess;

// 2. A header field is misspelt.
export const misspelt: Handler<'WIPE_WRITE_PERM_OF_BROKER'> = (request) => ({
  code: 'SUCCESS',
  // @ts-expect-error the field is called brokerName
  header: { wipeTopicCount: request.header.brokerNane.length },
});

// 3. A response code that is not in the row.
export const foreignCode: Handler<'WIPE_WRITE_PERM_OF_BROKER'> = () => ({
  // @ts-expect-error TOPIC_NOT_EXIST is not among the replies of this row
  code: 'TOPIC_NOT_EXIST',
});

// 4. An optional field is used as if it were always there.
export const maybeAbsent: Handler<'SEND_MESSAGE'> = (request) => ({
  code: 'SUCCESS',
  // @ts-expect-error properties may be absent
  remark: String(request.header.properties.length),
});

// 5. A handler for a code that this server does not serve, or that clients serve.
// @ts-expect-error SEND_MESSAGE is the broker's
export const foreignServer: Handlers<'namesrv'> = { ...every, WIPE_WRITE_PERM_OF_BROKER: wipe, SEND_MESSAGE: send };
declare const broker: Handlers<'broker'>;
// @ts-expect-error NOTIFY_CONSUMER_IDS_CHANGED is the clients'
export const ofClients: Handlers<'broker'> = { ...broker, SEND_MESSAGE: send, NOTIFY_CONSUMER_IDS_CHANGED: pushed };

holds<
  Same<Extract<ServedBy<'broker'>, 'PULL_MESSAGE' | 'NOTIFY_CONSUMER_IDS_CHANGED' | 'REGISTER_BROKER'>, 'PULL_MESSAGE'>
>();
holds<Same<Extract<ServedBy<'client'>, 'NOTIFY_CONSUMER_IDS_CHANGED' | 'HEART_BEAT'>, 'NOTIFY_CONSUMER_IDS_CHANGED'>>();
holds<Same<HeaderValues<Commands['GET_MAX_OFFSET']['request']>['queueId'], number>>();
holds<Same<HeaderValues<Commands['SEND_MESSAGE']['request']>['properties'], string | undefined>>();
holds<Same<HeaderValues<Commands['SEND_MESSAGE']['request']>['batch'], boolean>>();

/** An answer may leave out what is optional, and nothing else. */
export const partial: HeaderInput<Commands['REGISTER_BROKER']['response']> = { masterAddr: 'a:1' };
// @ts-expect-error offset is required
export const tooLittle: HeaderInput<Commands['GET_MAX_OFFSET']['response']> = {};
