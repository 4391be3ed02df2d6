import { describe, expect, it } from 'vitest';
import { pickLocalAddress, systemEnvironment, systemPropertiesOf } from './environment.ts';

/** As os.networkInterfaces() lists them: name to addresses. */
function interfaces(list: Record<string, string[]>): Parameters<typeof pickLocalAddress>[0] {
  return Object.fromEntries(
    Object.entries(list).map(([name, addresses]) => [
      name,
      addresses.map((address) => {
        const common = { address, netmask: '', mac: '', cidr: null, internal: name === 'lo' };
        return address.includes(':')
          ? { ...common, family: 'IPv6' as const, scopeid: 0 }
          : { ...common, family: 'IPv4' as const };
      }),
    ]),
  );
}

const lo = ['127.0.0.1', '::1'];

describe('pickLocalAddress', () => {
  // The first two as the official RemotingUtil#getLocalAddress answered on a host with these interfaces.
  it.each([
    ['the newest interface', { lo, d1: ['172.17.0.1', 'fe80::1'], d0: ['10.2.2.1', 'fe80::2'] }, '10.2.2.1'],
    ['the newest address, on loopback too', { lo: ['127.0.0.1', '10.1.1.1', '10.1.1.2', '::1'] }, '10.1.1.2'],
    ['a wide address before a private 192.168 one', { lo, a: ['10.0.0.1'], b: ['192.168.0.1'] }, '10.0.0.1'],
    ['the oldest of 192.168 ones', { lo, a: ['192.168.0.1'], b: ['192.168.0.2'] }, '192.168.0.1'],
    ['an IPv6 address, not of the link', { lo, a: ['fd00::5', 'fe80::1'] }, '[fd00::5]'],
    ['loopback when there is nothing else', { lo }, '127.0.0.1'],
    ['loopback on a host without interfaces', {}, '127.0.0.1'],
  ])('is %s', (_, list, address) => {
    expect(pickLocalAddress(interfaces(list))).toBe(address);
  });
});

describe('systemPropertiesOf', () => {
  it('reads -D words of JAVA_OPT and JAVA_OPT_EXT, the later one wins', () => {
    const variables = { JAVA_OPT: '-server -Da=1 -Db=x=y', JAVA_OPT_EXT: ' -Xmx8g  -Da=2 -Dflag -D=3' };
    expect(systemPropertiesOf(variables)).toEqual({ a: '2', b: 'x=y', flag: '' });
    expect(systemPropertiesOf({})).toEqual({});
  });
});

describe('systemEnvironment', () => {
  it('takes the home of the account unless user.home is given', () => {
    expect(systemEnvironment({ HOME: '/elsewhere' }).homeDir).not.toBe('/elsewhere');
    expect(systemEnvironment({ JAVA_OPT_EXT: '-Duser.home=/h' }).homeDir).toBe('/h');
    expect(systemEnvironment({}).cpuCount).toBeGreaterThan(0);
  });
});
