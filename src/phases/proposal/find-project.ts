import { PromotionError } from '../../errors.ts';
import { joinRepository, pathBelow } from '../../image/reference.ts';
import type { LoadedManifests, Problem, Project } from '../../manifest/manifest.ts';
import { few } from '../../text/layout.ts';
import { nearOf } from '../../text/nearest.ts';
import { bySource, named, namesOf } from './fitting-projects.ts';
import { refusal } from './refusal.ts';
import type { Place, ProposalRequest } from './request.ts';

/** Finds the project by its source registry or name. Throws if none fits, if several do, or if it has problems. */
export function findProject(
  { projects, problems }: LoadedManifests,
  asked: Pick<ProposalRequest, 'project' | 'stagingRepo' | 'images'>,
): Place {
  const { project: name, stagingRepo } = asked;
  const missing = problems.find(({ code }) => code === 'MANIFEST_NOT_FOUND');
  if (missing !== undefined) throw new PromotionError(missing.code, missing.message, missing);
  const found = stagingRepo === undefined ? named(projects, name ?? '') : bySource(projects, stagingRepo);
  const narrowed = found.length > 1 && name !== undefined && stagingRepo !== undefined ? named(found, name) : found;
  const fitting = narrowed.length > 0 ? narrowed : found;
  const what = stagingRepo === undefined ? `the project ${name}` : `the source registry ${stagingRepo}`;
  const [project, ...others] = fitting;
  if (project === undefined) throw noneFits(what, asked, projects, problems);
  if (others.length > 0)
    throw new PromotionError(
      'USAGE',
      `${few(
        fitting.map(({ manifestFile }) => manifestFile),
        20,
      )} all fit ${what}`,
      {
        hint:
          stagingRepo === undefined
            ? 'name its source registry with --staging-repo'
            : 'name the one that is meant with --project as well, or its tree with --manifests',
      },
    );
  const own = problems.filter(({ position: { file } }) => file === project.manifestFile || file === project.imagesFile);
  if (own.length > 0) throw invalid(`${project.imagesFile} cannot be edited before its problems are corrected`, own);
  const root = stagingRepo ?? project.source;
  const outside = asked.images.find((image) => pathBelow(root, joinRepository(project.source, image)) === undefined);
  if (outside !== undefined)
    throw new PromotionError('USAGE', `--image ${outside} is not below --staging-repo ${root}`, {
      hint: `write the name as in the tree, or --staging-repo ${project.source}`,
    });
  return { project, root };
}

function noneFits(
  what: string,
  { project, stagingRepo }: Pick<ProposalRequest, 'project' | 'stagingRepo'>,
  projects: readonly Project[],
  problems: readonly Problem[],
): PromotionError {
  const names = projects.flatMap(({ name, source }) => (stagingRepo === undefined ? namesOf(name) : [source]));
  const near = nearOf(stagingRepo ?? project ?? '', [...new Set(names)]);
  const unread = problems.filter(({ code }) => code !== 'ENTRY_INVALID');
  const message = `no manifest that can be read fits ${what}`;
  if (unread.length > 0 && near.length === 0) return invalid(message, unread);
  const hint =
    near.length > 0
      ? `did you mean ${few(near)}?`
      : 'check the name, and the registry with `src: true` in the manifests';
  return new PromotionError('MANIFEST_NOT_FOUND', message, { hint });
}

function invalid(message: string, problems: readonly Problem[]): PromotionError {
  const told = problems.map(
    ({ position: { file, line }, message: reason, hint }) => `${file}:${line}: ${reason}; ${hint}`,
  );
  return refusal('MANIFEST_INVALID', message, 'kpromo validate lists all problems', told);
}
