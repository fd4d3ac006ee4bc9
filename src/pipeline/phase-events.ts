import type { Failure, Position } from '../errors.ts';
import type { LogEvent, RunEvent } from '../events.ts';
import type { Digest } from '../image/digest.ts';
import type { RepositoryName } from '../image/reference.ts';
import type { Target } from '../image/target.ts';
import type { TreeDiff } from '../manifest/diff/tree-diff.ts';
import type { UploadWindow } from '../plan/checks.ts';
import type { PlannedImage } from '../plan/desired/assemble.ts';
import type { ImageDetails } from '../plan/desired/details.ts';
import type { WantedImage } from '../plan/desired/desired.ts';
import type { EvidenceItem, Violation } from '../policy/provenance.ts';
import type { VulnerabilityJudgement } from '../policy/vulnerabilities/vulnerability-gate.ts';
import type { Share } from '../sharding/share.ts';
import type { Attempt } from './outcome.ts';

/**
 * The events that phases emit, by type. They are internal: `src/watch/log-lines/` turns each into log lines and, for some,
 * into public events of `--events` (`StoryEvent`).
 */
export type PhaseEvents = {
  'pipeline-started': { phases: number };
  'phase-started': { phase: string; index: number; of: number };
  /** `endsRun`: its problems leave nothing to do for the phases that follow. */
  'phase-completed': { phase: string; ms: number; problems: number; endsRun: boolean };
  'pipeline-stopped': { phase: string };
  'pipeline-completed': { ms: number; problems: number };
  'dry-run-completed': { of: 'promotion' | 'replication' };
  failures: { failures: readonly Failure[] };
  /** Problems that fail nothing: those that the base has, too, and settings without an effect. */
  warnings: { warnings: readonly Failure[] };
  /** An error that only a defect of the program can cause. */
  defect: { cause: Error };
  /** `mended`: problems of the base that the tree does not have. `commit` is undefined if there is no earlier one. */
  'tree-compared': { diff: TreeDiff; commit?: string | undefined; isDirty: boolean; mended: number };
  /** The run processes only this share of the tree. */
  'share-chosen': { share: Share };
  /** `policies` have the modes `require` and `warn` so often; `idle`: projects whose rules are off; `unmatched`: patterns. */
  'policies-loaded': {
    policies: number;
    requiring: number;
    warning: number;
    idle: readonly string[];
    unmatched: readonly string[];
  };
  /** `missing`: a short list of the images and tags that staging does not have yet. */
  'staging-awaited': { seconds: number; missing: string };
  /** The registry does not list its repositories: only images that `file` names are read. */
  'staging-unlisted': { file: string; reason: string };
  'reviews-refused': { reason: string };
  'destinations-listed': { repositories: number };
  /** Repositories that the inventory cache covers; `since`: Unix milliseconds of the oldest reading. */
  'inventory-believed': { repositories: number; since: number | undefined };
  /** The inventory cache is `wrong` about these, or this machine's clock is wrong: everything is read. */
  'inventory-distrusted': { wrong: readonly RepositoryName[]; isClockWrong: boolean };
  'repository-read': { repository: RepositoryName; done: number; of: number };
  /** The platforms of an index are unknown. */
  'index-unreadable': { repository: RepositoryName; digest: Digest };
  'repository-denied': { repository: RepositoryName };
  'promotions-planned': { images: number };
  'images-planned': { images: readonly PlannedImage[]; details: ReadonlyMap<WantedImage, ImageDetails> };
  'entry-ages-unknown': { reason: string };
  /** Digests without a signature that are not looked at: `older` than what is repaired, and of unknown age. */
  'candidates-left': { older: number; undated: number };
  /** The run has no identity to sign with. */
  'candidates-skipped': { count: number };
  /** `rate`: requests a second that the registries can be expected to allow. */
  'candidates-listed': { count: number; since: number | 'all'; rate: number };
  /** `items`: all of the image and its platforms; `found`: how good the best of the image itself are. */
  'evidence-read': {
    source: RepositoryName;
    digest: Digest;
    found: Readonly<Record<'signature' | 'attestations', string>>;
    items: readonly (EvidenceItem & { readonly subject: string })[];
  };
  /** `unverifiable`: images with attachments that cannot be verified; `violations` of policies that only warn. */
  'policies-violated': { unverifiable: number; violations: readonly Violation[] };
  'image-scanned': { source: RepositoryName; digest: Digest; judgement: VulnerabilityJudgement };
  /** A policy demands a scan, and the run makes none. */
  'scan-omitted': { policy: Position };
  'promotion-started': { images: number; threads: number };
  'copy-started': PlannedImage;
  /** `done` of `of` images of the phase are copied. */
  'image-copied': { wanted: WantedImage; results: readonly CopiedTarget[]; done: number; of: number };
  'signing-started': SignedPlace;
  'recording-started': SignedPlace;
  /** `left`: why others were not carried. */
  'attestations-carried': SignedPlace & { carried: number; left: readonly string[] };
  /** `stuck`: a summary that failed is kept; `unknown`: staging no longer has the image. */
  'summary-finished': SignedPlace & { result: 'written' | 'there' | 'stuck' | 'unknown' };
  /** Images whose summary failed and is kept. */
  'summaries-stuck': { names: readonly string[] };
  'primaries-listed': { repositories: number };
  'mirrors-listed': { repositories: number };
  'copies-planned': { copies: number };
  /** `from`: the attachment on the primary, attached to `subject`; `isGone`: it no longer is there. */
  'attachment-copied': {
    subject: Digest;
    from: string;
    primary: RepositoryName;
    isGone: boolean;
    copies: readonly { readonly repository: RepositoryName; readonly ref: string }[];
  };
  /** Digests by why they are or are not checked. `uploaded`: when those were that are, if their registries state it. */
  'checks-planned': {
    checked: number;
    beyond: number;
    undated: number;
    absent: number;
    outside: number;
    uploaded: UploadWindow | undefined;
  };
  'image-checked': { ref: string; done: number; of: number };
  /** Images of the tree that their primary does not hold. */
  'images-absent': { count: number };
  'record-missing': { ref: string };
  'records-complete': object;
  /** Manifests of the registry `from` that are attached by a tag, or, if it is undefined, by their subject. */
  'attached-omitted': { count: number; from: RepositoryName | undefined };
  /** The repositories below a repository could not be listed. */
  'below-unlisted': { name: RepositoryName; reason: string };
  'tag-gone': { ref: string };
  'index-unsupported': { reason: string };
  'children-omitted': object;
  /** `knowsUntagged` is false if the registry lists tags only; the lists of `cut` may lack entries. */
  'listing-limited': { name: RepositoryName; knowsUntagged: boolean; cut: readonly RepositoryName[] };
  /** `tag` is undefined if there is nothing with another tag either. */
  'snapshot-empty': { name: RepositoryName; tag: string | undefined; isOfManifests: boolean };
};

/** An image under the name for which it is signed. `at` is undefined if no manifest names it. */
export type SignedPlace = {
  readonly image: Pick<WantedImage, 'name' | 'digest'> & { readonly at?: Position | undefined };
  readonly reference: RepositoryName;
};

/** A target after its copy. Times in milliseconds. */
type CopiedTarget = Target & Attempt & { readonly bytes: number; readonly ms: number };

export type PhaseEvent = {
  [Type in keyof PhaseEvents]: Readonly<PhaseEvents[Type]> & { readonly type: Type };
}[keyof PhaseEvents];

/**
 * Receives events of phases as they happen, and public events that have no log line; never throws and never waits. Log
 * lines are not events of phases.
 */
export type Emit = (event: PhaseEvent | Exclude<RunEvent, LogEvent>) => void;
