/** RFC 1035, section 2.3.4: maximum octets of one label, and of a whole name. */
const MAX_LABEL = 63;
const MAX_NAME = 253;
const MAX_PORT = 65_535;

const LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/i;
const NUMBER = /^(?:[0-9]+|0x[0-9a-f]*)$/i;
const OCTET = /^(?:0|[1-9][0-9]{0,2})$/;

/**
 * Returns why this is not a valid `host[:port]`, as a predicate; undefined if it is valid. A valid host means the same
 * host in a URL.
 */
export function hostProblem(host: string): string | undefined {
  const { name, port } = splitPort(host);
  return portProblem(port) ?? (name.startsWith('[') ? ipv6Problem(name) : nameProblem(name));
}

/**
 * Returns the canonical spelling of a valid `host[:port]`, or of the host of a pattern: lower case, the shortest form
 * of IPv6, no default port.
 */
export function canonicalHost(host: string): string {
  const { name: written, port } = splitPort(host.toLowerCase());
  const isShort = !written.startsWith('[') || written.includes('*');
  const name = isShort ? written : (URL.parse(`http://${written}`)?.hostname ?? written);
  return port === undefined || (port === defaultPort(name) && isUnmistakable(name)) ? name : `${name}:${port}`;
}

/** Returns the default port of a canonical host without a port. */
export function defaultPort(name: string): string {
  return isLoopbackName(name) ? '80' : '443';
}

/** Loopback uses plain HTTP by default. */
function isLoopbackName(name: string): boolean {
  return name === '[::1]' || /^(?:127\.[0-9.]+|(?:.+\.)?localhost)$/.test(name);
}

/** Returns the usual spelling of a host with a trailing dot or an unusual number; undefined for any other host. */
export function plainForm(host: string): string | undefined {
  const { name: written, port } = splitPort(host);
  const name = URL.parse(`http://${written.slice(0, MAX_NAME)}`)?.hostname.replace(/\.$/, '') ?? '';
  const plain = canonicalHost(port === undefined ? name : `${name}:${port}`);
  return hostProblem(host) !== undefined && hostProblem(plain) === undefined ? plain : undefined;
}

/** Like hostProblem for the host of a pattern, in which `*` may stand for any part of a name or a port. */
export function hostPatternProblem(pattern: string): string | undefined {
  if (!pattern.includes('*')) return hostProblem(pattern);
  const { name, port } = splitPort(pattern);
  const problem = port?.includes('*') === true && /^[0-9*]+$/.test(port) ? undefined : portProblem(port);
  if (problem !== undefined) return problem;
  if (name.startsWith('[')) return /^\[[0-9a-f:*]+\]$/i.test(name) ? undefined : IPV6;
  // a letter replaces a wildcard: a number would turn the name into an address
  return labelsProblem(name.replaceAll('*', 'x'));
}

/** Returns the `host[:port]` of a URL as it is written: parsing would turn `1.2.3` into another host. */
export function hostInUrl(url: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#]*@)?([^/?#]*)/i.exec(url)?.[1] ?? '';
}

/** Returns true for a host that can only be a registry: other tools read `name/image` as a repository of Docker Hub. */
export function isUnmistakable(host: string): boolean {
  return /[.:]/.test(host) || host.toLowerCase() === 'localhost';
}

const IPV6 = 'an IPv6 address in brackets is eight groups of hexadecimal digits, as in [2001:db8::1]';

function splitPort(host: string): { readonly name: string; readonly port: string | undefined } {
  const [, name = host, port] = /^(\[[^\]]*\]|[^:]*)(?::([^]*))?$/.exec(host) ?? [];
  return { name, port };
}

function portProblem(port: string | undefined): string | undefined {
  if (port === undefined) return undefined;
  const isPort = /^[1-9][0-9]{0,4}$/.test(port) && Number(port) <= MAX_PORT;
  return isPort ? undefined : `a port is a number from 1 to ${MAX_PORT}, not "${port.slice(0, 20)}"`;
}

function ipv6Problem(name: string): string | undefined {
  return /^\[[0-9a-f:]+\]$/i.test(name) && URL.canParse(`http://${name}`) ? undefined : IPV6;
}

function nameProblem(name: string): string | undefined {
  const problem = labelsProblem(name);
  if (problem !== undefined) return problem;
  const labels = name.split('.');
  // https://url.spec.whatwg.org/#ends-in-a-number-checker: such a name is parsed as an IPv4 address or rejected
  if (NUMBER.test(labels.at(-1) ?? '')) {
    const isPlain = labels.length === 4 && labels.every((label) => OCTET.test(label) && Number(label) <= 255);
    return isPlain ? undefined : 'an IPv4 address is four numbers from 0 to 255 without leading zeros';
  }
  // the rest are names that look like punycode but are not
  const isKept = URL.parse(`http://${name}`)?.hostname === name.toLowerCase();
  return isKept ? undefined : 'this is not the ASCII form of any name';
}

function labelsProblem(name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (name.length > MAX_NAME) return `a name has at most ${MAX_NAME} characters`;
  if (name.endsWith('.')) return 'a name must not end with "."';
  for (const label of name.split('.')) {
    if (label === '') return 'a part between dots is empty';
    if (label.length > MAX_LABEL) return `a part between dots has at most ${MAX_LABEL} characters`;
    if (label.includes('_')) return 'a host name has no "_"';
    if (!LABEL.test(label))
      return 'a part between dots is letters, digits and "-", and neither begins nor ends with "-"';
  }
  return undefined;
}
