import { eachOf } from '../../async/each-of.ts';
import { PromotionError } from '../../errors.ts';
import { ATTACHED, type Finding } from '../../foreign/model.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { ManifestReader, TagLister } from '../../registry/roles.ts';
import { count } from '../../text/layout.ts';
import { readByHost, REQUESTS_AT_ONCE } from '../reading/read-by-host.ts';
import { readTags, type Tagged } from './read-tags.ts';
import { isAttachedTag, takeRules } from './take-rules.ts';
import type { RepositoryRule, Step } from './wanted.ts';

/** Finds the digests that the rules select now: one list of tags for a repository, and one request for each tag. */
export async function readSources(
  registry: TagLister & ManifestReader,
  rules: readonly RepositoryRule[],
  context: Context,
): Promise<Step> {
  const bySource = Map.groupBy(rules, ({ source }) => source);
  const found = new Map<RepositoryName, ReadonlyMap<string, Tagged>>();
  const attached = new Map<RepositoryRule['at'], number>();
  const read = async (repository: RepositoryName): Promise<void> => {
    const own = bySource.get(repository) ?? [];
    const filters = own.flatMap(({ at, select }) => (select.kind === 'tags' ? [{ at, matches: select.matches }] : []));
    const selects = (tag: string): boolean => {
      const first = filters.find(({ matches }) => matches(tag));
      if (first === undefined || !isAttachedTag(tag)) return first !== undefined;
      attached.set(first.at, (attached.get(first.at) ?? 0) + 1);
      return false;
    };
    const tags = new Map(filters.length === 0 ? [] : await readTags(registry, repository, selects, context));
    const asked = own.flatMap(({ select }) => (select.kind === 'one' ? [select.reference] : []));
    await eachOf(new Set(asked.filter((one) => !tags.has(one))), REQUESTS_AT_ONCE, async (reference) => {
      const answer =
        (await registry.resolveManifest(repository, reference, context)) ??
        (await registry.readManifest(repository, reference, context))?.descriptor;
      if (answer !== undefined) tags.set(reference, answer);
    });
    found.set(repository, tags);
  };
  const errors = await readByHost('source', [...bySource.keys()], read, context);
  const step = takeRules(rules, (source) => found.get(source) ?? errors.get(source) ?? unread(source));
  return { ...step, findings: [...step.findings, ...[...attached].map(([at, length]) => leftOut(at, length))] };
}

function leftOut(at: RepositoryRule['at'], length: number): Finding {
  const message = `${count(length, 'tag')} of signatures, attestations or lists of referrers`;
  return { kind: 'lost', at, message, hint: ATTACHED };
}

function unread(source: RepositoryName): PromotionError {
  return new PromotionError('INTERNAL', `${source} was not read`);
}
