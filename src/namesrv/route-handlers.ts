import { decodeRegisterBrokerBody, type RegisterBrokerBody } from '../codec/bodies/register-broker.ts';
import { clusterInfo, MASTER_ID, type TopicRouteData, topicRouteData } from '../codec/bodies/route.ts';
import { decodeBody, encodeBody } from '../codec/bodies/schema.ts';
import {
  dataVersion,
  kvTable,
  type TopicConfig,
  topicConfigSerializeWrapper,
  topicList,
} from '../codec/bodies/topic-config.ts';
import type { Commands } from '../codec/commands.ts';
import { DecodeError } from '../codec/fast-json.ts';
import type { HeaderValues } from '../codec/header.ts';
import { isSafePathSegment, ORDER_TOPIC_CONFIG } from '../codec/names.ts';
import { FAQ, RequestError } from '../codec/response-codes.ts';
import type { Handler, Reply } from '../remoting/handler.ts';
import { bodyCrc } from '../util/crc32.ts';
import type { NamesrvParts } from './parts.ts';
import { sameVersion } from './route-info-manager.ts';

/** Brokers from this version on send filter servers with their topics. Java: MQVersion V3_0_11. */
const VERSION_WITH_FILTER_SERVERS = 37;
const MOST_ADDRESS_CHARACTERS = 255;
const NO_TOPICS: ReadonlyMap<string, TopicConfig> = new Map();
/** What a registration without a body says. */
const NO_BODY: RegisterBrokerBody = {
  filterServerList: [],
  topicConfigSerializeWrapper: { dataVersion: { counter: 0, timestamp: 0 }, topicConfigTable: NO_TOPICS },
};

/** 103: a broker says that it is alive and what it serves. Java: DefaultRequestProcessor#registerBroker. */
export function registerBroker({ routes, kv }: NamesrvParts): Handler<'REGISTER_BROKER'> {
  return ({ header, body, version, connection }) => {
    const { bodyCrc32, compressed, brokerName, brokerAddr, clusterName, brokerId, haServerAddr } = header;
    if (bodyCrc32 !== 0 && (body === undefined || bodyCrc(body, 0, body.length) !== bodyCrc32)) {
      throw new RequestError('SYSTEM_ERROR', 'crc32 not match');
    }
    refuseIdentity(header);
    const filters = version >= VERSION_WITH_FILTER_SERVERS;
    const { filterServerList, topicConfigSerializeWrapper: wrapper } = registrationBody(body, filters, compressed);
    const isMaster = brokerId === MASTER_ID;
    const unsafe = isMaster ? unsafeTopic(wrapper.topicConfigTable) : undefined;
    const answer = routes.register({
      brokerName,
      brokerAddr,
      clusterName,
      brokerId,
      haServerAddr,
      dataVersion: wrapper.dataVersion,
      // Java leaves the topics of a slave alone too.
      topics: isMaster ? safeTopics(wrapper.topicConfigTable, unsafe) : NO_TOPICS,
      filterServers: filters ? filterServerList.filter((server) => isAddress(server)) : undefined,
      connection,
    });
    if (typeof answer === 'string') throw new RequestError('SYSTEM_ERROR', `this name server has too many ${answer}`);
    if (unsafe !== undefined) {
      throw new RequestError('SYSTEM_ERROR', `the topic[${unsafe}] contains illegal characters, it is not routed`);
    }
    const order = kv.list(ORDER_TOPIC_CONFIG);
    return {
      code: 'SUCCESS',
      header: answer,
      body: order === undefined ? undefined : encodeBody(kvTable, { table: order }),
    };
  };
}

/** Names become topics of their own, and every client is told the addresses. */
function refuseIdentity(header: HeaderValues<Commands['REGISTER_BROKER']['request']>): void {
  for (const name of [header.clusterName, header.brokerName]) {
    if (!isSafePathSegment(name)) {
      throw new RequestError('SYSTEM_ERROR', `the name[${name}] contains illegal characters`);
    }
  }
  if (!isAddress(header.brokerAddr) || header.haServerAddr.length > MOST_ADDRESS_CHARACTERS) {
    throw new RequestError('SYSTEM_ERROR', 'brokerAddr or haServerAddr is no address');
  }
  if (!Number.isSafeInteger(header.brokerId)) throw new RequestError('SYSTEM_ERROR', 'brokerId is out of range');
}

function isAddress(text: string): boolean {
  return text !== '' && text.length <= MOST_ADDRESS_CHARACTERS;
}

/**
 * A Java broker may have topics with names that the client's rule does not allow; they stay routable. One that could
 * lead out of a directory is not routed and the answer says so (deviation 18 of COMPATIBILITY.md); the broker's other
 * topics are, because a broker must not vanish over a name that anybody could make there.
 * @returns the first such name
 */
function unsafeTopic(topics: ReadonlyMap<string, TopicConfig>): string | undefined {
  for (const name of topics.keys()) if (!isSafePathSegment(name)) return name;
  return undefined;
}

function safeTopics(
  topics: ReadonlyMap<string, TopicConfig>,
  unsafe: string | undefined,
): ReadonlyMap<string, TopicConfig> {
  return unsafe === undefined ? topics : new Map([...topics].filter(([name]) => isSafePathSegment(name)));
}

function registrationBody(body: Buffer | undefined, filters: boolean, compressed: boolean): RegisterBrokerBody {
  if (body === undefined) return NO_BODY;
  if (filters) {
    const decoded = decodeRegisterBrokerBody(body, compressed);
    if (decoded instanceof DecodeError) throw new RequestError('SYSTEM_ERROR', decoded.message);
    return decoded;
  }
  const decoded = decodeBody(topicConfigSerializeWrapper, body);
  if (decoded instanceof DecodeError) throw new RequestError('SYSTEM_ERROR', decoded.message);
  return { filterServerList: [], topicConfigSerializeWrapper: decoded };
}

/** 104: Java: DefaultRequestProcessor#unregisterBroker. */
export function unregisterBroker({ routes }: NamesrvParts): Handler<'UNREGISTER_BROKER'> {
  return ({ header: { brokerName, brokerAddr, clusterName, brokerId } }) => {
    routes.unregister({ brokerName, brokerAddr, clusterName, brokerId });
    return { code: 'SUCCESS' };
  };
}

/** 322: does a broker have to register again? Java: DefaultRequestProcessor#queryBrokerTopicConfig. */
export function queryDataVersion({ routes }: NamesrvParts): Handler<'QUERY_DATA_VERSION'> {
  return ({ header: { brokerAddr }, body }) => {
    const theirs = decodeBody(dataVersion, body ?? '');
    if (theirs instanceof DecodeError) throw new RequestError('SYSTEM_ERROR', theirs.message);
    const ours = routes.dataVersionOf(brokerAddr);
    const changed = ours === undefined || !sameVersion(ours, theirs);
    if (!changed) routes.renew(brokerAddr);
    return {
      code: 'SUCCESS',
      header: { changed },
      body: ours === undefined ? undefined : encodeBody(dataVersion, ours),
    };
  };
}

/**
 * 105: where a topic is. In the cluster test mode other name servers are asked for what nobody registered here, and the
 * order configuration is always there. Java: DefaultRequestProcessor#getRouteInfoByTopic, ClusterTestRequestProcessor.
 */
export function getRouteInfoByTopic(parts: NamesrvParts): Handler<'GET_ROUTEINTO_BY_TOPIC'> {
  const { routes, kv, configs, productCluster } = parts;
  const ordered = productCluster !== undefined;
  return (request) => {
    const topic = request.header.topic ?? 'null';
    const standardJson = request.ext('acceptStandardJsonOnly') === 'true';
    const route = routes.route(topic);
    if (route !== undefined) {
      const isTold = ordered || configs.namesrvConfig.orderMessageEnable;
      const orderTopicConf = isTold ? kv.get(ORDER_TOPIC_CONFIG, topic) : undefined;
      return routeReply(topic, { ...route, orderTopicConf }, standardJson);
    }
    if (productCluster === undefined || productCluster.isForwarded(request)) {
      return routeReply(topic, undefined, standardJson);
    }
    return productCluster.route(topic).then((found) => routeReply(topic, found, standardJson));
  };
}

function routeReply(
  topic: string,
  route: TopicRouteData | undefined,
  standardJson: boolean,
): Reply<'GET_ROUTEINTO_BY_TOPIC'> {
  if (route !== undefined) return { code: 'SUCCESS', body: encodeBody(topicRouteData, route, { standardJson }) };
  const text = `No topic route info in name server for the topic: ${topic}${FAQ}`;
  return { code: 'TOPIC_NOT_EXIST', remark: text };
}

/** 106: Java: DefaultRequestProcessor#getBrokerClusterInfo. */
export function getBrokerClusterInfo({ routes }: NamesrvParts): Handler<'GET_BROKER_CLUSTER_INFO'> {
  return () => ({ code: 'SUCCESS', body: encodeBody(clusterInfo, routes.clusterInfo()) });
}

/** 205: Java: DefaultRequestProcessor#wipeWritePermOfBroker. */
export function wipeWritePermOfBroker({ routes, log }: NamesrvParts): Handler<'WIPE_WRITE_PERM_OF_BROKER'> {
  return ({ header: { brokerName } }) => {
    const wipeTopicCount = routes.wipeWritePerm(brokerName);
    log.info({ brokerName, wipeTopicCount }, 'took the write permission from a broker');
    return { code: 'SUCCESS', header: { wipeTopicCount } };
  };
}

/** 206: Java: DefaultRequestProcessor#getAllTopicListFromNameserver. */
export function getAllTopicList({ routes }: NamesrvParts): Handler<'GET_ALL_TOPIC_LIST_FROM_NAMESERVER'> {
  return () => ({ code: 'SUCCESS', body: encodeBody(topicList, { topicList: routes.topics() }) });
}

/** 216: Java: DefaultRequestProcessor#deleteTopicInNamesrv. */
export function deleteTopicInNamesrv({ routes }: NamesrvParts): Handler<'DELETE_TOPIC_IN_NAMESRV'> {
  return ({ header: { topic } }) => {
    routes.deleteTopic(topic);
    return { code: 'SUCCESS' };
  };
}

/** 224: Java: DefaultRequestProcessor#getTopicsByCluster. */
export function getTopicsByCluster({ routes }: NamesrvParts): Handler<'GET_TOPICS_BY_CLUSTER'> {
  return ({ header: { cluster } }) => ({
    code: 'SUCCESS',
    body: encodeBody(topicList, { topicList: routes.topicsOfCluster(cluster) }),
  });
}

/** 304: Java: DefaultRequestProcessor#getSystemTopicListFromNs. */
export function getSystemTopicList({ routes }: NamesrvParts): Handler<'GET_SYSTEM_TOPIC_LIST_FROM_NS'> {
  return () => ({ code: 'SUCCESS', body: encodeBody(topicList, routes.systemTopics()) });
}

/** 311: Java: DefaultRequestProcessor#getUnitTopicList. */
export function getUnitTopicList({ routes }: NamesrvParts): Handler<'GET_UNIT_TOPIC_LIST'> {
  return () => ({ code: 'SUCCESS', body: encodeBody(topicList, { topicList: routes.unitTopics({ unit: true }) }) });
}

/** 312: Java: DefaultRequestProcessor#getHasUnitSubTopicList. */
export function getHasUnitSubTopicList({ routes }: NamesrvParts): Handler<'GET_HAS_UNIT_SUB_TOPIC_LIST'> {
  return () => ({ code: 'SUCCESS', body: encodeBody(topicList, { topicList: routes.unitTopics({ unitSub: true }) }) });
}

/** 313: Java: DefaultRequestProcessor#getHasUnitSubUnUnitTopicList. */
export function getHasUnitSubUnUnitTopicList({ routes }: NamesrvParts): Handler<'GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST'> {
  return () => ({
    code: 'SUCCESS',
    body: encodeBody(topicList, { topicList: routes.unitTopics({ unit: false, unitSub: true }) }),
  });
}
