import { failureOf, isPromotionError, type PromotionError } from '../../errors.ts';
import type { Finding } from '../../foreign/model.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { count } from '../../text/layout.ts';
import type { Tagged } from './read-tags.ts';
import type { RepositoryRule, Step, Wanted } from './wanted.ts';

// https://github.com/sigstore/cosign and the fallback of referrers: the digest that the content belongs to
const ATTACHED_TAG = /^sha(?:256-[0-9a-f]{64}|512-[0-9a-f]{128})(?:\.|$)/;

/** Returns true for the tag of a signature, an attestation or a list of referrers. */
export function isAttachedTag(tag: string): boolean {
  return ATTACHED_TAG.test(tag);
}

type Found = ReadonlyMap<string, Tagged> | PromotionError;

/** Applies the rules to the tags of their repositories, in the order of the rules. */
export function takeRules(rules: readonly RepositoryRule[], foundIn: (source: RepositoryName) => Found): Step {
  const [wanted, failures, findings]: [Wanted[], Step['failures'][number][], Finding[]] = [[], [], []];
  for (const rule of rules) {
    const { at, source } = rule;
    const found = foundIn(source);
    if (isPromotionError(found)) {
      failures.push(failureOf('import', found, { at, refs: [source] }));
      continue;
    }
    const taken = takenBy(rule, found);
    const { mediaTypes } = rule;
    const copied = taken.filter(
      ([, { mediaType }]) => mediaType === undefined || (mediaTypes?.includes(mediaType) ?? true),
    );
    const skipped = taken.length - copied.length;
    if (skipped > 0)
      findings.push(
        note(
          rule,
          `${count(skipped, 'tag')} of ${source} with a media type that is not copied`,
          'add the type to "mediaTypes" and import again if they are wanted',
        ),
      );
    if (rule.select.kind === 'one' && taken.length === 0) {
      const message = `${source} has no ${rule.select.reference}`;
      failures.push(
        failureOf('import', { code: 'NOT_FOUND', message, hint: 'correct the name, or push it again' }, { at }),
      );
    } else if (taken.length === 0)
      findings.push(
        note(rule, `${source} has no tag that is selected`, 'check the patterns; nothing is copied there, either'),
      );
    for (const [tag, { digest }] of copied)
      wanted.push({ at, source, target: rule.target, digest, tag, platform: rule.platform });
  }
  return { wanted, failures, findings };
}

/** Returns the tags at the target, with the digests at the source. */
function takenBy(
  { select, suffix }: RepositoryRule,
  found: ReadonlyMap<string, Tagged>,
): readonly (readonly [tag: string | undefined, tagged: Tagged])[] {
  if (select.kind === 'one') {
    const one = found.get(select.reference);
    return one === undefined ? [] : [[select.tag, one]];
  }
  return [...found].flatMap(([tag, tagged]) =>
    select.matches(tag) && !tag.includes(':') ? [[`${tag}${suffix}`, tagged]] : [],
  );
}

function note({ at }: RepositoryRule, message: string, hint: string): Finding {
  return { kind: 'note', at, message, hint };
}
