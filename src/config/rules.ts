import { parseDuration } from '../text/go-duration.ts';
import { isPromotionError, type Position } from '../errors.ts';
import { hostInUrl, hostProblem } from '../image/host.ts';
import { compilePattern, type Pattern } from '../image/pattern.ts';
import { repositoryHint, repositoryProblem } from '../image/reference.ts';
import { KINDS } from '../registry/kinds/index.ts';
import { bool, choice, explained, list, mapping, number, text, type Rule, type Wrong } from '../yaml/rule.ts';

/** Where credentials may come from. */
export const CREDENTIALS = ['docker', 'google', 'ecr', 'acr', 'ghcr', 'gitlab', 'none'] as const;

/** How tags are listed. */
export const LISTINGS = ['auto', 'google', 'tags'] as const;

/** A file that the configuration names, as written; what is in it is not looked at here. */
export type NamedFile = { readonly path: string; readonly position: Position };

/** `none` goes straight to the host, whatever the environment says. */
export type ProxyChoice = URL | 'none';

const HOST_FORM = '^[^/]+$';

const hostPattern = text<Pattern>((written) => {
  const compiled = patternOf(written);
  if (!('value' in compiled) || !compiled.value.text.includes('/')) return compiled;
  return {
    message: `is ${JSON.stringify(written)}, which has a path`,
    hint: 'settings are for a whole host: write host[:port] only',
  };
}, HOST_FORM);

const anyPattern = text<Pattern>(patternOf);

function patternOf(written: string): { readonly value: Pattern } | Wrong {
  try {
    return { value: compilePattern(written) };
  } catch (error) {
    if (!isPromotionError(error, 'USAGE')) throw error;
    return { message: `is no pattern: ${error.message}`, hint: error.hint ?? '' };
  }
}

const publicName = text<string>((written) => {
  const problem = repositoryProblem(written);
  if (problem === undefined) return { value: written };
  return { message: problem, hint: repositoryHint(written, 'images.example.com') };
});

// Go's form (https://pkg.go.dev/time#ParseDuration), without a sign.
const duration = text<number>(
  (written) => {
    const ms = parseDuration(written);
    if (ms !== undefined && ms > 0) return { value: ms };
    return {
      // What is no word and no number may be a secret that was put into the wrong place.
      message: `${/^-?[0-9.]* ?[a-z]{0,12}$/i.test(written) ? `is ${JSON.stringify(written)}, which ` : ''}is no length of time`,
      hint: 'write a number with a unit, for example "30s", "15m" or "1m30s"',
    };
  },
  '^(?:[0-9]+(?:\\.[0-9]*)?(?:ns|us|µs|ms|s|m|h))+$',
  (written) => (/^[0-9.]+$/.test(written) ? `${written}s` : '30s'),
);

const path = text<string>((value) => ({ value }));

const file: Rule<NamedFile> = {
  schema: path.schema,
  read: (node, what, reading) => {
    const written = path.read(node, what, reading);
    return written === undefined ? undefined : { path: written, position: reading.at(node.offset) };
  },
};

const proxy: Rule<ProxyChoice> = text<ProxyChoice>((written) => {
  if (written === 'none') return { value: 'none' };
  const url = URL.parse(written);
  // The address may hold a password, so it is not repeated.
  const isHost = hostProblem(hostInUrl(written)) === undefined;
  if (url !== null && isHost && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === '')
    return { value: url };
  return { message: 'is no address of a proxy', hint: 'write http://host:port or https://host:port, or none' };
}, '^(?:none|https?://[^/]+/?)$');

const limits = mapping(
  {
    group: explained(
      text<string>((value) => ({ value })),
      'Registries with the same group share one limit.',
    ),
    start: explained(number(0.1, true), 'Requests a second at first.'),
    floor: explained(number(0.1, true), 'Requests a second that are never gone below.'),
    ceiling: explained(number(0.1, true), 'Requests a second that are never gone above.'),
    burst: explained(number(1), 'Requests that may be sent at once after a pause.'),
    // One slot for each of small requests, downloads and uploads.
    concurrency: explained(number(3), 'Requests under way at once.'),
  },
  [],
  ({ floor, start, ceiling }) => {
    const order = [floor, start, ceiling].filter((one) => one !== undefined);
    return order.every((one, index) => index === 0 || one >= (order[index - 1] ?? 0))
      ? undefined
      : { message: 'contradicts itself', hint: 'floor is at most start, and start at most ceiling' };
  },
);

const timeouts = mapping(
  {
    connect: explained(duration, 'Until TCP, the tunnel of a proxy and TLS are up.'),
    headers: explained(duration, 'From the last byte of the request until the answer begins.'),
    idle: explained(duration, 'Without a single byte moving while a body is sent or read.'),
    request: explained(duration, 'From the first byte of the request until the last byte of the answer.'),
    bytesPerMinute: explained(
      number(0),
      'The fewest bytes a minute that a blob, manifest or list must move, over all attempts; 0 waits for any.',
    ),
  },
  [],
);

const registry = mapping(
  {
    match: explained(
      hostPattern,
      'The hosts that this is about, as host[:port] with * and **; the first entry that matches wins.',
    ),
    kind: explained(
      choice(KINDS.map(({ name }) => name)),
      'What kind of registry it is, where its host does not tell.',
    ),
    insecure: explained(bool, 'True for plain HTTP, false for HTTPS on loopback, too.'),
    ca: explained(file, 'A file of PEM certificates to trust besides the system’s.'),
    clientCertificate: explained(
      mapping({ cert: file, key: file }, ['cert', 'key']),
      'Two PEM files that prove to the registry who we are.',
    ),
    proxy: explained(proxy, 'The HTTP proxy on the way, or none in spite of the environment.'),
    credentials: explained(choice(CREDENTIALS), 'Where credentials come from.'),
    limits: explained(limits, 'How fast requests may be.'),
    listing: explained(choice(LISTINGS), 'How tags are listed.'),
    mount: explained(bool, 'False never asks to mount a blob from another repository.'),
    timeouts: explained(timeouts, 'How long a request may take, as Go writes durations.'),
    createRepositories: explained(bool, 'True creates a repository that is not there (ECR).'),
  },
  ['match'],
  (value) => {
    if (value.insecure === true && (value.ca !== undefined || value.clientCertificate !== undefined))
      return {
        message: 'has certificates for plain HTTP',
        hint: 'leave out "insecure", or "ca" and "clientCertificate"',
      };
    if (value.createRepositories === true && value.kind !== undefined && value.kind !== 'ecr')
      return {
        message: `creates repositories of the kind ${value.kind}`,
        hint: 'only "kind: ecr" can; leave out "createRepositories"',
      };
    return undefined;
  },
);

/** How what is attached to images reaches clients. */
export const ATTACHMENT_MODES = ['replicated', 'routed'] as const;

const attachment = mapping(
  {
    match: explained(
      anyPattern,
      'The places that this is about, as host[:port][/path] with * and **; the first match wins.',
    ),
    mode: explained(
      choice(ATTACHMENT_MODES),
      'How clients reach what is attached: by copies on each mirror, or by a router that asks the primary.',
    ),
    through: explained(publicName, 'The name of the router; what matched is replaced by it.'),
    standby: explained(
      list(anyPattern, 'an entry of "standby"'),
      'Mirrors that get copies nevertheless, to take the place of the primary.',
    ),
  },
  ['match'],
  ({ mode = 'replicated', through, standby }) => {
    if (mode === 'routed' && through === undefined)
      return { message: 'is routed through no name', hint: 'add "through": the name that clients use' };
    if (mode === 'replicated' && (through !== undefined || standby !== undefined))
      return {
        message: `has "${through === undefined ? 'standby' : 'through'}" without being routed`,
        hint: 'add "mode: routed", or leave "through" and "standby" out',
      };
    return undefined;
  },
);

const version = number(1);

/** The whole file. */
export const REGISTRY_CONFIG = mapping(
  {
    version: { ...version, schema: { const: 1, description: 'The version of this format.' } },
    primary: explained(anyPattern, 'The registry that is signed first, and copied from.'),
    publicNames: explained(
      list(
        mapping(
          {
            match: anyPattern,
            name: publicName,
            formerNames: explained(
              list(publicName, 'an entry of "formerNames"'),
              'Names that were signed before: signatures for them are as good as those for the name.',
            ),
          },
          ['match', 'name'],
        ),
        'an entry of "publicNames"',
      ),
      'Under which names people pull: what matches is replaced by the name; the first match wins.',
    ),
    attachments: explained(
      list(attachment, 'an entry of "attachments"'),
      'How signatures and attestations reach clients; replicated to all mirrors unless given.',
    ),
    registries: explained(
      list(registry, 'an entry of "registries"'),
      'How registries are reached; the first match wins.',
    ),
  },
  ['version'],
  ({ version: written }) =>
    written === 1
      ? undefined
      : { message: `has the version ${written}`, hint: 'write "version: 1"; this program knows no other' },
);

/** One entry of `registries` as written. */
export type WrittenRegistry = NonNullable<ReturnType<(typeof registry)['read']>>;

/** One entry of `attachments` as written. */
export type WrittenAttachment = NonNullable<ReturnType<(typeof attachment)['read']>>;
