/** Messages as mqadmin prints them. */
import type { MessageExt } from '../codec/message.ts';
import { plainBody } from '../codec/message-body.ts';
import { formatHost } from '../codec/message-id.ts';
import { inJavaHashOrder, javaStringHash } from '../util/java-hash.ts';
import { CommandError, type Output } from './command.ts';

/** The unique id of the client when there is one, or the offset id. Java: MessageClientExt#getMsgId. */
export function messageId({ properties, offsetMsgId }: MessageExt): string {
  return properties.get('UNIQ_KEY') ?? offsetMsgId;
}

/** Java: MessageExt#toString, Message#toString. */
export function messageText(message: MessageExt): string {
  const ext = {
    queueId: message.queueId,
    storeSize: message.totalSize,
    queueOffset: message.queueOffset,
    sysFlag: message.sysFlag,
    bornTimestamp: message.bornTimestamp,
    bornHost: `/${formatHost(message.bornHost)}`,
    storeTimestamp: message.storeTimestamp,
    storeHost: `/${formatHost(message.storeHost)}`,
    msgId: message.offsetMsgId,
    commitLogOffset: message.phyOffset,
    bodyCRC: message.bodyCrc,
    reconsumeTimes: message.reconsumeTimes,
    preparedTransactionOffset: message.preparedTransactionOffset,
    'toString()': plainText(message),
  };
  const fields = Object.entries(ext).map(([name, value]) => `${name}=${value}`);
  return `MessageExt [${fields.join(', ')}]`;
}

/** Java: Message#toString. */
function plainText(message: MessageExt): string {
  const bytes = [...new Int8Array(plainBody(message))].join(', ');
  const transactionId = message.properties.get('TRAN_MSG') === 'true' ? messageId(message) : 'null';
  const properties = propertiesText(message);
  const { topic, flag } = message;
  return (
    `Message{topic='${topic}', flag=${flag}, properties=${properties}, ` +
    `body=[${bytes}], transactionId='${transactionId}'}`
  );
}

/** Properties as a Java map prints them. */
export function propertiesText({ properties }: MessageExt): string {
  const pairs = inJavaHashOrder(properties, ([name]) => javaStringHash(name));
  return `{${pairs.map(([name, value]) => `${name}=${value}`).join(', ')}}`;
}

/** Decodes bodies; throws CommandError for a charset that nobody knows. */
export function bodyDecoder(charset = 'UTF-8'): (message: MessageExt) => string {
  try {
    const decoder = new TextDecoder(charset, { ignoreBOM: true });
    return (message) => decoder.decode(plainBody(message));
  } catch {
    throw new CommandError(`-c ${charset}: no such charset`);
  }
}

/** A message on one line. Java: PrintMessageSubCommand#printMessage. */
export function messageLine(message: MessageExt, body: string | undefined): string {
  return `MSGID: ${messageId(message)} ${messageText(message)} BODY: ${body ?? 'NOT PRINT BODY'}`;
}

/** A message as JSON; without a body when it is not to be shown. */
export function messageJson(message: MessageExt, body: string | undefined): Output['json'] {
  return {
    msgId: messageId(message),
    offsetMsgId: message.offsetMsgId,
    topic: message.topic,
    queueId: message.queueId,
    queueOffset: message.queueOffset,
    commitLogOffset: message.phyOffset,
    storeSize: message.totalSize,
    sysFlag: message.sysFlag,
    flag: message.flag,
    bornTimestamp: message.bornTimestamp,
    bornHost: formatHost(message.bornHost),
    storeTimestamp: message.storeTimestamp,
    storeHost: formatHost(message.storeHost),
    bodyCRC: message.bodyCrc,
    reconsumeTimes: message.reconsumeTimes,
    preparedTransactionOffset: message.preparedTransactionOffset,
    properties: message.properties,
    ...(body === undefined ? {} : { body }),
  };
}
