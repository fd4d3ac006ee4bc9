import { goQuote } from '../../../text/go-quote.ts';
import { usage } from '../../unknown.ts';
import { ATTESTATION_FLAGS, attestationOptions, type AttestationOptions } from '../attestations.ts';
import type { ParsedFlags } from '../flags/parse-flags.ts';
import { COMMON_FLAGS, outputOptions, WATCH_FLAGS, type OutputOptions } from '../output.ts';
import {
  PRIMARY_CHANGE_FLAGS,
  PRIMARY_FLAGS,
  primaryOptions,
  registriesOptions,
  REGISTRY_FLAGS,
  type PrimaryOptions,
  type RegistriesOptions,
} from '../registries.ts';
import { REPAIR_FLAGS, repairOptions, type RepairOptions } from '../repair.ts';
import { REPORT_FLAGS, reportsOptions, type ReportFile } from '../reports.ts';
import { CACHE_FLAGS, cacheOptions, RUN_FLAGS, runOptions, type CacheOptions, type RunOptions } from '../run.ts';
import { SCANNING_FLAGS, scanningOptions, type ScanningOptions } from '../scanning.ts';
import { divisionOptions, SHARD_FLAGS, type DivisionOptions, type Environment } from '../shard.ts';
import { SIGN_FLAGS, SIGNER_FLAGS, signingOptions, type SigningOptions } from '../signing.ts';
import { SNAPSHOT_FLAGS } from '../snapshot.ts';
import { ALLOW_FLAGS, DIFF_FLAGS, sourceOptions, TREE_FLAGS, treeNamed, type SourceOptions } from '../source.ts';
import { CERTIFICATE_FLAGS, KEY_FLAGS, ROOT_FLAGS, STAGING_FLAGS, trustOptions, type TrustOptions } from '../trust.ts';
import { flagsOf, type FlagsByTopic } from './command.ts';

/** The flags of `kpromo cip`; names, types and defaults are upstream's if upstream has the flag. */
export const CIP = {
  run: RUN_FLAGS,
  source: [...TREE_FLAGS, ...ALLOW_FLAGS, ...DIFF_FLAGS, ...SHARD_FLAGS],
  registries: [...REGISTRY_FLAGS, ...CACHE_FLAGS, ...PRIMARY_FLAGS, ...PRIMARY_CHANGE_FLAGS],
  signing: [...SIGN_FLAGS, ...KEY_FLAGS, ...SIGNER_FLAGS, ...REPAIR_FLAGS, ...ATTESTATION_FLAGS],
  trust: [...STAGING_FLAGS, ...CERTIFICATE_FLAGS, ...ROOT_FLAGS],
  scanning: SCANNING_FLAGS,
  reports: REPORT_FLAGS,
  snapshots: SNAPSHOT_FLAGS,
  output: [...WATCH_FLAGS, ...COMMON_FLAGS],
} as const satisfies FlagsByTopic;

export const CIP_FLAGS = flagsOf(CIP);

/** The command line after `kpromo cip`. */
export type ParsedCip = ParsedFlags<typeof CIP_FLAGS>;

/** The valid options of `kpromo cip`, without contradictions, with exactly one manifest source. */
export type CipOptions = DivisionOptions & {
  readonly run: RunOptions;
  readonly source: SourceOptions;
  readonly registries: RegistriesOptions;
  /** Undefined if nothing is kept between runs. */
  readonly cache: CacheOptions | undefined;
  readonly primary: PrimaryOptions;
  readonly signing: SigningOptions;
  readonly repair: RepairOptions;
  readonly attestations: AttestationOptions;
  readonly trust: TrustOptions;
  /** If false, attachments in staging are read only for a policy or a scan. */
  readonly verifyStaging: boolean;
  /** Undefined if nothing is scanned. */
  readonly scanning: ScanningOptions | undefined;
  readonly reports: readonly ReportFile[];
  readonly output: OutputOptions;
};

/** Reads the flags; throws USAGE for missing values, values out of range, and contradictions. */
export function cipOptions(parsed: ParsedCip, env: Environment = {}): CipOptions {
  const { values } = parsed;
  refusePositional(parsed.positional);
  const run = runOptions(parsed);
  const source = sourceOptions(values);
  if (treeNamed(source) === undefined)
    throw usage('no manifests are given', 'give a manifest, a tree, or a folder with trees: --manifests PATH');
  return {
    run,
    source,
    ...divisionOptions(values, env),
    registries: registriesOptions(values),
    cache: cacheOptions(values),
    primary: primaryOptions(values),
    signing: signingOptions(parsed),
    repair: repairOptions(values),
    attestations: attestationOptions(values),
    trust: trustOptions(parsed),
    verifyStaging: values['verify-staging'],
    scanning: scanningOptions(values),
    reports: reportsOptions(values),
    output: outputOptions(values),
  };
}

/** Throws USAGE for a word that is not a flag. */
export function refusePositional(positional: readonly string[]): void {
  const [word] = positional;
  if (word === undefined) return;
  throw usage(
    `\`kpromo cip\` takes no argument ${goQuote(word)}`,
    'use --manifests PATH to select what to promote; write a bool as --flag=false',
  );
}
