import { durationText } from '../../pipeline/duration.ts';

/** Lines in upstream's exact words, which scripts search for. The fatal line is in `src/cli/output/log.ts`. */
export const UPSTREAM = {
  pipelineStarted: (phases: number) => `Pipeline starting with ${phases} phases`,
  phaseStarted: (index: number, of: number, phase: string) => `Phase ${index}/${of}: ${phase}`,
  phaseCompleted: (phase: string, ms: number) => `Phase "${phase}" completed in ${durationText(ms)}`,
  pipelineStopped: (phase: string) => `Phase "${phase}" requested pipeline stop`,
  pipelineCompleted: (ms: number) => `Pipeline completed in ${durationText(ms)}`,
  nothingInDiff: 'No digests found in prow diff, nothing to promote',
  foundInDiff: (digests: number) => `Found ${digests} digests to process in diff`,
  reading: (repositories: number) => `Reading ${repositories} registries (recursive: false)`,
  read: (done: number, of: number, repository: string) => `Read registry ${done}/${of}: ${repository}`,
  pending: 'Pending promotions:',
  edgeToCopy: (source: string, digest: string, ref: string) =>
    `edge ${source}@${digest} -> ${ref}: regular promotion (neither digest nor tag exists in dst)`,
  edgeToTag: (source: string, digest: string, ref: string, tags: string) =>
    `edge ${source}@${digest} -> ${ref}: digest "${digest}" already exists, but does not have the tag we want (${tags})`,
  nothingToPromote: 'Nothing to promote.',
  promoting: (images: number, threads: number) => `Promoting ${images} images using ${threads} threads`,
  copied: (ref: string, done: number, of: number, ms: number) => `Copied ${ref} (${done}/${of}) in ${durationText(ms)}`,
  noAttestations: (image: string) => `No attestations found for ${image}`,
  attestations: (image: string) => `Attestations found for ${image}`,
  signing: (image: string) => `Signing image ${image}`,
  recording: (image: string) => `Promotion record attestation: pushing for ${image}`,
  summarizing: (image: string) => `Verification summary: pushing for ${image}`,
  replicated: 'All signatures already replicated',
  copiesNeeded: (copies: number) => `${copies} copies needed`,
  copiedSignature: (from: string, to: string) => `Copied signature ${from} to ${to}`,
  noRecord: (image: string) => `No attestation found for ${image}`,
  nothingToRepair: 'No attestations to repair',
  childrenOmitted: 'removing tagless child digests of manifest lists',
  promotionDryRun: 'Dry run complete, exiting before promotion',
  replicationDryRun: 'Dry run complete (use --confirm to replicate)',
} as const;
