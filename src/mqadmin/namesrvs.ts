import { formatProperties } from '../config/properties.ts';
import { settingsOf } from './brokers.ts';
import type { Call, Output } from './command.ts';

/** Sets a value of the KV configuration. Java: UpdateKvConfigCommand. */
export async function updateKvConfig({ admin, options }: Call<'updateKvConfig'>): Promise<Output> {
  const { namespace, key, value } = options;
  await admin.putKv(namespace, key, value);
  return { lines: ['create or update kv config to namespace success.'], json: { namespace, key, value } };
}

/** Removes a value of the KV configuration. Java: DeleteKvConfigCommand. */
export async function deleteKvConfig({ admin, options }: Call<'deleteKvConfig'>): Promise<Output> {
  const { namespace, key } = options;
  await admin.deleteKv(namespace, key);
  return { lines: ['delete kv config from namespace success.'], json: { namespace, key } };
}

/** Takes the write permission of a broker out of the routes. Java: WipeWritePermSubCommand. */
export async function wipeWritePerm({ admin, options: { brokerName } }: Call<'wipeWritePerm'>): Promise<Output> {
  const { done, failures } = await admin.everywhere(admin.namesrvs, async (address) => {
    const { wipeTopicCount } = await admin.mq.askHeader(address, 'WIPE_WRITE_PERM_OF_BROKER', { brokerName });
    return wipeTopicCount;
  });
  const failed = admin.namesrvs.filter((address) => !done.some(([at]) => at === address));
  return {
    lines: [
      ...done.map(([at, count]) => `wipe write perm of broker[${brokerName}] in name server[${at}] OK, ${count}`),
      ...failed.map((at) => `wipe write perm of broker[${brokerName}] in name server[${at}] Failed`),
    ],
    json: { brokerName, wipeTopicCounts: new Map(done) },
    failures,
  };
}

/** Settings of the name servers. Java: GetNamesrvConfigCommand. */
export function getNamesrvConfig({ admin }: Call<'getNamesrvConfig'>): Promise<Output> {
  return settingsOf(admin, new Map(admin.namesrvs.map((address) => [address, address])), 'GET_NAMESRV_CONFIG');
}

/** Changes one setting of the name servers. Java: UpdateNamesrvConfigCommand. */
export async function updateNamesrvConfig({ admin, options }: Call<'updateNamesrvConfig'>): Promise<Output> {
  const { key, value } = options;
  const body = Buffer.from(formatProperties([[key, value]]), 'utf8');
  const { done, failures } = await admin.everywhere(admin.namesrvs, (address) =>
    admin.mq.askHeader(address, 'UPDATE_NAMESRV_CONFIG', {}, body),
  );
  const addresses = done.map(([address]) => address);
  const lines =
    addresses.length === 0 ? [] : [`update name server config success![${addresses.join(', ')}]`, `${key} : ${value}`];
  return { lines, json: { key, value, addresses }, failures };
}
