import { ATTACHED, type Reported } from '../model.ts';
import type { KnownKeys } from '../reader.ts';

const note = (hint: string, off?: string): Reported => ({ kind: 'note', hint, ...(off !== undefined && { off }) });
const lost = (hint: string): Reported => ({ kind: 'lost', off: 'false', hint });

const PERIODIC = 'run kpromo as a periodic job with this schedule (docs/jobs.md)';
const LEARNED = 'leave it out: kpromo learns the rate that each registry permits';
const OWN_PACE = 'leave it out: kpromo adapts the number of requests to each registry';
const NOT_NEEDED = 'leave it out: kpromo has no such setting and needs none';
const REFINES = 'it concerns referrers, which kpromo selects by policies (docs/policy.md)';
const LOGIN = 'log in with docker login or a credential helper (docs/credentials.md)';
const CONFIG = 'in a file for --registry-config (docs/registry-config.md)';

/** Keys that `defaults` and an entry of `sync` have in common. */
const SHARED: KnownKeys = {
  backup: note('leave it out: kpromo never moves a tag, so nothing is overwritten'),
  interval: note(PERIODIC),
  schedule: note(PERIODIC),
  ratelimit: note(LEARNED),
  digestTags: lost(ATTACHED),
  referrers: lost(ATTACHED),
  referrerFilters: note(REFINES),
  referrerSource: note(REFINES),
  referrerTarget: note(REFINES),
  referrerSlow: note(REFINES, 'false'),
  fastCheck: note('leave it out: kpromo compares digests', 'false'),
  forceRecursive: note('run `kpromo audit` to check what images consist of', 'false'),
  includeExternal: lost('kpromo does not copy layers from other addresses; push the image with all its layers'),
  mediaTypes: 'used',
  hooks: note('run the command in the job, before or after kpromo'),
};

/** Keys of an entry of `sync`. */
export const SYNC_KEYS: KnownKeys = {
  ...SHARED,
  source: 'used',
  target: 'used',
  type: 'used',
  tags: 'used',
  tagSets: 'used',
  repos: 'used',
  platform: 'used',
  platforms: {
    kind: 'lost',
    off: '',
    hint: 'kpromo keeps the digest of an index, so it copies all its platforms; to copy one, set "platform"',
  },
};

/** Keys of `defaults`. */
export const DEFAULTS_KEYS: KnownKeys = {
  ...SHARED,
  parallel: note(OWN_PACE),
  blobLimit: note(NOT_NEEDED),
  cacheCount: note('leave it out, or see --inventory-cache (docs/caching.md)'),
  cacheTime: note('leave it out, or see --inventory-cache (docs/caching.md)'),
  skipDockerConfig: note(
    'set DOCKER_CONFIG to an empty folder, or "credentials" of the registry (docs/credentials.md)',
    'false',
  ),
  userAgent: note(NOT_NEEDED),
};

/** Keys of an entry of `creds`. None of them changes which images are copied. */
export const CREDS_KEYS: KnownKeys = {
  registry: 'used',
  tls: note(
    `for "disabled" set \`insecure: true\` of the registry, for "insecure" its certificate as \`ca\`, ${CONFIG}`,
    'enabled',
  ),
  scheme: note(`for "http" set \`insecure: true\` of the registry ${CONFIG}`, 'https'),
  regcert: note(`save the certificate, and name the file as \`ca\` of the registry ${CONFIG}`),
  clientCert: note(`name the file as \`clientCertificate\` of the registry ${CONFIG}`),
  clientKey: note(`name the file as \`clientCertificate\` of the registry ${CONFIG}`),
  hostname: note('kpromo contacts the host that a manifest names: name this host there'),
  user: note(LOGIN),
  pass: note(LOGIN),
  token: note(LOGIN),
  credHelper: note('name the helper in `credHelpers` of the Docker configuration (docs/credentials.md)'),
  credExpire: note(NOT_NEEDED),
  credHost: note('name the helper in `credHelpers` of the Docker configuration (docs/credentials.md)'),
  pathPrefix: note('write the path into the names of registries in the manifests'),
  mirrors: note('kpromo reads the registry that a manifest names: name a mirror there'),
  priority: note(NOT_NEEDED),
  repoAuth: note(NOT_NEEDED, 'false'),
  api: note(NOT_NEEDED),
  apiOpts: note(NOT_NEEDED),
  blobChunk: note(NOT_NEEDED),
  blobMax: note(NOT_NEEDED),
  reqPerSec: note(`set \`limits.ceiling\` of the registry ${CONFIG}`),
  reqConcurrent: note(`set \`limits.concurrency\` of the registry ${CONFIG}`),
};

/** Keys of the file. */
export const FILE_KEYS: KnownKeys = { version: 'used', creds: 'used', defaults: 'used', sync: 'used' };

// https://github.com/regclient/regclient/blob/v0.11.7/cmd/regsync/config.go
export const DEFAULT_MEDIA_TYPES: readonly string[] = [
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
];
