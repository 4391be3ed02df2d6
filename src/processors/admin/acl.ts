import { RequestError, type ResponseName } from '../../codec/response-codes.ts';

/** Said in place of the text of Java's NullPointerException. */
const NO_ACCOUNTS = 'this broker has no access control lists, aclEnable is false';

/**
 * The five codes of the accounts, as a broker without access control answers them: changes fail with their own codes,
 * as in Java. The two readers, which Java leaves without an answer then, are REQUEST_CODE_NOT_SUPPORTED at once
 * (ADR 0055). Java: AdminBrokerProcessor#updateAndCreateAccessConfig and those that follow it.
 */
export const aclHandlers = {
  UPDATE_AND_CREATE_ACL_CONFIG: () => refuse('UPDATE_AND_CREATE_ACL_CONFIG_FAILED'),
  DELETE_ACL_CONFIG: () => refuse('DELETE_ACL_CONFIG_FAILED'),
  UPDATE_GLOBAL_WHITE_ADDRS_CONFIG: () => refuse('UPDATE_GLOBAL_WHITE_ADDRS_CONFIG_FAILED'),
  GET_BROKER_CLUSTER_ACL_INFO: () => refuse('REQUEST_CODE_NOT_SUPPORTED'),
  GET_BROKER_CLUSTER_ACL_CONFIG: () => refuse('REQUEST_CODE_NOT_SUPPORTED'),
};

function refuse(code: ResponseName): never {
  throw new RequestError(code, NO_ACCOUNTS);
}
