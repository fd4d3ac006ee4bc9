import type { ExpectedIdentity } from '../../attest/identity/identity-match.ts';
import { parseRef, type AskedRef } from '../../image/asked-ref.ts';
import { repositoryHint, repositoryProblem } from '../../image/reference.ts';
import { manifestSource, registryOptions } from './cip.ts';
import type { ReachOptions } from './reach.ts';
import { expectedIdentity } from './expected-identity.ts';
import type { ParsedFlags } from './flags/parse-flags.ts';
import { goQuote } from '../../text/go-quote.ts';
import type { TreeOptions } from '../wiring/manifests.ts';
import type { COMMON_FLAGS } from './flags/cip-flags.ts';
import { usage } from '../unknown.ts';
import { reportOptions, type ReportFile } from './report.ts';
import type { SIGCHECK_FLAGS } from './flags/sigcheck-flags.ts';
import { CERTIFICATE_FLAGS } from './flags/signing-flags.ts';
import { signingOptions, type SigningOptions } from './signing.ts';
import { parseSince } from './since.ts';
import { watchOptions, type WatchOptions } from './watch.ts';

/** What `kpromo sigcheck` was asked to do: at most one manifest source, and references or a source. */
export type SigcheckOptions = TreeOptions &
  WatchOptions &
  ReachOptions & {
    readonly refs: readonly AskedRef[];
    /** False only checks. */
    readonly confirm: boolean;
    readonly signing: SigningOptions;
    /** Whose signatures count, beside those of `--key`; undefined where only the key's do. */
    readonly expected?: ExpectedIdentity;
    /** The name by which clients reach images, where only their view is checked. */
    readonly through?: string;
    readonly fromDays: number;
    readonly toDays: number;
    /** A time; `parseSince` reads it. */
    readonly recordsSince?: string;
    readonly limit?: number;
    readonly reports?: readonly ReportFile[];
  };

/** What was typed after `kpromo sigcheck`. */
export type ParsedSigcheck = ParsedFlags<readonly [...typeof SIGCHECK_FLAGS, ...typeof COMMON_FLAGS]>;

/** The options that these flags and references mean; throws USAGE. */
export function sigcheckOptions({ values, positional, given }: ParsedSigcheck): SigcheckOptions {
  const source = manifestSource(values);
  if (source === undefined && positional.length === 0)
    throw usage('nothing says what to check', 'name references, or a manifest tree with --manifests PATH');
  const signing = signingOptions({ values: { ...values, sign: true }, given });
  const isOnlyKey = signing.key !== undefined && !CERTIFICATE_FLAGS.some(({ name }) => given.has(name));
  return {
    ...source,
    ...registryOptions(values),
    ...daysOptions(values),
    ...throughOption(values),
    ...reportOptions(values),
    ...watchOptions(values),
    ...(!isOnlyKey && { expected: expectedIdentity({ values, given }) }),
    refs: positional.map((text) => reference(text, source !== undefined)),
    confirm: values.confirm,
    signing,
  };
}

function throughOption({ through, confirm }: ParsedSigcheck['values']): Pick<SigcheckOptions, 'through'> {
  if (through === '') return {};
  if (confirm)
    throw usage(
      '--through and --confirm contradict each other',
      'repair the registries first, then look through the name',
    );
  const problem = repositoryProblem(through);
  if (problem !== undefined)
    throw usage(`--through: ${goQuote(through)} ${problem}`, repositoryHint(through, 'registry.k8s.io'));
  return { through };
}

function reference(text: string, hasTree: boolean): AskedRef {
  const ref = parseRef(text);
  const hint = 'write it as host/path:tag or host/path@sha256:…; a bool is written --flag=false';
  if (ref === undefined) throw usage(`${goQuote(text)} is no reference of an image`, hint);
  if (hasTree || ref.tag !== undefined || ref.digest !== undefined) return ref;
  throw usage(`${goQuote(text)} has neither tag nor digest`, 'add one, or name a manifest tree with --manifests PATH');
}

function daysOptions(
  values: ParsedSigcheck['values'],
): Pick<SigcheckOptions, 'fromDays' | 'toDays' | 'recordsSince' | 'limit'> {
  const { 'from-days': fromDays, 'to-days': toDays, 'attestations-since': since, limit } = values;
  if (fromDays <= toDays)
    throw usage(
      `--from-days=${fromDays} and --to-days=${toDays} have no day between them`,
      'what is checked was uploaded from so many days ago on: --from-days is the larger number',
    );
  if (since !== '' && parseSince(since, 0) === undefined)
    throw usage(`--attestations-since does not understand ${goQuote(since)}`, 'write a date, for example 2026-01-31');
  return { fromDays, toDays, ...(since !== '' && { recordsSince: since }), ...(limit > 0 && { limit }) };
}
