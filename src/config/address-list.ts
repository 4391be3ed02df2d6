/**
 * Why a server cannot use a list of name servers, `host:port;host:port`, or undefined when it can: the text Java prints
 * before it exits with -3. Host names are not looked up. Java: BrokerStartup, RemotingUtil#string2SocketAddress.
 */
export function illegalNamesrvAddr(addresses: string): string | undefined {
  // As in Java's split: empty parts at the end do not count, so that separators alone are legal.
  const counted = addresses.replace(/;+$/, '');
  const isLegal = counted === '' ? addresses !== '' : counted.split(';').every(isAddress);
  if (isLegal) return undefined;
  return `The Name Server Address[${addresses}] illegal, please set it as follows, ${EXAMPLE}`;
}

const EXAMPLE = '"127.0.0.1:9876;192.168.0.1:9876"';

function isAddress(part: string): boolean {
  const colon = part.lastIndexOf(':');
  const port = part.slice(colon + 1);
  return colon >= 0 && /^[+-]?[0-9]{1,10}$/.test(port) && Number(port) >= 0 && Number(port) <= 65_535;
}

/** Why the text of an address key cannot be meant, or undefined. */
export function suspiciousAddress(given: string): string | undefined {
  if (given.includes('#')) {
    return 'probably a comment behind the value: a properties file has none, the whole text would be the address';
  }
  if (/\s$/.test(given)) return 'the blank at the end would belong to the address';
  return undefined;
}

/** What is odd about an address or a list of them that can still be used in part, or undefined. */
export function oddAddress(given: string): string | undefined {
  return /\s/.test(given) ? 'a blank belongs to the host name beside it, which nobody will find' : undefined;
}

/** The addresses of a list joined by semicolons, without blanks around them. */
export function addressList(text: string): readonly string[] {
  return text
    .split(';')
    .map((address) => address.trim())
    .filter((address) => address !== '');
}

/** Where an address server tells the name servers; at port 8080 unless the domain names one. Java: MixAll#getWSAddr. */
export function addressServerUrl(domain: string, subGroup: string): string {
  return `http://${domain.includes(':') ? domain : `${domain}:8080`}/rocketmq/${subGroup}`;
}

/** The addresses in the answer of an address server: those of its first line. Java: TopAddressing#clearNewLine. */
export function addressServerList(answer: string): readonly string[] {
  const [line = ''] = answer.trim().split(/[\r\n]/, 1);
  return addressList(line);
}
