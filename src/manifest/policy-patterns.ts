import { pathPattern } from '../policy/path-pattern.ts';
import type { NamePattern } from '../policy/provenance.ts';
import { errorText, list, mapping, orElse, text, textAs, type Wrong } from '../yaml/schema-parts.ts';
import { quote } from '../yaml/source-text.ts';

function namePattern(written: string): { readonly value: NamePattern } | Wrong {
  const pattern = pathPattern(written);
  return 'value' in pattern
    ? { value: { text: written, matches: pattern.value } }
    : { message: `is ${quote(written)}, which ${pattern.message}`, hint: pattern.hint };
}

/** Patterns of image names below the source registry. */
export const IMAGE_PATTERN = textAs((written) => {
  if (written.trim() === '')
    return { message: 'is blank', hint: 'write the name of an image as in the list of images' };
  if (written.startsWith('/') || written.endsWith('/'))
    return {
      message: `is ${quote(written)}, which matches no image`,
      hint: 'remove the slash at its beginning or end: names are those below the source registry',
    };
  return namePattern(written);
}, '^[^/](?:.*[^/])?$');

const WORKFLOWS = '.github/workflows/';

const workflow = text(
  (written) => {
    const parts = written.split('/');
    const isClean = written.startsWith(WORKFLOWS) && parts.every((part) => !['', '.', '..'].includes(part));
    if (isClean && !written.includes('@')) return undefined;
    return {
      message: `is ${quote(written)}, which is not the path of a workflow`,
      hint: `write a path below ${WORKFLOWS} of the source repository, such as ${WORKFLOWS}release.yml; refs belong under "refs"`,
    };
  },
  String.raw`^\.github/workflows/[^@]+$`,
);

const ref = textAs((written) => {
  if (written.startsWith('refs/')) return namePattern(written);
  return {
    message: `is ${quote(written)}, which is not a full git ref`,
    hint: 'write a pattern of full refs, such as refs/tags/v*',
  };
}, '^refs/');

const event = text(() => ({
  message: 'cannot be checked',
  hint: 'remove "events", which upstream refuses too; "refs" selects the runs that may call the builder',
}));

const REFS_HINT = 'name at least one, such as refs/tags/v*: whoever may push a ref decides what a workflow does at it';

/** Limit of each list: a builder has a handful of entries. */
const MOST = 200;

/** The runs that may call a builder which is a reusable workflow of GitHub Actions. */
export const CALLER = mapping({
  workflows: orElse(list(workflow, MOST), []).describe(
    `The workflows of the source repository that may call it, such as ${WORKFLOWS}release.yml. Default: any.`,
  ),
  refs: list(ref, MOST)
    .min(1, errorText({ message: 'names no ref', hint: REFS_HINT }))
    .describe(
      'Patterns of the git refs that the calling run may be for, such as refs/tags/v*; * does not match a slash.',
    ),
  events: list(event, MOST).nullish().describe('Not supported: it must be empty.'),
}).transform(({ workflows, refs }) => ({ workflows, refs }));
