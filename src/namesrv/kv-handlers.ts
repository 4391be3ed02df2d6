import { encodeBody } from '../codec/bodies/schema.ts';
import { kvTable } from '../codec/bodies/topic-config.ts';
import { RequestError } from '../codec/response-codes.ts';
import type { Handler } from '../remoting/handler.ts';
import { FsError } from '../util/fs.ts';
import type { NamesrvParts } from './parts.ts';

/** 100: Java: DefaultRequestProcessor#putKVConfig. */
export function putKvConfig({ kv }: NamesrvParts): Handler<'PUT_KV_CONFIG'> {
  return ({ header: { namespace, key, value } }) => {
    const isTaken = saved(() => kv.put(namespace, key, value));
    if (!isTaken) throw new RequestError('SYSTEM_ERROR', 'no room left in the KV table');
    return { code: 'SUCCESS' };
  };
}

/** 101: Java: DefaultRequestProcessor#getKVConfig. */
export function getKvConfig({ kv }: NamesrvParts): Handler<'GET_KV_CONFIG'> {
  return ({ header: { namespace, key } }) => {
    const value = kv.get(namespace, key);
    if (value !== undefined) return { code: 'SUCCESS', header: { value } };
    return { code: 'QUERY_NOT_FOUND', remark: `No config item, Namespace: ${namespace} Key: ${key}`, header: {} };
  };
}

/** 102: Java: DefaultRequestProcessor#deleteKVConfig. */
export function deleteKvConfig({ kv }: NamesrvParts): Handler<'DELETE_KV_CONFIG'> {
  return ({ header: { namespace, key } }) => {
    saved(() => kv.delete(namespace, key));
    return { code: 'SUCCESS' };
  };
}

/** What is answered as done is in the file. */
function saved<T>(change: () => T): T {
  try {
    return change();
  } catch (error) {
    if (!(error instanceof FsError)) throw error;
    const remark = `kvConfig.json could not be written (${error.code}), nothing was changed`;
    throw new RequestError('SYSTEM_ERROR', remark, error);
  }
}

/** 219: Java: DefaultRequestProcessor#getKVListByNamespace. */
export function getKvListByNamespace({ kv }: NamesrvParts): Handler<'GET_KVLIST_BY_NAMESPACE'> {
  return ({ header: { namespace } }) => {
    const table = kv.list(namespace);
    if (table === undefined) return { code: 'QUERY_NOT_FOUND', remark: `No config item, Namespace: ${namespace}` };
    return { code: 'SUCCESS', body: encodeBody(kvTable, { table }) };
  };
}
