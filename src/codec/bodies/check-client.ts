import { subscriptionData } from './heartbeat.ts';
import { bean, optional, text, type ValueOf } from './schema.ts';

/** Body of CHECK_CLIENT_CONFIG (46). Java: CheckClientRequestBody. */
export const checkClientRequestBody = bean({
  clientId: optional(text),
  group: optional(text),
  subscriptionData: optional(subscriptionData),
});
export type CheckClientRequestBody = ValueOf<typeof checkClientRequestBody>;
