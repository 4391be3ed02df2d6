import { cpus, hostname, networkInterfaces, userInfo } from 'node:os';

/** What defaults may depend on. A value, so that the tables stay pure. */
export interface Environment {
  /** The home directory of the account, not $HOME. Java: user.home. */
  readonly homeDir: string;
  /** Environment variables. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** What `-Dname=value` words in JAVA_OPT and JAVA_OPT_EXT say; the start scripts of Java pass them on. */
  readonly systemProperties: Readonly<Record<string, string | undefined>>;
  readonly hostName: string;
  /** The address that clients are told unless brokerIP1 is set. */
  readonly localAddress: string;
  readonly cpuCount: number;
}

/** The surroundings of this process. The one function of this folder that asks the operating system; for the roots. */
export function systemEnvironment(variables: Readonly<Record<string, string | undefined>>): Environment {
  const systemProperties = systemPropertiesOf(variables);
  return {
    homeDir: systemProperties['user.home'] ?? userInfo().homedir,
    variables,
    systemProperties,
    hostName: hostname() || 'DEFAULT_BROKER',
    localAddress: pickLocalAddress(networkInterfaces()),
    cpuCount: Math.max(1, cpus().length),
  };
}

/** The `-Dname=value` words of JAVA_OPT and then JAVA_OPT_EXT; a later one wins, as on a command line of java. */
export function systemPropertiesOf(
  variables: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const words = `${variables['JAVA_OPT'] ?? ''} ${variables['JAVA_OPT_EXT'] ?? ''}`.split(/\s+/);
  const properties: Record<string, string | undefined> = {};
  for (const word of words) {
    const match = /^-D([^=]+)(?:=(.*))?$/.exec(word);
    if (match?.[1] !== undefined) properties[match[1]] = match[2] ?? '';
  }
  return properties;
}

/**
 * The address to announce: the first IPv4 address that is neither 127.0.* nor 192.168.*, else the last IPv4 address,
 * else an IPv6 address in brackets, else 127.0.0.1. Java sees interfaces and their addresses in the opposite order of
 * the system's list, newest interface first; so is "first" meant here. Java: RemotingUtil#getLocalAddress.
 */
export function pickLocalAddress(interfaces: ReturnType<typeof networkInterfaces>): string {
  const all = Object.values(interfaces).flatMap((addresses) => addresses ?? []);
  // By address and not by interface: one that somebody gave to the loopback interface counts.
  const usable = all.reverse().filter(({ address }) => !address.startsWith('127.') && address !== '::1');
  const v4 = usable.filter((found) => found.family === 'IPv4').map((found) => found.address);
  const v6 = usable.find((found) => found.family === 'IPv6' && !found.address.startsWith('fe80:'));
  const wide = v4.find((address) => !address.startsWith('192.168'));
  return wide ?? v4.at(-1) ?? (v6 === undefined ? '127.0.0.1' : `[${v6.address}]`);
}
