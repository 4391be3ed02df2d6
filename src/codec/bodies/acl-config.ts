import { bean, bool, list, optional, property, text, type ValueOf } from './schema.ts';

/** One account. Java: PlainAccessConfig. */
export const plainAccessConfig = bean({
  accessKey: optional(text),
  admin: property(bool, false),
  defaultGroupPerm: optional(text),
  defaultTopicPerm: optional(text),
  groupPerms: property(list(text), () => []),
  secretKey: optional(text),
  topicPerms: property(list(text), () => []),
  whiteRemoteAddress: optional(text),
});
export type PlainAccessConfig = ValueOf<typeof plainAccessConfig>;

/** Answer of GET_BROKER_CLUSTER_ACL_CONFIG (54). Java: AclConfig. */
export const aclConfig = bean({
  globalWhiteAddrs: property(list(text), () => []),
  plainAccessConfigs: property(list(plainAccessConfig), () => []),
});
