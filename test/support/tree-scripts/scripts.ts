import fc from 'fast-check';

/** A manifest tree as a script builds it: projects with their registries, images, digests and tags. */
export type Model = ReadonlyMap<string, ModelProject>;

type ModelProject = {
  readonly to: readonly string[];
  /** Tags by `name digest`. */
  readonly entries: ReadonlyMap<string, readonly string[]>;
};

/** One edit of a tree. */
export type Edit =
  | { readonly kind: 'add'; readonly project: string; readonly entry: string; readonly tag: string }
  | { readonly kind: 'untag'; readonly project: string; readonly entry: string; readonly tag: string }
  | { readonly kind: 'drop'; readonly project: string; readonly entry: string }
  | { readonly kind: 'delete'; readonly project: string }
  | { readonly kind: 'rename'; readonly project: string; readonly other: string }
  | { readonly kind: 'move'; readonly project: string; readonly other: string; readonly entry: string }
  | { readonly kind: 'mirror'; readonly project: string; readonly to: readonly string[] };

/** One commit on the own branch: its edits, which a merge brings from a branch of as many commits. */
export type Change = { readonly edits: readonly Edit[]; readonly isMerge: boolean };

export type Script = {
  readonly changes: readonly Change[];
  /** Edits in the working tree. */
  readonly uncommitted: readonly Edit[];
  /** Index of the change that the tree is compared with. */
  readonly base: number;
};

const PROJECTS = ['one', 'two', 'three'] as const;
// r.test/a and sub/app, or r.test/a/sub and app: the same repository
const NAMES = ['app', 'sub/app', 'tool'] as const;
const TARGETS = [['r.test/a'], ['r.test/a', 'm.test/a'], ['r.test/a/sub'], ['m.test/a', 'r.test/a/sub']] as const;

/** Returns one of three digests. */
export const digestOf = (letter: string): string => `sha256:${letter.repeat(64)}`;

const project = fc.constantFrom(...PROJECTS);
const tag = fc.constantFrom('v1', 'v2');
const entry = fc
  .tuple(fc.constantFrom(...NAMES), fc.constantFrom('a', 'b', 'c'))
  .map(([name, letter]) => `${name} ${digestOf(letter)}`);

const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('add' as const), project, entry, tag }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('untag' as const), project, entry, tag }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('drop' as const), project, entry }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), project }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rename' as const), project, other: project }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('move' as const), project, other: project, entry }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('mirror' as const), project, to: fc.constantFrom(...TARGETS) }),
  },
);

const change = fc.record({ edits: fc.array(edit, { minLength: 1, maxLength: 3 }), isMerge: fc.boolean() });

/** Scripts of a few commits. */
export const randomScripts: fc.Arbitrary<Script> = fc
  .record({
    changes: fc.array(change, { minLength: 2, maxLength: 12 }),
    uncommitted: fc.array(edit, { maxLength: 2 }),
    base: fc.nat(),
  })
  .map(({ changes, base, ...rest }) => ({ changes, ...rest, base: base % changes.length }));

/** Returns the tree after some edits; an edit of what is not there does nothing. */
export function edited(model: Model, edits: readonly Edit[]): Model {
  return edits.reduce(applied, model);
}

function applied(model: Model, one: Edit): Model {
  const there = model.get(one.project) ?? { to: TARGETS[0], entries: new Map<string, readonly string[]>() };
  const next = new Map(model);
  const put = (name: string, value: ModelProject): void => void next.set(name, value);
  const entries = new Map(there.entries);
  if (one.kind === 'add') {
    entries.set(one.entry, [...new Set([...(entries.get(one.entry) ?? []), one.tag])]);
    put(one.project, { ...there, entries });
  } else if (!model.has(one.project)) return model;
  else if (one.kind === 'untag') {
    const tags = entries.get(one.entry);
    if (tags !== undefined)
      entries.set(
        one.entry,
        tags.filter((name) => name !== one.tag),
      );
    put(one.project, { ...there, entries });
  } else if (one.kind === 'drop') {
    entries.delete(one.entry);
    put(one.project, { ...there, entries });
  } else if (one.kind === 'delete') next.delete(one.project);
  else if (one.kind === 'rename') {
    if (model.has(one.other)) return model;
    next.delete(one.project);
    put(one.other, there);
  } else if (one.kind === 'mirror') put(one.project, { ...there, to: one.to });
  else {
    const tags = entries.get(one.entry);
    if (tags === undefined || one.other === one.project) return model;
    entries.delete(one.entry);
    put(one.project, { ...there, entries });
    const target = model.get(one.other) ?? { to: there.to, entries: new Map<string, readonly string[]>() };
    put(one.other, { ...target, entries: new Map([...target.entries, [one.entry, tags]]) });
  }
  return next;
}

/** Returns the files of a tree. */
export function filesOf(model: Model): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const [name, { to, entries }] of model) {
    const registries = [`- {name: staging.test/${name}, src: true}`, ...to.map((registry) => `- name: ${registry}`)];
    files.set(`manifests/${name}/promoter-manifest.yaml`, `registries:\n${registries.join('\n')}\n`);
    const images = [...entries].map(([entry_, tags]) => {
      const [image, digest] = entry_.split(' ');
      return `- name: ${image}\n  dmap:\n    "${digest}": [${tags.join(', ')}]\n`;
    });
    files.set(`images/${name}/images.yaml`, images.length === 0 ? '[]\n' : images.join(''));
  }
  return files;
}
