import type { Handlers } from '../remoting/handler.ts';
import { getNamesrvConfig, updateNamesrvConfig } from './config-handlers.ts';
import { deleteKvConfig, getKvConfig, getKvListByNamespace, putKvConfig } from './kv-handlers.ts';
import type { NamesrvParts } from './parts.ts';
import {
  deleteTopicInNamesrv,
  getAllTopicList,
  getBrokerClusterInfo,
  getHasUnitSubTopicList,
  getHasUnitSubUnUnitTopicList,
  getRouteInfoByTopic,
  getSystemTopicList,
  getTopicsByCluster,
  getUnitTopicList,
  queryDataVersion,
  registerBroker,
  unregisterBroker,
  wipeWritePermOfBroker,
} from './route-handlers.ts';

/** Every request code a name server serves; complete, or it does not compile. */
export function namesrvHandlers(parts: NamesrvParts): Handlers<'namesrv'> {
  return {
    PUT_KV_CONFIG: putKvConfig(parts),
    GET_KV_CONFIG: getKvConfig(parts),
    DELETE_KV_CONFIG: deleteKvConfig(parts),
    GET_KVLIST_BY_NAMESPACE: getKvListByNamespace(parts),
    REGISTER_BROKER: registerBroker(parts),
    UNREGISTER_BROKER: unregisterBroker(parts),
    QUERY_DATA_VERSION: queryDataVersion(parts),
    GET_ROUTEINTO_BY_TOPIC: getRouteInfoByTopic(parts),
    GET_BROKER_CLUSTER_INFO: getBrokerClusterInfo(parts),
    WIPE_WRITE_PERM_OF_BROKER: wipeWritePermOfBroker(parts),
    GET_ALL_TOPIC_LIST_FROM_NAMESERVER: getAllTopicList(parts),
    DELETE_TOPIC_IN_NAMESRV: deleteTopicInNamesrv(parts),
    GET_TOPICS_BY_CLUSTER: getTopicsByCluster(parts),
    GET_SYSTEM_TOPIC_LIST_FROM_NS: getSystemTopicList(parts),
    GET_UNIT_TOPIC_LIST: getUnitTopicList(parts),
    GET_HAS_UNIT_SUB_TOPIC_LIST: getHasUnitSubTopicList(parts),
    GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST: getHasUnitSubUnUnitTopicList(parts),
    UPDATE_NAMESRV_CONFIG: updateNamesrvConfig(parts),
    GET_NAMESRV_CONFIG: getNamesrvConfig(parts),
  };
}
