import { pathPattern } from '../policy/path-pattern.ts';
import type { CallerRule, NamePattern } from '../policy/provenance.ts';
import { explained, list, mapping, nullable, text, type Rule, type Wrong } from '../yaml/rule.ts';
import { quote } from '../yaml/source-text.ts';

type Judged<T> = { readonly value: T } | Wrong;

function namePattern(written: string): Judged<NamePattern> {
  const pattern = pathPattern(written);
  return 'value' in pattern
    ? { value: { text: written, matches: pattern.value } }
    : { message: `is ${quote(written)}, which ${pattern.message}`, hint: pattern.hint };
}

/** Patterns of image names below the source registry. */
export const IMAGE_PATTERN: Rule<NamePattern> = text<NamePattern>((written) => {
  if (written.trim() === '')
    return { message: 'is blank', hint: 'write the name of an image as the list of images has it' };
  if (written.startsWith('/') || written.endsWith('/'))
    return {
      message: `is ${quote(written)}, which matches no image`,
      hint: 'leave out the slash at its beginning or end: names are those below the source registry',
    };
  return namePattern(written);
}, '^[^/](?:.*[^/])?$');

const WORKFLOWS = '.github/workflows/';

const workflow = text<string>(
  (written) => {
    const parts = written.split('/');
    const isClean = written.startsWith(WORKFLOWS) && parts.every((part) => !['', '.', '..'].includes(part));
    return isClean && !written.includes('@')
      ? { value: written }
      : {
          message: `is ${quote(written)}, which is no path of a workflow`,
          hint: `write a path below ${WORKFLOWS} of the source repository, such as ${WORKFLOWS}release.yml; refs are named under "refs"`,
        };
  },
  String.raw`^\.github/workflows/[^@]+$`,
);

const ref = text<NamePattern>(
  (written) =>
    written.startsWith('refs/')
      ? namePattern(written)
      : {
          message: `is ${quote(written)}, which is no full git ref`,
          hint: 'write a pattern of full refs, such as refs/tags/v*',
        },
  '^refs/',
);

const event = text<never>(() => ({
  message: 'cannot be checked',
  hint: 'leave "events" out, as upstream refuses it, too; "refs" says for what a run may call the builder',
}));

/** Limit of each list: a builder has a handful of entries. */
const MOST = 200;

const keys = mapping(
  {
    workflows: explained(
      nullable(list(workflow, 'an entry of "workflows"', MOST)),
      `The workflows of the source repository that may call it, such as ${WORKFLOWS}release.yml; any if it is left out.`,
    ),
    refs: explained(
      nullable(list(ref, 'an entry of "refs"', MOST)),
      'Patterns of the git refs that the calling run may be for, such as refs/tags/v*; * does not match a slash.',
    ),
    events: explained(nullable(list(event, 'an entry of "events"', MOST)), 'Not supported: it must be empty.'),
  },
  [],
  ({ refs = [] }) =>
    refs.length > 0
      ? undefined
      : {
          message: 'has no refs',
          hint: 'name at least one under "refs", such as refs/tags/v*: whoever pushes a ref decides what a workflow does at it',
        },
);

/** The runs that may call a builder which is a reusable workflow of GitHub Actions. */
export const CALLER: Rule<CallerRule> = {
  schema: { ...keys.schema, required: ['refs'] },
  read: (node, what, reading) => {
    const read = keys.read(node, what, reading);
    return read && { workflows: read.workflows ?? [], refs: read.refs ?? [] };
  },
};
