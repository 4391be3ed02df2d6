import { type TopicRouteData, topicRouteData } from '../codec/bodies/route.ts';
import { decodeBody } from '../codec/bodies/schema.ts';
import { commands } from '../codec/commands.ts';
import { DecodeError } from '../codec/fast-json.ts';
import { addressList, addressServerList } from '../config/address-list.ts';
import type { ProductEnvironment } from '../config/configs.ts';
import type { RemotingClient } from '../remoting/client.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';

/** Java: DefaultMQAdminExtImpl, its timeoutMillis. */
const LONGEST_ASK_MS = 5000;
/** Java: MQClientInstance#startScheduledTask. */
const FIRST_LOOK_UP_MS = 10_000;
const LOOK_UP_PERIOD_MS = 120_000;
/** Topics that are asked for at the same time; what comes beyond is unknown. */
const MOST_ASKED = 1024;
/** An extField of ours: two name servers in this mode must not ask each other for ever. */
const FORWARDED = 'forwardedForClusterTest';

export interface ProductClusterOptions {
  readonly client: RemotingClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly environment: ProductEnvironment;
  readonly productEnvName: string;
  /** Gets a small text by HTTP. */
  readonly fetchText: (url: string) => Promise<string>;
}

/**
 * The name servers of another cluster, which are asked for routes of topics that nobody registered here: with
 * `clusterTest=true`, so that clients of a test cluster reach what only production has. Java:
 * ClusterTestRequestProcessor, with its admin client.
 */
export class ProductCluster {
  readonly #options: ProductClusterOptions;
  readonly #asked = new Map<string, Promise<TopicRouteData | undefined>>();
  readonly #timers: Timer[] = [];
  #nameServers: readonly string[];
  /** The one that answered last. */
  #current = 0;

  constructor(options: ProductClusterOptions) {
    this.#options = options;
    this.#nameServers = addressList(options.environment.namesrvAddr ?? '');
  }

  /** Looks the name servers up, unless they are given: now, after ten seconds and every two minutes. Never rejects. */
  async start(): Promise<void> {
    if (this.#nameServers.length > 0) return;
    const { clock } = this.#options;
    const lookUp = (): void => void this.#lookUp();
    this.#timers.push(
      clock.setTimeout(() => {
        lookUp();
        this.#timers.push(clock.setInterval(lookUp, LOOK_UP_PERIOD_MS));
      }, FIRST_LOOK_UP_MS),
    );
    await this.#lookUp();
  }

  shutdown(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.length = 0;
  }

  /** True for a request that another name server in this mode sends. */
  isForwarded(request: { ext(name: string): string | undefined }): boolean {
    return request.ext(FORWARDED) !== undefined;
  }

  /** The route there; undefined when there is none, or nobody answers within five seconds. */
  route(topic: string): Promise<TopicRouteData | undefined> {
    const asked = this.#asked.get(topic);
    if (asked !== undefined) return asked;
    if (this.#asked.size >= MOST_ASKED) return Promise.resolve(undefined);
    const asking = this.#ask(topic).finally(() => this.#asked.delete(topic));
    this.#asked.set(topic, asking);
    return asking;
  }

  async #ask(topic: string): Promise<TopicRouteData | undefined> {
    const { client, clock, log, productEnvName } = this.#options;
    const fields = new Map([
      ['topic', topic],
      [FORWARDED, 'true'],
    ]);
    const { code } = commands.GET_ROUTEINTO_BY_TOPIC;
    const endMs = clock.monotonicMs() + LONGEST_ASK_MS;
    for (let tries = 0; tries < this.#nameServers.length; tries++) {
      const address = this.#nameServers[this.#current % this.#nameServers.length] ?? '';
      const leftMs = endMs - clock.monotonicMs();
      if (leftMs <= 0) return undefined;
      try {
        const answer = await client.call(address, code, fields, undefined, leftMs);
        return answer.codeName === 'SUCCESS' ? routeOf(answer.body) : undefined;
      } catch (error) {
        this.#current++;
        log.info({ address, productEnvName, topic, error }, 'a name server of the product environment did not answer');
      }
    }
    return undefined;
  }

  /** Java: TopAddressing#fetchNSAddr with a unit name. */
  async #lookUp(): Promise<void> {
    const { environment, productEnvName, fetchText, log } = this.#options;
    const unit = productEnvName.trim() === '' ? '' : `-${productEnvName}?nofix=1`;
    const url = `${environment.addressServerUrl}${unit}`;
    try {
      const found = addressServerList(await fetchText(url));
      if (found.length > 0) this.#nameServers = found;
    } catch (error) {
      log.warn({ url, error }, 'the address server did not tell the name servers of the product environment');
    }
  }
}

function routeOf(body: Buffer | undefined): TopicRouteData | undefined {
  const route = body === undefined ? undefined : decodeBody(topicRouteData, body);
  return route instanceof DecodeError ? undefined : route;
}
