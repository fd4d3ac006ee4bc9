import type { z } from 'zod';
import { isPromotionError } from '../errors.ts';
import { SOURCE_NAMES } from '../http/credentials/source-names.ts';
import { hostInUrl, hostProblem } from '../image/host.ts';
import { compilePattern, type Pattern } from '../image/pattern.ts';
import { repositoryHint, repositoryProblem } from '../image/reference.ts';
import { KINDS } from '../registry/kinds/index.ts';
import { parseDuration } from '../text/go-duration.ts';
import {
  bool,
  choice,
  errorText,
  list,
  mapping,
  number,
  numberOf,
  text,
  textAs,
  wholeNumber,
  type Wrong,
} from '../yaml/schema-parts.ts';

const hostPattern = textAs((written) => {
  const compiled = patternOf(written);
  if (!('value' in compiled) || !compiled.value.text.includes('/')) return compiled;
  return {
    message: `is ${JSON.stringify(written)}, which has a path`,
    hint: 'settings are for a whole host: write host[:port] only',
  };
}, '^[^/]+$');

const anyPattern = textAs(patternOf);

function patternOf(written: string): { readonly value: Pattern } | Wrong {
  try {
    return { value: compilePattern(written) };
  } catch (error) {
    if (!isPromotionError(error, 'USAGE')) throw error;
    return { message: `is not a pattern: ${error.message}`, hint: error.hint ?? '' };
  }
}

const publicName = text((written) => {
  const message = repositoryProblem(written);
  return message === undefined ? undefined : { message, hint: repositoryHint(written, 'images.example.com') };
});

const DURATION_HINT = 'write a number with a unit, for example "30s", "15m" or "1m30s"';

// Go's form (https://pkg.go.dev/time#ParseDuration), without a sign.
const duration = textAs(
  (written) => {
    const ms = parseDuration(written);
    if (ms !== undefined && ms > 0) return { value: ms };
    // Any other text may be a secret in the wrong place, so it is not repeated.
    const isHarmless = /^-?[0-9.]* ?[a-z]{0,12}$/i.test(written);
    const message = `${isHarmless ? `is ${JSON.stringify(written)}, which ` : ''}is not a duration`;
    return { message, hint: DURATION_HINT };
  },
  '^(?:[0-9]+(?:\\.[0-9]*)?(?:ns|us|µs|ms|s|m|h))+$',
  DURATION_HINT,
);

/** `none` connects directly, whatever the environment says. */
type ProxyChoice = URL | 'none';

const proxy = textAs((written): { readonly value: ProxyChoice } | Wrong => {
  if (written === 'none') return { value: 'none' };
  const url = URL.parse(written);
  const isHost = hostProblem(hostInUrl(written)) === undefined;
  if (url !== null && isHost && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === '')
    return { value: url };
  // The address may contain a password, so it is not repeated.
  return { message: 'is not the address of a proxy', hint: 'write http://host:port or https://host:port, or none' };
}, '^(?:none|https?://[^/]+/?)$');

const limits = mapping(
  {
    group: text().describe('Registries with the same group share one limit.').exactOptional(),
    start: number(0.1).describe('Requests a second at first.').exactOptional(),
    floor: number(0.1).describe('Requests a second that are never gone below.').exactOptional(),
    ceiling: number(0.1).describe('Requests a second that are never gone above.').exactOptional(),
    burst: wholeNumber(1).describe('Requests that may be sent at once after a pause.').exactOptional(),
    // One slot for each of small requests, downloads and uploads.
    concurrency: wholeNumber(3).describe('Requests under way at once.').exactOptional(),
  },
  ({ floor, start, ceiling }) => {
    const order = [floor, start, ceiling].filter((one) => one !== undefined);
    return order.every((one, index) => index === 0 || one >= (order[index - 1] ?? 0))
      ? undefined
      : { message: 'contradicts itself', hint: 'floor is at most start, and start at most ceiling' };
  },
);

const timeouts = mapping({
  connect: duration.describe('Until TCP, the tunnel of a proxy and TLS are up.').exactOptional(),
  headers: duration.describe('From the last byte of the request until the answer begins.').exactOptional(),
  idle: duration.describe('Without a single byte moving while a body is sent or read.').exactOptional(),
  request: duration.describe('From the first byte of the request until the last byte of the answer.').exactOptional(),
  bytesPerMinute: wholeNumber(0)
    .describe('The fewest bytes a minute that a blob, manifest or list must move, over all attempts; 0 waits for any.')
    .exactOptional(),
});

const registry = mapping(
  {
    match: hostPattern.describe(
      'The hosts that this is about, as host[:port] with * and **; the first entry that matches wins.',
    ),
    kind: choice(KINDS.map(({ name }) => name))
      .describe('What kind of registry it is, where its host does not tell.')
      .exactOptional(),
    insecure: bool.describe('True for plain HTTP, false for HTTPS on loopback, too.').exactOptional(),
    ca: text().describe('A file of PEM certificates to trust besides the system’s.').exactOptional(),
    clientCertificate: mapping({ cert: text(), key: text() })
      .describe('Two PEM files that prove to the registry who we are.')
      .exactOptional(),
    proxy: proxy.describe('The HTTP proxy on the way, or none in spite of the environment.').exactOptional(),
    credentials: choice(SOURCE_NAMES).describe('Where credentials come from.').exactOptional(),
    limits: limits.describe('How fast requests may be.').exactOptional(),
    listing: choice(['auto', 'google', 'tags']).describe('How tags are listed.').exactOptional(),
    mount: bool.describe('False never asks to mount a blob from another repository.').exactOptional(),
    timeouts: timeouts.describe('How long a request may take, as Go writes durations.').exactOptional(),
    createRepositories: bool.describe('True creates a repository that is not there (ECR).').exactOptional(),
  },
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

/** Without a route, what is attached is replicated to all mirrors. */
type AttachmentSettings = {
  readonly match: Pattern;
  readonly route?: { readonly through: string; readonly standby: readonly Pattern[] };
};

const attachment = mapping(
  {
    match: anyPattern.describe(
      'The places that this is about, as host[:port][/path] with * and **; the first match wins.',
    ),
    mode: choice(['replicated', 'routed'])
      .describe('How clients reach what is attached: by copies on each mirror, or by a router that asks the primary.')
      .exactOptional(),
    through: publicName.describe('The name of the router; what matched is replaced by it.').exactOptional(),
    standby: list(anyPattern)
      .describe('Mirrors that get copies nevertheless, to take the place of the primary.')
      .exactOptional(),
  },
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
).transform(({ match, through, standby = [] }): AttachmentSettings =>
  through === undefined ? { match } : { match, route: { through, standby } },
);

/** A registry configuration file. */
export const REGISTRY_CONFIG = mapping({
  version: numberOf([1]).describe('The version of this format.'),
  primary: anyPattern.describe('The registry that is signed first, and copied from.').exactOptional(),
  publicNames: list(
    mapping({
      match: anyPattern,
      name: publicName,
      formerNames: list(publicName)
        .describe('Earlier names: their signatures count as much as those for the name.')
        .exactOptional(),
    }),
  )
    .describe('Under which names people pull: what matches is replaced by the name; the first match wins.')
    .default([]),
  attachments: list(attachment)
    .describe('How signatures and attestations reach clients; replicated to all mirrors unless given.')
    .default([]),
  registries: list(registry)
    .superRefine((entries, context) => {
      const seen = new Set<string>();
      for (const [index, { match }] of entries.entries()) {
        const message = `repeats the pattern ${JSON.stringify(match.text)}`;
        const hint = 'the first match wins: put all its settings there';
        if (seen.has(match.text))
          context.addIssue({ code: 'custom', path: [index], message: errorText({ message, hint }) });
        seen.add(match.text);
      }
    })
    .describe('How registries are reached; the first match wins.')
    .default([]),
});

/** A registry configuration as written: certificates and keys are paths. */
export type WrittenConfig = z.output<typeof REGISTRY_CONFIG>;
