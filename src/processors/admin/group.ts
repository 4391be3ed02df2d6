import { consumerConnection } from '../../codec/bodies/consumer-connection.ts';
import { encodeBody } from '../../codec/bodies/schema.ts';
import { RequestError } from '../../codec/response-codes.ts';
import type { HandlerResult, Request } from '../../remoting/handler.ts';
import type { BrokerParts } from '../parts.ts';

/** 203: the connected clients of a consumer group. Java: AdminBrokerProcessor#getConsumerConnectionList. */
export function getConsumerConnectionList(
  parts: BrokerParts,
): (request: Request<'GET_CONSUMER_CONNECTION_LIST'>) => HandlerResult<'GET_CONSUMER_CONNECTION_LIST'> {
  return (request) => {
    const { consumerGroup } = request.header;
    const group = parts.consumers.group(consumerGroup);
    if (group === undefined) {
      throw new RequestError('CONSUMER_NOT_ONLINE', `the consumer group[${consumerGroup}] not online`);
    }
    const connectionSet = [...group.channels.values()].map(({ connection, clientId, language, version }) => ({
      clientAddr: connection.remoteAddress,
      clientId,
      language,
      version,
    }));
    const { consumeType, messageModel, consumeFromWhere, subscriptions } = group;
    const body = { connectionSet, consumeType, messageModel, consumeFromWhere, subscriptionTable: subscriptions };
    return { code: 'SUCCESS', body: encodeBody(consumerConnection, body) };
  };
}
