/** What a change of the manifests does, where a run looks at nothing else. */
export type ChangeReport = {
  /** The commit that the tree is compared with; absent when there was nothing before. */
  readonly commit?: string;
  readonly changes: readonly ImageChangeReport[];
  /** What is no longer managed; it stays in production. */
  readonly removed: readonly ImageChangeReport[];
  /** What differs in where images come from and go to, and in what is asked of them. */
  readonly settings?: readonly SettingChange[];
};

/** One thing about a project that decides what may be promoted; absent on the side where there is none. */
export type SettingChange = {
  readonly kind: 'source' | 'registries' | 'primary' | 'provenance' | 'artifactTypes' | 'vulnerabilities';
  readonly project: string;
  readonly file: string;
  readonly before?: string;
  readonly after?: string;
};

/** How what is wanted of one image differs, on which mirrors. */
export type ImageChangeReport = {
  readonly kind: 'added' | 'retagged' | 'backfilled' | 'resourced';
  readonly project: string;
  readonly name: string;
  readonly digest: string;
  /** `repository@digest`, as `source` of an image. */
  readonly source: string;
  /** The tags that differ. */
  readonly tags: readonly string[];
  /** The registries on which they differ. */
  readonly mirrors: readonly string[];
};
