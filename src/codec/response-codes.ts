/** Response codes of 4.6.0: name ⇄ number ⇄ meaning. The only place that knows the numbers. */
export const responseCodes = {
  SUCCESS: { code: 0, doc: 'done' },
  SYSTEM_ERROR: { code: 1, doc: 'generic failure; the remark says which' },
  SYSTEM_BUSY: { code: 2, doc: 'flow control' },
  REQUEST_CODE_NOT_SUPPORTED: { code: 3, doc: 'nobody here serves this request code' },
  TRANSACTION_FAILED: { code: 4, doc: 'declared, unused' },
  FLUSH_DISK_TIMEOUT: { code: 10, doc: 'stored, but not on disk within syncFlushTimeout' },
  SLAVE_NOT_AVAILABLE: { code: 11, doc: 'stored, but SYNC_MASTER has no slave near enough' },
  FLUSH_SLAVE_TIMEOUT: { code: 12, doc: 'stored, but not on a slave within syncFlushTimeout' },
  MESSAGE_ILLEGAL: { code: 13, doc: 'the message or its properties break a limit' },
  SERVICE_NOT_AVAILABLE: { code: 14, doc: 'the store does not take messages now' },
  VERSION_NOT_SUPPORTED: { code: 15, doc: 'declared, unused' },
  NO_PERMISSION: { code: 16, doc: 'broker, topic or group does not permit it' },
  TOPIC_NOT_EXIST: { code: 17, doc: 'topic or route unknown' },
  TOPIC_EXIST_ALREADY: { code: 18, doc: 'declared, unused' },
  PULL_NOT_FOUND: { code: 19, doc: 'nothing at this offset yet' },
  PULL_RETRY_IMMEDIATELY: { code: 20, doc: 'nothing matched; go on from nextBeginOffset' },
  PULL_OFFSET_MOVED: { code: 21, doc: 'offset outside the queue; go on from nextBeginOffset' },
  QUERY_NOT_FOUND: { code: 22, doc: 'no such offset, message or key' },
  SUBSCRIPTION_PARSE_FAILED: { code: 23, doc: 'the filter expression does not parse' },
  SUBSCRIPTION_NOT_EXIST: { code: 24, doc: 'group or subscription not registered' },
  SUBSCRIPTION_NOT_LATEST: { code: 25, doc: 'a newer subscription is on its way' },
  SUBSCRIPTION_GROUP_NOT_EXIST: { code: 26, doc: 'group unknown and not created automatically' },
  FILTER_DATA_NOT_EXIST: { code: 27, doc: 'no filter data for this group' },
  FILTER_DATA_NOT_LATEST: { code: 28, doc: 'filter data older than the subscription' },
  TRANSACTION_SHOULD_COMMIT: { code: 200, doc: 'declared, unused' },
  TRANSACTION_SHOULD_ROLLBACK: { code: 201, doc: 'declared, unused' },
  TRANSACTION_STATE_UNKNOW: { code: 202, doc: 'declared, unused' },
  TRANSACTION_STATE_GROUP_WRONG: { code: 203, doc: 'declared, unused' },
  NO_BUYER_ID: { code: 204, doc: 'declared, unused' },
  NOT_IN_CURRENT_UNIT: { code: 205, doc: 'declared, unused' },
  CONSUMER_NOT_ONLINE: { code: 206, doc: 'no consumer of the group is connected' },
  CONSUME_MSG_TIMEOUT: { code: 207, doc: 'the client did not answer in time' },
  NO_MESSAGE: { code: 208, doc: 'used by clients only' },
  UPDATE_AND_CREATE_ACL_CONFIG_FAILED: { code: 209, doc: 'account not written' },
  DELETE_ACL_CONFIG_FAILED: { code: 210, doc: 'account not deleted' },
  UPDATE_GLOBAL_WHITE_ADDRS_CONFIG_FAILED: { code: 211, doc: 'white list not written' },
} as const satisfies Record<string, { code: number; doc: string }>;

export type ResponseName = keyof typeof responseCodes;

const namesByCode = new Map<number, ResponseName>(
  Object.entries(responseCodes).map(([name, row]) => [row.code, name as ResponseName]),
);

/** The number of a response name. */
export function responseCode(name: ResponseName): number {
  return responseCodes[name].code;
}

/** The name of a response number, or undefined when 4.6.0 has none. */
export function responseName(code: number): ResponseName | undefined {
  return namesByCode.get(code);
}

/**
 * The request is wrong or refused: thrown by handlers and helpers, caught once in the dispatcher, answered with this
 * code and the message as remark.
 */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly code: ResponseName;
  constructor(code: ResponseName, remark: string, cause?: unknown) {
    super(remark, { cause });
    this.code = code;
  }
}

/** Behind many remarks, which clients show as they are. Java: FAQUrl.DEFAULT_FAQ_URL with its introduction. */
export const FAQ = '\nSee http://rocketmq.apache.org/docs/faq/ for further details.';
