import type { ErrorCode, Position } from '../errors.ts';
import type { Digest } from '../image/digest.ts';
import type { ProjectPolicy } from '../policy/policies.ts';
import type { ProvenancePolicy } from '../policy/provenance.ts';

/** One folder of a manifest tree, or one plain manifest: images, their source and their destinations. */
export type Project = {
  /** The folder's name; the path of a plain manifest. */
  readonly name: string;
  /** The file with the registries. */
  readonly manifestFile: string;
  /** The file with the images; a plain manifest contains both. */
  readonly imagesFile: string;
  /** All registries as written, without trailing `/`, including duplicates. */
  readonly registries: readonly RegistryEntry[];
  /** Name of the one registry with `src: true`. */
  readonly source: string;
  /**
   * The other registries in order, each name once, at least one. May contain the source, which writes tags in place.
   */
  readonly destinations: readonly RegistryEntry[];
  /** The valid entries in the order of the file. A name may occur several times, and its entries add up. */
  readonly images: readonly ImageEntry[];
  /** Policy of its images; undefined if there is none. */
  readonly policy?: ProjectPolicy;
};

export type RegistryEntry = {
  /** `host[:port][/path]`, valid, with the host in its canonical spelling. */
  readonly name: string;
  readonly isSource: boolean;
  /** Only shown, never used for credentials. */
  readonly serviceAccount?: string;
  readonly position: Position;
};

export type ImageEntry = {
  readonly name: string;
  /** Position of the name. */
  readonly position: Position;
  /** Empty for a placeholder of a tree. */
  readonly digests: readonly DigestEntry[];
};

export type DigestEntry = {
  readonly digest: Digest;
  /** Each tag once; empty for a digest that is promoted without a tag. */
  readonly tags: readonly string[];
  /** Position of the digest; for an aliased mapping, that of its anchor. */
  readonly position: Position;
  /** Position of each of `tags`, in the same order. */
  readonly tagPositions: readonly Position[];
};

/** A problem in the manifests, with its position and a hint. */
export type Problem = {
  /** ENTRY_INVALID removes one digest or image; any other code removes the whole project. */
  readonly code: Extract<
    ErrorCode,
    'MANIFEST_INVALID' | 'ENTRY_INVALID' | 'MANIFEST_NOT_FOUND' | 'REGISTRY_NOT_ALLOWED' | 'POLICY_INVALID' | 'INTERNAL'
  >;
  readonly message: string;
  /** How to correct it. */
  readonly hint: string;
  readonly position: Position;
  readonly image?: string;
  readonly digest?: string;
  /** For ENTRY_INVALID: identifies the removed entry by its text and source, independent of its position. */
  readonly entry?: string;
  /** For a summary of further problems: their number. */
  readonly more?: number;
};

/** A harmless entry without effect: nothing is removed for it. */
export type Warning = Omit<Problem, 'code'> & { readonly code: 'NO_EFFECT' };

/** The loaded projects and all problems; a problem removes at most its own project. */
export type LoadedManifests = {
  readonly projects: readonly Project[];
  readonly problems: readonly Problem[];
  readonly warnings?: readonly Warning[];
  /** Policies of every readable manifest, even if its project cannot be promoted; else those of the projects. */
  readonly policies?: readonly SourcePolicy[];
  /** Every tree found; undefined for a plain manifest. */
  readonly trees?: readonly LoadedTree[];
};

/** A tree, and the policy in its file for projects without their own. */
export type LoadedTree = {
  /** Path of its policy, whether or not it exists. */
  readonly file: string;
  /** Undefined without a file; empty if the file cannot be read. */
  readonly policy?: ProjectPolicy;
};

/** The policy for every image at and below one source registry, whichever manifest promotes it. */
export type SourcePolicy = {
  readonly project: string;
  readonly manifestFile: string;
  readonly source: string;
  readonly provenance: ProvenancePolicy;
};
