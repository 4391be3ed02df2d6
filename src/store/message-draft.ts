import type { MessageExt } from '../codec/message.ts';
import {
  type MessageProperties,
  PropertySlot,
  PropertySpans,
  parseProperties,
  scanProperties,
  serialiseProperties,
  unescapeProperties,
} from '../codec/message-properties.ts';

/**
 * A message on its way into the store: views of the request's bytes and a few numbers. A processor keeps one and
 * fills it for each request, so that nothing is allocated per message; the put copies what it needs and keeps no view.
 * Fill order: `reset()`, then the fields, then `resolveProperties()` if a property decides what to do; the put calls
 * it otherwise. Java: MessageExtBrokerInner.
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
  /** The time of DELAY has come: the message goes to its topic, and the property stays for its readers to see. */
  delayServed = false;
  /** Nobody waits for flush or slave, whatever WAIT says. Java: MessageExtBrokerInner#setWaitStoreMsgOK(false). */
  noWait = false;

  /** Result of {@link resolveProperties}: the text to store is `text[textStart, textEnd)`. */
  text: Buffer = EMPTY;
  textStart = 0;
  textEnd = 0;
  /** Result of {@link resolveProperties}: where the values of known properties lie in `text`. */
  readonly spans: PropertySpans = new PropertySpans();

  #resolved = false;
  #scratch: Buffer = EMPTY;

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
    this.delayServed = false;
    this.noWait = false;
    this.text = EMPTY;
    this.textStart = 0;
    this.textEnd = 0;
    this.#resolved = false;
    if (this.#scratch.length > SCRATCH_BYTES) this.#scratch = EMPTY;
  }

  /**
   * Resets, and takes everything of a record but its topic and the place of its half message, with these properties:
   * the message is to be stored once more.
   */
  takeMessage(message: MessageExt, propertiesText: string): void {
    this.reset();
    this.queueId = message.queueId;
    this.flag = message.flag;
    this.sysFlag = message.sysFlag;
    this.bornTimestamp = message.bornTimestamp;
    this.bornHost = message.bornHost;
    this.storeHost = message.storeHost;
    this.reconsumeTimes = message.reconsumeTimes;
    this.body = message.body;
    this.bodyEnd = message.body.length;
    this.properties = Buffer.from(propertiesText, 'utf8');
    this.propertiesEnd = this.properties.length;
  }

  /**
   * Undoes the escapes, finds the known properties and puts `appendProperty` behind. Text that is not canonical, or
   * that holds CLUSTER already, is parsed, changed and written anew, as Java does with every message. Idempotent
   * until the next `reset()`.
   * @returns false when the escapes are malformed; nothing may be stored then.
   */
  resolveProperties(): boolean {
    if (this.#resolved) return true;
    if (this.propertiesEscaped) {
      if (!this.#unescape()) return false;
    } else {
      this.#takeText();
      scanProperties(this.text, this.textStart, this.textEnd, this.spans);
    }
    if (this.appendProperty.length > 0) this.#append();
    this.#resolved = true;
    return true;
  }

  /** The properties found so far, to be changed and given to {@link replaceProperties}. After resolveProperties(). */
  parsedProperties(): MessageProperties {
    return parseProperties(this.text.toString('utf8', this.textStart, this.textEnd));
  }

  /** Stores these properties in place of those that the message came with. After resolveProperties(). */
  replaceProperties(properties: MessageProperties): void {
    this.text = Buffer.from(serialiseProperties(properties), 'utf8');
    this.textStart = 0;
    this.textEnd = this.text.length;
    scanProperties(this.text, 0, this.textEnd, this.spans);
  }

  /** Sets `text` to a copy in the scratch buffer, escapes undone, and finds what is in it. */
  #unescape(): boolean {
    const { properties, propertiesStart, propertiesEnd } = this;
    this.#room(propertiesEnd - propertiesStart + this.appendProperty.length);
    this.text = this.#scratch;
    this.textStart = 0;
    this.textEnd = unescapeProperties(properties, propertiesStart, propertiesEnd, this.#scratch, this.spans);
    return this.textEnd >= 0;
  }

  /** Sets `text` to the span itself, or to a copy in the scratch buffer when it gets a pair appended. */
  #takeText(): void {
    const { properties, propertiesStart, propertiesEnd } = this;
    if (this.appendProperty.length === 0) {
      this.text = properties;
      this.textStart = propertiesStart;
      this.textEnd = propertiesEnd;
      return;
    }
    this.#room(propertiesEnd - propertiesStart + this.appendProperty.length);
    this.text = this.#scratch;
    this.textStart = 0;
    this.textEnd = properties.copy(this.#scratch, 0, propertiesStart, propertiesEnd);
  }

  #append(): void {
    if (!this.spans.canonical || this.spans.has(PropertySlot.CLUSTER)) {
      this.#rewrite();
      return;
    }
    copyBytes(this.appendProperty, this.#scratch, this.textEnd);
    this.textEnd += this.appendProperty.length;
  }

  /** Java: SendMessageProcessor#sendMessage, string2messageProperties, putProperty, messageProperties2String. */
  #rewrite(): void {
    const map = this.parsedProperties();
    for (const [name, value] of parseProperties(this.appendProperty.toString('utf8'))) map.set(name, value);
    this.replaceProperties(map);
  }

  #room(length: number): void {
    if (this.#scratch.length < length) this.#scratch = Buffer.allocUnsafeSlow(Math.max(length, SCRATCH_BYTES));
  }
}

/** A loop: for a few bytes cheaper than the call into native code. */
function copyBytes(source: Uint8Array, target: Uint8Array, position: number): void {
  for (let at = 0; at < source.length; at++) target[position + at] = source[at] as number;
}

/** Room for any properties text that may be stored; longer text is refused after it was unescaped once. */
const SCRATCH_BYTES = 65_536;
const EMPTY: Buffer = Buffer.alloc(0);
