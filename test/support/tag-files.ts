type Entry = readonly [digest: string, ...tags: string[]];
/** Files to write, or to remove if undefined. */
export type Files = Readonly<Record<string, string | undefined>>;

export const [A, B, C] = ['a', 'b', 'c'].map((letter) => `sha256:${letter.repeat(64)}`) as [string, string, string];

/** A list with one image of these digests: entry `n` (from 0) is on line n+3. */
export const images = (...entries: readonly Entry[]): string =>
  `- name: app\n  dmap:\n${entries.map(([digest, ...tags]) => `    "${digest}": [${tags.join(', ')}]\n`).join('')}`;

/** A manifest from a source to mirrors. */
export const manifest = (source: string, mirrors: readonly string[]): string =>
  `registries:\n- {name: ${source}, src: true}\n${mirrors.map((name) => `- {name: ${name}}\n`).join('')}`;

const PROD = ['us.test/prod', 'eu.test/prod'];

/** The two files of a project. */
export const project = (name: string, list: string, mirrors: readonly string[] = PROD): Files => ({
  [`manifests/${name}/promoter-manifest.yaml`]: manifest(`staging.test/${name}`, mirrors),
  [`images/${name}/images.yaml`]: list,
});

/** Removes a project. */
export const gone = (name: string): Files => ({
  [`manifests/${name}/promoter-manifest.yaml`]: undefined,
  [`images/${name}/images.yaml`]: undefined,
});
