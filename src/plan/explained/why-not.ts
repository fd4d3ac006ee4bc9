import type { Failure } from '../../errors.ts';
import type { LoadedManifests } from '../../manifest/manifest.ts';
import type { TreeCommit } from '../../manifest/history/entry-commits.ts';
import type { Checked } from '../checks.ts';
import type { Explanation, Fact, PlaceFact, WhyNot } from './facts.ts';

/** Returns whether an image is promoted, by what its repositories have. */
export function statusOf(places: readonly PlaceFact[]): Explanation['status'] {
  const states = places.map(stateOf);
  const [there, missing] = ['there', 'missing'].map((state) => states.filter((one) => one === state).length);
  if (missing !== undefined && missing > 0) return there === 0 ? 'not promoted' : 'partly promoted';
  return states.includes('unknown') ? 'unknown' : 'promoted';
}

/** Returns true if a dry run can tell what keeps an image from being promoted. */
export function isMissing(status: Explanation['status']): boolean {
  return status === 'not promoted' || status === 'partly promoted';
}

function stateOf({ image, tags }: PlaceFact): 'there' | 'missing' | 'unknown' {
  if ('known' in image && image.known === 'missing') return 'missing';
  if ('known' in tags && tags.known.some(({ state }) => state !== 'there')) return 'missing';
  return 'known' in image && 'known' in tags ? 'there' : 'unknown';
}

/** Returns the part of a tree that decides whether an image is promoted: every entry of its name, and all policies. */
export function aboutOnly(loaded: LoadedManifests, { name }: Pick<Checked, 'name'>): LoadedManifests {
  const last = (text: string): string => text.slice(text.lastIndexOf('/') + 1);
  const projects = loaded.projects.map((project) => ({
    ...project,
    images: project.images.filter((image) => last(image.name) === last(name)),
  }));
  return { ...loaded, projects: projects.filter(({ images }) => images.length > 0), problems: [] };
}

/** Returns why an image is not promoted, by the failures of a dry run; without one it was not run yet. */
export function whyNot(
  failures: readonly Failure[],
  { digest, repository, mirrors, wanted }: Pick<Checked, 'digest' | 'repository' | 'mirrors' | 'wanted'>,
  added: Fact<TreeCommit>,
): readonly WhyNot[] {
  const places = new Set([repository, ...mirrors]);
  const isAbout = (failure: Failure): boolean =>
    failure.digest === digest ||
    (failure.digest === undefined && (failure.refs ?? []).some((ref) => isAt(ref, places))) ||
    (failure.digest === undefined && failure.image === undefined && failure.refs === undefined);
  const found = failures.filter(isAbout).map(({ code, message, hint = '' }): WhyNot => ({
    code,
    message,
    hint: hint || `\`kpromo explain ${code}\` says more`,
  }));
  if (found.length > 0) return found;
  const since = 'known' in added ? ` since commit ${added.known.id.slice(0, 12)} added its entry` : '';
  const isScanned = (wanted?.policies?.vulnerabilities.length ?? 0) > 0;
  const unless = isScanned ? ', unless a scan of vulnerabilities does, which is not part of this' : '';
  return [
    {
      code: 'NOT_RUN',
      message: `nothing holds it back${unless}: no promotion has completed${since}`,
      hint: 'wait for the job that promotes, or run `kpromo cip --manifests PATH --confirm`',
    },
  ];
}

function isAt(ref: string, places: ReadonlySet<string>): boolean {
  return [...places].some((place) => ref === place || ref.startsWith(`${place}:`) || ref.startsWith(`${place}@`));
}
