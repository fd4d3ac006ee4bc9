import type { ErrorCode, Position } from '../errors.ts';
import type { Digest } from '../image/digest.ts';
import type { ProjectPolicy } from '../policy/policies.ts';
import type { ProvenancePolicy } from '../policy/provenance.ts';

/** One folder of a manifest tree (or one plain manifest): which images go from where to where. */
export type Project = {
  /** The folder's name; for a plain manifest its path. */
  readonly name: string;
  /** Where the registries are written. */
  readonly manifestFile: string;
  /** Where the images are written; a plain manifest holds both. */
  readonly imagesFile: string;
  /** All registries as written, without trailing `/`, duplicates included. */
  readonly registries: readonly RegistryEntry[];
  /** The name of the one registry with `src: true`. */
  readonly source: string;
  /** The others as listed, each name once, at least one; may hold the source again, which tags in place. */
  readonly destinations: readonly RegistryEntry[];
  /** The valid entries in the order of the file; one name may stand there many times, and its entries add up. */
  readonly images: readonly ImageEntry[];
  /** What its images are asked for; absent where nothing is. */
  readonly policy?: ProjectPolicy;
};

export type RegistryEntry = {
  /** `host[:port][/path]`, valid, its host in the one spelling that it has. */
  readonly name: string;
  readonly isSource: boolean;
  /** Shown to people, never used to obtain credentials. */
  readonly serviceAccount?: string;
  readonly position: Position;
};

export type ImageEntry = {
  readonly name: string;
  /** Where the name is written. */
  readonly position: Position;
  /** None for a placeholder of a tree. */
  readonly digests: readonly DigestEntry[];
};

export type DigestEntry = {
  readonly digest: Digest;
  /** Each tag once; none for a digest that is promoted without a tag. */
  readonly tags: readonly string[];
  /** Where the digest is written; for an aliased mapping, where its anchor stands. */
  readonly position: Position;
  /** Where each of `tags` is written, in the same order. */
  readonly tagPositions: readonly Position[];
};

/** Something that is wrong with the manifests, where it stands and what would be right. */
export type Problem = {
  /** ENTRY_INVALID takes out one digest or image item, anything else the whole project. */
  readonly code: Extract<
    ErrorCode,
    'MANIFEST_INVALID' | 'ENTRY_INVALID' | 'MANIFEST_NOT_FOUND' | 'REGISTRY_NOT_ALLOWED' | 'POLICY_INVALID' | 'INTERNAL'
  >;
  readonly message: string;
  /** What would be right. */
  readonly hint: string;
  readonly position: Position;
  readonly image?: string;
  readonly digest?: string;
  /** Of ENTRY_INVALID: stands for all that is taken out, as it is written and from where it comes; the same wherever it stands. */
  readonly entry?: string;
  /** Of one that counts others: how many it stands for. */
  readonly more?: number;
};

/** What has no effect and does no harm: nothing is taken out for it. */
export type Warning = Omit<Problem, 'code'> & { readonly code: 'NO_EFFECT' };

/** What could be loaded, and everything that could not; a problem never takes out more than its own project. */
export type LoadedManifests = {
  readonly projects: readonly Project[];
  readonly problems: readonly Problem[];
  readonly warnings?: readonly Warning[];
  /** Of every manifest that could be read so far, also where its project cannot be promoted; else of the projects. */
  readonly policies?: readonly SourcePolicy[];
  /** Every tree that was found; none where a plain manifest was loaded. */
  readonly trees?: readonly LoadedTree[];
};

/** A tree, and what its file asks of all projects that say nothing else. */
export type LoadedTree = {
  /** Where its policy stands, or would stand. */
  readonly file: string;
  /** Absent without a file; empty where the file cannot be read. */
  readonly policy?: ProjectPolicy;
};

/** What is asked of every image at and below one source registry, whichever manifest promotes it. */
export type SourcePolicy = {
  readonly project: string;
  readonly manifestFile: string;
  readonly source: string;
  readonly provenance: ProvenancePolicy;
};
