/**
 * A message on its way into the store: views of the request's bytes and a few numbers. A processor keeps one and
 * fills it for each request, so that nothing is allocated per message; the put copies what it needs and keeps no view.
 * Java: MessageExtBrokerInner.
 */
export class MessageDraft {
  /** Stored topic and its UTF-8 bytes. Give the string of the topic table, whose hash is computed already. */
  topic = '';
  topicBytes: Buffer = EMPTY;
  queueId = 0;
  /** The user's flag, opaque. */
  flag = 0;
  /** The two address family bits are set by the store from the hosts' lengths. */
  sysFlag = 0;
  bornTimestamp = 0;
  /** IP (4 or 16 bytes) and port (4 bytes). */
  bornHost: Buffer = EMPTY;
  storeHost: Buffer = EMPTY;
  reconsumeTimes = 0;
  preparedTransactionOffset = 0;
  /** Body bytes are `body[bodyStart, bodyEnd)`; undefined is the null body, stored as empty with CRC 0. */
  body: Buffer | undefined = undefined;
  bodyStart = 0;
  bodyEnd = 0;
  /** Property text is `properties[propertiesStart, propertiesEnd)`. */
  properties: Buffer = EMPTY;
  propertiesStart = 0;
  propertiesEnd = 0;
  /** The span is the inside of a JSON string, still with its escapes. */
  propertiesEscaped = false;
  /** One whole pair, `CLUSTER\x01name\x02`, to be stored behind the client's; empty for none. */
  appendProperty: Buffer = EMPTY;

  /** Everything back to the start, so that no field of the last request is left over and no bytes are held. */
  reset(): void {
    this.topic = '';
    this.topicBytes = EMPTY;
    this.queueId = 0;
    this.flag = 0;
    this.sysFlag = 0;
    this.bornTimestamp = 0;
    this.bornHost = EMPTY;
    this.storeHost = EMPTY;
    this.reconsumeTimes = 0;
    this.preparedTransactionOffset = 0;
    this.body = undefined;
    this.bodyStart = 0;
    this.bodyEnd = 0;
    this.properties = EMPTY;
    this.propertiesStart = 0;
    this.propertiesEnd = 0;
    this.propertiesEscaped = false;
    this.appendProperty = EMPTY;
  }
}

const EMPTY: Buffer = Buffer.alloc(0);
