import { aclConfig, type PlainAccessConfig } from '../codec/bodies/acl-config.ts';
import { decodeBody } from '../codec/bodies/schema.ts';
import { type DataVersion, dataVersion } from '../codec/bodies/topic-config.ts';
import { DecodeError } from '../codec/fast-json.ts';
import { type Call, CommandError, mastersOf, type Output } from './command.ts';
import { printf, timeText } from './text.ts';

/** Makes or changes an account. Java: UpdateAccessConfigSubCommand. */
export async function updateAclConfig({ admin, options }: Call<'updateAclConfig'>): Promise<Output> {
  const { brokerAddr: _b, clusterName: _c, admin: isAdmin = false, ...account } = options;
  const { done, failures } = await admin.everywhere(await mastersOf(admin, options), (address) =>
    admin.mq.askHeader(address, 'UPDATE_AND_CREATE_ACL_CONFIG', { ...account, admin: isAdmin }),
  );
  const addresses = done.map(([address]) => address);
  const lines = addresses.map((address) => `create or update plain access config to ${address} success.`);
  return { lines, json: { accessKey: options.accessKey, addresses }, failures };
}

/** Deletes an account. Java: DeleteAccessConfigSubCommand. */
export async function deleteAccessConfig({ admin, options }: Call<'deleteAccessConfig'>): Promise<Output> {
  const { accessKey } = options;
  const { done, failures } = await admin.everywhere(await mastersOf(admin, options), (address) =>
    admin.mq.askHeader(address, 'DELETE_ACL_CONFIG', { accessKey }),
  );
  const addresses = done.map(([address]) => address);
  const lines = addresses.map((address) => `delete plain access config account to ${address} success.`);
  if (lines.length > 0) lines.push(`account's accesskey is:${accessKey}`);
  return { lines, json: { accessKey, addresses }, failures };
}

/** Replaces the addresses that need no signature. Java: UpdateGlobalWhiteAddrSubCommand. */
export async function updateGlobalWhiteAddr({ admin, options }: Call<'updateGlobalWhiteAddr'>): Promise<Output> {
  const { globalWhiteRemoteAddresses: globalWhiteAddrs } = options;
  const { done, failures } = await admin.everywhere(await mastersOf(admin, options), (address) =>
    admin.mq.askHeader(address, 'UPDATE_GLOBAL_WHITE_ADDRS_CONFIG', { globalWhiteAddrs }),
  );
  const addresses = done.map(([address]) => address);
  const lines = addresses.map((address) => `update global white remote addresses to ${address} success.`);
  return { lines, json: { globalWhiteAddrs, addresses }, failures };
}

const VERSION_LINE = '%-16s  %-22s  %-22s  %-20s  %-22s';
const VERSION_HEADER = ['#Cluster Name', '#Broker Name', '#Broker Addr', '#AclConfigVersionNum', '#AclLastUpdateTime'];

/** Versions of the accounts at brokers. Java: ClusterAclConfigVersionListSubCommand. */
export async function clusterAclConfigVersion({ admin, options }: Call<'clusterAclConfigVersion'>): Promise<Output> {
  const { done, failures } = await admin.everywhere(await mastersOf(admin, options), async (address) => {
    const header = await admin.mq.askHeader(address, 'GET_BROKER_CLUSTER_ACL_INFO', {});
    return { ...header, version: versionOf(header.version, address) };
  });
  const rows = done.map(([, row]) => row);
  const lines = rows.map(({ clusterName, brokerName, brokerAddr, version: { counter, timestamp } }) =>
    printf(VERSION_LINE, clusterName, brokerName, brokerAddr, counter, timeText(timestamp)),
  );
  if (options.clusterName !== undefined) lines.unshift(printf(VERSION_LINE, ...VERSION_HEADER));
  const whose = options.clusterName === undefined ? "broker's" : "cluster's";
  if (failures.length === 0) lines.push(`get ${whose} plain access config version success.`);
  return { lines, json: rows, failures };
}

function versionOf(text: string, address: string): DataVersion {
  const version = decodeBody(dataVersion, text);
  if (version instanceof DecodeError) throw new CommandError(`${address} answered no version: ${version.message}`);
  return version;
}

/** Accounts at brokers; secrets that a broker gives away are not printed. Java: GetAccessConfigSubCommand. */
export async function getAccessConfigSubCommand({
  admin,
  options,
}: Call<'getAccessConfigSubCommand'>): Promise<Output> {
  const { done, failures } = await admin.everywhere(await mastersOf(admin, options), (address) =>
    admin.mq.askBody(address, 'GET_BROKER_CLUSTER_ACL_CONFIG', {}, aclConfig),
  );
  const shown = done.map(([address, { globalWhiteAddrs, plainAccessConfigs }]) => {
    return [address, { globalWhiteAddrs, accounts: plainAccessConfigs.map(withoutSecret) }] as const;
  });
  const lines = shown.flatMap(([, { globalWhiteAddrs, accounts }]) => [
    '',
    printf('%-20s: %s', 'globalWhiteRemoteAddresses', `[${globalWhiteAddrs.join(', ')}]`),
    '',
    'accounts:',
    ...accounts.flatMap((account) => [...accountLines(account), '']),
  ]);
  return { lines, json: new Map(shown), failures };
}

function withoutSecret({ secretKey: _, ...account }: PlainAccessConfig): PlainAccessConfig {
  return account;
}

const ACCOUNT_FIELDS = [
  'accessKey',
  'whiteRemoteAddress',
  'admin',
  'defaultTopicPerm',
  'defaultGroupPerm',
  'topicPerms',
  'groupPerms',
] as const;

function accountLines(account: PlainAccessConfig): string[] {
  return ACCOUNT_FIELDS.map((name) => {
    const value = account[name];
    return printf('  %-18s: %s', name, Array.isArray(value) ? `[${value.join(', ')}]` : String(value ?? ''));
  });
}
