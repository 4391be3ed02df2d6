import type { Environment } from './environment.ts';
import { bool, type ConfigOf, int, long } from './key.ts';
import { NO_BUFFER_SIZE, NO_NETTY, NO_POOL, NO_SEMAPHORE, UNUSED } from './reasons.ts';

/** The settings of a listening server, as Java names them. Java: NettyServerConfig. */
export type NettyServerConfig = ConfigOf<typeof nettyServerConfigTable>;

/** The settings of outgoing connections, as Java names them. Java: NettyClientConfig. */
export type NettyClientConfig = ConfigOf<typeof nettyClientConfigTable>;

/** What Java's classes start from; a broker then raises it. Java: NettySystemConfig. */
const SOCKET_BUFFER_BYTES = 65_535;

/** 24 days, the longest that a timer of Node.js waits. */
const MOST_IDLE_SECONDS = 2_147_483;

/** One row per key, in the order in which Java declares and prints them. Java: NettyServerConfig. */
export const nettyServerConfigTable = {
  listenPort: int(8888, 'restart', 'Port for clients. The fast port is 2 below, the replication port 1 above it.', {
    min: 0,
    max: 65_535,
    defaultText: '10911 of a broker, 9876 of a name server',
  }),
  serverWorkerThreads: int(8, NO_POOL, 'Threads of the encoder and decoder.'),
  serverCallbackExecutorThreads: int(0, NO_POOL, 'Threads for callbacks.'),
  serverSelectorThreads: int(3, NO_POOL, 'Threads that read and write sockets.'),
  serverOnewaySemaphoreValue: int(256, NO_SEMAPHORE, 'Requests without an answer to clients under way.'),
  serverAsyncSemaphoreValue: int(64, 'restart', 'Requests to one client that wait for their answer, at most.'),
  serverChannelMaxIdleTimeSeconds: int(120, 'restart', 'Silence after which a connection is closed; 0: never.', {
    unit: 's',
    min: 0,
    read: (stored) => Math.min(stored, MOST_IDLE_SECONDS),
  }),
  serverSocketSndBufSize: int(sendBufferBytes, NO_BUFFER_SIZE, 'Send buffer of a socket.', {
    unit: 'B',
    defaultText: '131072 of a broker, 65535 of a name server',
  }),
  serverSocketRcvBufSize: int(receiveBufferBytes, NO_BUFFER_SIZE, 'Receive buffer of a socket.', {
    unit: 'B',
    defaultText: '131072 of a broker, 65535 of a name server',
  }),
  serverPooledByteBufAllocatorEnable: bool(true, NO_NETTY, 'Takes buffers from a pool.'),
  useEpollNativeSelector: bool(false, NO_NETTY, 'Uses the native selector of Linux.'),
};

/** One row per key, in the order in which Java declares and prints them. Java: NettyClientConfig. */
export const nettyClientConfigTable = {
  clientWorkerThreads: int(4, NO_POOL, 'Threads of the encoder and decoder.'),
  clientCallbackExecutorThreads: int((e) => e.cpuCount, NO_POOL, 'Threads for callbacks.', { defaultText: 'CPUs' }),
  clientOnewaySemaphoreValue: int(
    (e) => systemInt(e, 'com.rocketmq.remoting.clientOnewaySemaphoreValue', 65_535),
    NO_SEMAPHORE,
    'Requests without an answer to name servers under way.',
    { defaultText: '65535' },
  ),
  clientAsyncSemaphoreValue: int(
    (e) => systemInt(e, 'com.rocketmq.remoting.clientAsyncSemaphoreValue', 65_535),
    'restart',
    'Requests to one name server that wait for their answer, at most.',
    { defaultText: '65535' },
  ),
  connectTimeoutMillis: int(3000, 'restart', 'Time-out of a new connection.', { unit: 'ms', min: 1 }),
  channelNotActiveInterval: long(60_000, UNUSED, 'Once meant for idle connections.', { unit: 'ms' }),
  clientChannelMaxIdleTimeSeconds: int(120, 'restart', 'Silence after which a connection is closed; 0: never.', {
    unit: 's',
    min: 0,
    read: (stored) => Math.min(stored, MOST_IDLE_SECONDS),
  }),
  clientSocketSndBufSize: int(sendBufferBytes, NO_BUFFER_SIZE, 'Send buffer of a socket.', {
    unit: 'B',
    defaultText: '131072',
  }),
  clientSocketRcvBufSize: int(receiveBufferBytes, NO_BUFFER_SIZE, 'Receive buffer of a socket.', {
    unit: 'B',
    defaultText: '131072',
  }),
  clientPooledByteBufAllocatorEnable: bool(false, NO_NETTY, 'Takes buffers from a pool.'),
  clientCloseSocketIfTimeout: bool(false, 'restart', 'Closes a connection when a request on it runs out of time.'),
  useTLS: bool((e) => e.systemProperties['tls.enable']?.toLowerCase() === 'true', 'restart', 'Encrypts connections.', {
    defaultText: 'false',
  }),
};

function sendBufferBytes(environment: Environment): number {
  return systemInt(environment, 'com.rocketmq.remoting.socket.sndbuf.size', SOCKET_BUFFER_BYTES);
}

function receiveBufferBytes(environment: Environment): number {
  return systemInt(environment, 'com.rocketmq.remoting.socket.rcvbuf.size', SOCKET_BUFFER_BYTES);
}

/** A whole number from a system property; anything else counts as absent. */
function systemInt(environment: Environment, name: string, absent: number): number {
  const given = environment.systemProperties[name];
  return given !== undefined && /^[0-9]{1,9}$/.test(given) ? Number(given) : absent;
}
