import { BlockList, isIP } from 'node:net';
import { PromotionError } from '../../errors.ts';
import { isLoopback } from './addresses.ts';

/** Returns the proxy for requests to an address; undefined means a direct connection. */
export type ProxyFor = (target: URL) => URL | undefined;

/** The environment variables. The upper-case name takes precedence, as in Go programs. */
const VARIABLES = { 'https:': 'HTTPS_PROXY', 'http:': 'HTTP_PROXY' } as const;

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'https:': '443', 'http:': '80' };

/**
 * Reads the proxies from HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in upper or lower case, by the rules of
 * https://pkg.go.dev/golang.org/x/net/http/httpproxy: loopback is never proxied. Throws USAGE if a proxy address is
 * invalid.
 */
export function environmentProxy(env: Readonly<Record<string, string | undefined>>): ProxyFor {
  const valueOf = (name: string): string => env[name] || env[name.toLowerCase()] || '';
  const proxies = new Map(Object.entries(VARIABLES).map(([scheme, name]) => [scheme, parse(name, valueOf(name))]));
  const isExempt = exemptions(valueOf('NO_PROXY'));
  return (target) => (isLoopback(target.hostname) || isExempt(target) ? undefined : proxies.get(target.protocol));
}

/** An address without a scheme is a plain HTTP one. */
function parse(name: string, value: string): URL | undefined {
  if (value === '') return undefined;
  const url = URL.parse(/^[a-z0-9+.-]+:\/\//i.test(value) ? value : `http://${value}`);
  if (url !== null && /^https?:$/.test(url.protocol) && url.hostname !== '') return url;
  // The value may hold a password, so it is not repeated.
  throw new PromotionError('USAGE', `${name} is not the address of an HTTP proxy`, {
    hint: `set it to http://host:port or https://host:port, or unset it`,
  });
}

type Exemption = (host: string, port: string) => boolean;

/** Parses a list such as `localhost,.internal,10.0.0.0/8,registry.example:5000`; `*` exempts all hosts. */
function exemptions(list: string): (target: URL) => boolean {
  const rules = list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .map(exemption);
  return ({ hostname, port, protocol }) => {
    const host = hostname
      .toLowerCase()
      .replace(/^\[|\]$/g, '')
      .replace(/\.$/, '');
    return rules.some((applies) => applies(host, port === '' ? (DEFAULT_PORTS[protocol] ?? '') : port));
  };
}

function exemption(entry: string): Exemption {
  if (entry === '*') return () => true;
  const network = networkOf(entry);
  if (network !== undefined) return (host) => isIP(host) !== 0 && network.check(host, family(host));
  const [, bracketed, plain = '', wanted] = /^(?:\[([^\]]*)\]|([^:]*|.*:.*:.*?))(?::([0-9]+))?$/.exec(entry) ?? [];
  const name = bracketed ?? plain;
  const onPort = (port: string): boolean => wanted === undefined || wanted === port;
  if (isIP(name) !== 0) {
    const address = new BlockList();
    address.addAddress(name, family(name));
    return (host, port) => onPort(port) && isIP(host) !== 0 && address.check(host, family(host));
  }
  // `example.com` covers the host and its subdomains, `.example.com` and `*.example.com` only its subdomains.
  const below = name.replace(/^\*?\.?/, '.');
  const whole = /^[.*]/.test(name) ? undefined : name;
  return (host, port) => onPort(port) && below !== '.' && (host === whole || host.endsWith(below));
}

function networkOf(entry: string): BlockList | undefined {
  const [, address = '', bits] = /^([0-9a-f.:]+)\/([0-9]{1,3})$/.exec(entry) ?? [];
  const version = isIP(address);
  if (version === 0 || Number(bits) > (version === 6 ? 128 : 32)) return undefined;
  const list = new BlockList();
  list.addSubnet(address, Number(bits), family(address));
  return list;
}

function family(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
