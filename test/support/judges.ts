import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** A Go program that tests use: other people's clients as judges of what we push, and a registry of our own. */
export type Judge = {
  readonly name: string;
  /** Part of the cached file's name, so that a new version is built anew. */
  readonly version: string;
  /** The oldest Go that compiles it, from the `go` line of its go.mod. */
  readonly go: string;
  /**
   * `binary` is what Go calls the program, where that is another name. With `module` the package is built in a module of its
   * own that requires this one: `go install` asks for a list of all versions, which not every proxy gives.
   */
  readonly source:
    | { readonly package: string; readonly binary?: string; readonly module?: string }
    | { readonly folder: string }
    /** A file of a module, copied as it is. */
    | { readonly module: string; readonly file: string };
};

const REFERRERS_REGISTRY = join(import.meta.dirname, 'referrers-registry');
const PROW_JUDGE = join(import.meta.dirname, 'deploy-judges', 'prow');
const PODS_JUDGE = join(import.meta.dirname, 'deploy-judges', 'pods');

/** Every program that is built with Go, at the versions that tests expect. */
export const JUDGES: readonly Judge[] = [
  {
    name: 'actionlint',
    version: 'v1.7.12',
    go: '1.25.0',
    source: { package: 'github.com/rhysd/actionlint/cmd/actionlint' },
  },
  {
    name: 'crane',
    version: 'v0.22.1',
    go: '1.25.0',
    source: { package: 'github.com/google/go-containerregistry/cmd/crane' },
  },
  { name: 'oras', version: 'v1.3.6', go: '1.26.7', source: { package: 'oras.land/oras/cmd/oras' } },
  {
    name: 'regctl',
    version: 'v0.11.7',
    go: '1.26.0',
    source: { package: 'github.com/regclient/regclient/cmd/regctl' },
  },
  {
    name: 'regsync',
    version: 'v0.11.7',
    go: '1.26.0',
    source: { package: 'github.com/regclient/regclient/cmd/regsync' },
  },
  {
    // distribution 3; distribution 2.8 is Debian's docker-registry
    name: 'registry',
    version: 'v3.1.2',
    go: '1.26.0',
    source: { package: 'github.com/distribution/distribution/v3/cmd/registry' },
  },
  {
    name: 'referrers-registry',
    version: contentVersion(REFERRERS_REGISTRY),
    go: '1.25.0',
    source: { folder: REFERRERS_REGISTRY },
  },
  { name: 'fulcio', version: 'v1.8.8', go: '1.26.0', source: { package: 'github.com/sigstore/fulcio' } },
  {
    name: 'timestamp-server',
    version: 'v1.2.9',
    go: '1.23.0',
    source: { package: 'github.com/sigstore/timestamp-authority/cmd/timestamp-server' },
  },
  {
    // v2.4 asks for Go 1.27
    name: 'rekor-posix',
    version: 'v2.3.0',
    go: '1.25.8',
    source: { package: 'github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix', binary: 'posix' },
  },
  {
    name: 'cosign',
    version: 'v3.1.3',
    go: '1.26.0',
    source: { package: 'github.com/sigstore/cosign/v3/cmd/cosign' },
  },
  {
    name: 'slsa-verifier',
    version: 'v2.7.1',
    go: '1.23.2',
    source: {
      package: 'github.com/slsa-framework/slsa-verifier/v2/cli/slsa-verifier',
      module: 'github.com/slsa-framework/slsa-verifier/v2',
    },
  },
  {
    name: 'kubeconform',
    version: 'v0.8.0',
    go: '1.26.0',
    source: { package: 'github.com/yannh/kubeconform/cmd/kubeconform' },
  },
  {
    // of which kubeconform gets its schemas
    name: 'kubernetes-openapi',
    version: 'v1.34.4',
    go: '1.24.0',
    source: { module: 'k8s.io/kubernetes', file: 'api/openapi-spec/swagger.json' },
  },
  // Kustomize, Tekton's validation and the Pod Security Standards; Prow's validation.
  { name: 'pods-judge', version: contentVersion(PODS_JUDGE), go: '1.26.0', source: { folder: PODS_JUDGE } },
  { name: 'prow-judge', version: contentVersion(PROW_JUDGE), go: '1.26.0', source: { folder: PROW_JUDGE } },
];

/** Where the judge's executable is kept between runs, outside the clone. */
export function cachedJudge(judge: Judge): string {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(cache, 'kpromo-judges', 'bin', `${judge.name}@${judge.version}`);
}

/** Why this judge cannot be built here, as half a sentence; undefined when it can. */
export function goProblem(judge: Pick<Judge, 'go'>): string | undefined {
  const { stdout, status } = spawnSync('go', ['env', 'GOVERSION'], { encoding: 'utf8', cwd: homedir() });
  if (status !== 0) return `it is built with Go ${judge.go} or later, and there is no go on PATH`;
  const have = stdout.trim().replace(/^go/, '');
  return isAtLeast(have, judge.go) ? undefined : `it is built with Go ${judge.go} or later, and go on PATH is ${have}`;
}

function isAtLeast(have: string, least: string): boolean {
  const parts = (version: string): number[] => version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  const [haveParts, leastParts] = [parts(have), parts(least)];
  const different = leastParts.findIndex((part, i) => part !== (haveParts[i] ?? 0));
  return different < 0 || (haveParts[different] ?? 0) > (leastParts[different] ?? 0);
}

function contentVersion(folder: string): string {
  const sum = createHash('sha256');
  for (const file of ['main.go', 'go.mod', 'go.sum']) sum.update(readFileSync(join(folder, file)));
  // Twelve hex digits tell any two versions of three small files apart.
  return sum.digest('hex').slice(0, 12);
}
