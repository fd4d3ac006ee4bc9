import { isPromotionError } from '../../errors.ts';
import type { ExpectedIdentity } from '../../attest/identity/identity-match.ts';
import { compilePattern, type Pattern } from '../../image/pattern.ts';
import type { FlagValues, ParsedFlags } from './flags/parse-flags.ts';
import { diffOptions } from './diff.ts';
import { expectedIdentity, namesIdentity } from './expected-identity.ts';
import { goQuote } from '../../text/go-quote.ts';
import type { CIP_FLAGS, COMMON_FLAGS } from './flags/cip-flags.ts';
import { reachOptions, type ReachOptions } from './reach.ts';
import { usage } from '../unknown.ts';
import { reportOptions, type ReportFile } from './report.ts';
import { scanOptions, type ScanOptions } from './scan.ts';
import { signingOptions, type SigningOptions } from './signing.ts';
import { summaryOptions, type SummaryOptions } from './summary.ts';
import type { MANIFEST_FLAGS, REGISTRY_FLAGS } from './flags/source-flags.ts';
import { watchOptions, type WatchOptions } from './watch.ts';

/** What `kpromo cip` was asked to do: valid, without contradictions, exactly one of the three manifest sources set. */
export type CipOptions = SummaryOptions &
  WatchOptions &
  ReachOptions & {
    readonly manifests?: string;
    /** Whether `manifests` may hold several trees. */
    readonly allTrees?: boolean;
    readonly manifest?: string;
    readonly thinManifestDir?: string;
    /** False is a dry run. */
    readonly confirm: boolean;
    readonly parseOnly: boolean;
    readonly sign: boolean;
    /** False lets a dry run pass without an identity to sign with. */
    readonly requireIdentity: boolean;
    /** Whether images with another primary registry than before are promoted. */
    readonly acceptPrimaryChange?: boolean;
    /** Who is expected to have signed what is in staging. */
    readonly expected: ExpectedIdentity;
    /** Whose scans and exceptions count, beside those that policies name; undefined if the flags name nobody. */
    readonly believed?: ExpectedIdentity;
    /** False leaves what is attached in staging unread where neither policy nor scan asks for it. */
    readonly verifyStaging: boolean;
    /** How images are scanned, where they are. */
    readonly scan?: ScanOptions;
    /** How, where the run signs. */
    readonly signing: SigningOptions;
    /** Look only at what a Prow job changed, or what changed since a time; `parseSince` reads it. */
    readonly diff?: 'prow' | { readonly since: string };
    /** Milliseconds: what is not older is looked at for repair. */
    readonly repairSince: number | 'all';
    /** Milliseconds after its upload at which staging deletes an image, if it does. */
    readonly stagingRetention?: number;
    /** Source digests in work at once; at least 1. */
    readonly threads: number;
    /** What covers the registries that manifests may name; empty allows every registry. */
    readonly allowRegistries: readonly Pattern[];
    /** Where tags are written last: how many signatures are copied to mirrors at once before. */
    readonly tagsLast?: { readonly copies: number };
    /** What is copied at once, where signatures are replicated after the promotion. */
    readonly replicateCopies?: number;
    /** What is written when the run ended; nothing where it is left out. */
    readonly reports?: readonly ReportFile[];
    readonly detailedExitcode: boolean;
  };

/** What was typed after `kpromo cip`. */
export type ParsedCip = ParsedFlags<readonly [...typeof CIP_FLAGS, ...typeof COMMON_FLAGS]>;

/** The options that these flags mean; throws USAGE for what is missing, out of range or contradicts itself. */
export function cipOptions(parsed: ParsedCip): CipOptions {
  const { values } = parsed;
  refusePositional(parsed.positional);
  refuseContradictions(parsed);
  const source = manifestSource(values);
  if (source === undefined)
    throw usage(
      'nothing says what to promote',
      'name a manifest, a tree, or a folder that holds trees with --manifests PATH',
    );
  return {
    ...source,
    ...registryOptions(values),
    confirm: values.confirm,
    parseOnly: values['parse-only'],
    sign: values.sign,
    requireIdentity: values['require-identity'],
    ...(values['accept-primary-change'] && { acceptPrimaryChange: true }),
    expected: expectedIdentity(parsed),
    ...(namesIdentity(parsed) && { believed: expectedIdentity(parsed) }),
    verifyStaging: values['verify-staging'],
    signing: signingOptions(parsed),
    ...summaryOptions(values, values['tlog-upload']),
    ...scanOptions(values),
    ...diffOptions(values),
    ...reportOptions(values),
    ...watchOptions(values),
    ...(values['tags-last'] && { tagsLast: { copies: values['max-signature-copies'] } }),
    ...(values['replicate-signatures'] && { replicateCopies: values['max-signature-copies'] }),
    threads: values.threads,
    detailedExitcode: values['detailed-exitcode'],
  };
}

/** Throws USAGE for a word that is no flag. */
export function refusePositional(positional: readonly string[]): void {
  const [word] = positional;
  if (word === undefined) return;
  throw usage(
    `\`kpromo cip\` takes no argument ${goQuote(word)}`,
    'name what to promote with --manifests PATH; a bool is written --flag=false',
  );
}

function refuseContradictions({ values, given }: ParsedCip): void {
  if (given.has('dry-run')) {
    if (values.confirm && values['dry-run'])
      throw usage('--confirm and --dry-run contradict each other', 'leave one of them out');
    if (!values.confirm && !values['dry-run'])
      throw usage('--dry-run=false does not promote by itself', 'write --confirm instead');
  }
  if (values.confirm && values['parse-only'])
    throw usage('--confirm and --parse-only contradict each other', 'leave one of them out');
  if (values.confirm && !values['require-identity'])
    throw usage('--confirm and --require-identity=false contradict each other', 'leave one of them out');
  if (values['tags-last'] && !values.sign)
    throw usage(
      '--tags-last and --sign=false contradict each other',
      'tags wait for signatures: leave one of them out',
    );
  if (values['replicate-signatures'] && !values.sign)
    throw usage('--replicate-signatures and --sign=false contradict each other', 'leave one of them out');
}

type Values = FlagValues<typeof MANIFEST_FLAGS>;

/** The one place that manifests come from; undefined where none is named, and throws USAGE for several. */
export function manifestSource({
  manifests,
  manifest,
  'thin-manifest-dir': thinManifestDir,
  'all-trees': allTrees,
}: Values): Pick<CipOptions, 'manifests' | 'allTrees' | 'manifest' | 'thinManifestDir'> | undefined {
  const sources = [
    ['--manifests', manifests],
    ['--manifest', manifest],
    ['--thin-manifest-dir', thinManifestDir],
  ].filter(([, path]) => path !== '');
  if (allTrees && manifests === '')
    throw usage(
      '--all-trees says nothing without --manifests',
      'name the folder that holds the trees with --manifests',
    );
  if (sources.length === 0) return undefined;
  if (sources.length > 1)
    throw usage(`${sources.map(([flag]) => flag).join(' and ')} contradict each other`, 'write exactly one of them');
  if (manifests !== '') return { manifests, ...(allTrees && { allTrees }) };
  return manifest === '' ? { thinManifestDir } : { manifest };
}

/** How registries are reached; throws USAGE. */
export function registryOptions(
  values: FlagValues<typeof REGISTRY_FLAGS>,
): Pick<CipOptions, 'allowRegistries'> & ReachOptions {
  return { ...reachOptions(values), allowRegistries: values['allow-registry'].map(allowedRegistry) };
}

/** A pattern of `--allow-registry`; throws USAGE. */
export function allowedRegistry(text: string): Pattern {
  try {
    return compilePattern(text);
  } catch (error) {
    throw isPromotionError(error) ? usage(`--allow-registry: ${error.message}`, error.hint) : error;
  }
}
