import { bean, list, property, text, type ValueOf } from './schema.ts';

/** Answer of GET_CONSUMER_LIST_BY_GROUP (38). Java: GetConsumerListByGroupResponseBody. */
export const consumerIdList = bean({ consumerIdList: property(list(text), () => []) });
export type ConsumerIdList = ValueOf<typeof consumerIdList>;
