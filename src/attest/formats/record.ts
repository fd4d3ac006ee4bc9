import { z } from 'zod';
import { withoutEndSlashes } from '../../image/end-slashes.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';

/** Upstream's predicate type of a promotion record. */
export const PROMOTION_RECORD = 'https://k8s.io/promo-tools/promotion/v1';

/** Facts about one promotion. Unknown or empty facts are omitted from the record. */
export type RecordFacts = {
  /** The staging repository; undefined when only production is examined. */
  readonly source?: RepositoryName;
  /** The name under which clients pull, without tag and digest. */
  readonly reference: RepositoryName;
  readonly digest: Digest;
  readonly tags: readonly string[];
  /** Unix milliseconds, the same for all records of a run. */
  readonly time: number;
  readonly manifest?: ManifestFact;
  readonly promoter: Promoter;
  readonly job?: JobFact | undefined;
};

/** The promoting program: `version` with its leading `v`; `builderId` for every registry but upstream's own. */
export type Promoter = {
  readonly version: string;
  readonly gitCommit?: string;
  readonly builderId?: string | undefined;
};

/** The file of the manifest entry: its path from the top of its Git repository, that repository, and its commit. */
export type ManifestFact = { readonly name: string; readonly uri?: string | undefined; readonly gitCommit?: string };

type JobFact = {
  readonly name: string;
  readonly type?: string | undefined;
  readonly buildId?: string | undefined;
  readonly prowJobId?: string | undefined;
};

/** The public name whose records carry upstream's builder ID. */
const UPSTREAM_NAME = 'registry.k8s.io/';
const UPSTREAM_BUILDER = 'https://k8s.io/promo-tools';
/** This package as a package URL (https://github.com/package-url/purl-spec). */
const PACKAGE = 'pkg:npm/kpromo';

/** Message `promo_tools.provenance.v1.PromotionRecord` as JSON: lower camel case, empty fields omitted. */
type RecordPredicate = Readonly<Record<string, unknown>> & { readonly digest: Digest; readonly dstRef: string };

/** Returns the record's predicate. Readers must not compare its bytes, since protojson guarantees none. */
export function recordPredicate(facts: RecordFacts): RecordPredicate {
  const { source, reference, digest, tags, time, manifest, promoter, job } = facts;
  return {
    srcRef: source && `${source}@${digest}`,
    dstRef: reference,
    digest,
    timestamp: `${new Date(time).toISOString().slice(0, 19)}Z`,
    builderId: builderIdOf(reference, promoter),
    tags: tags.length > 0 ? tags.toSorted() : undefined,
    source: source && resource(source, digest),
    destination: resource(reference, digest),
    manifest: manifest && manifestResource(manifest),
    promoter: filled({ version: promoter.version, gitCommit: promoter.gitCommit }),
    job: job && filled(job),
  };
}

function builderIdOf(reference: RepositoryName, { version, builderId }: Promoter): string {
  if (reference.startsWith(UPSTREAM_NAME)) return `${UPSTREAM_BUILDER}@${version}`;
  return builderId ?? `${PACKAGE}@${version.replace(/^v/, '')}`;
}

/** Returns a ResourceDescriptor: https://github.com/in-toto/attestation/blob/v1.1.0/spec/v1/resource_descriptor.md */
function resource(name: string, digest: Digest): object {
  const [algorithm = '', hex] = digest.split(':');
  return { name, digest: { [algorithm]: hex } };
}

function manifestResource({ name, uri, gitCommit }: ManifestFact): object {
  return { name, uri, digest: gitCommit && { gitCommit } };
}

function filled(message: Readonly<Record<string, string | undefined>>): object {
  return Object.fromEntries(Object.entries(message).filter(([, value]) => value !== undefined && value !== ''));
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the promoting job from Prow's environment variables; undefined outside of Prow. */
export function jobFact(env: Environment): JobFact | undefined {
  const name = env['JOB_NAME'] ?? '';
  if (name === '') return undefined;
  return {
    name,
    type: env['JOB_TYPE'] || undefined,
    buildId: env['BUILD_ID'] || undefined,
    prowJobId: env['PROW_JOB_ID'] || undefined,
  };
}

const refs = z.looseObject({ org: z.string().min(1), repo: z.string().min(1) });
// https://docs.prow.k8s.io/docs/jobs/#job-environment-variables
const jobSpec = z.looseObject({ refs: refs.optional(), extra_refs: z.array(refs).optional() });

/**
 * Returns the address of a Git repository for a record: that of its `origin`, https only and without credentials, else
 * the one that Prow names.
 */
export function repositoryUri(origin: string | undefined, env: Environment): string | undefined {
  if (origin !== undefined && URL.canParse(origin)) {
    const { protocol, host, pathname } = new URL(origin);
    if (protocol === 'https:') return `git+https://${host}${withoutEndSlashes(pathname).replace(/\.git$/, '')}`;
  }
  const { refs: main, extra_refs: [extra] = [] } = specIn(env['JOB_SPEC'] ?? '');
  const named = main ?? extra;
  return named === undefined
    ? undefined
    : `git+https://github.com/${named.org.replace(/^https:\/\/github\.com\//, '')}/${named.repo}`;
}

function specIn(text: string): z.infer<typeof jobSpec> {
  try {
    return jobSpec.safeParse(JSON.parse(text)).data ?? {};
  } catch {
    return {};
  }
}
