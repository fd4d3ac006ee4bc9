import { slugText } from '../../../github/names.ts';
import type { PrOptions } from './pr.ts';

/** Returns the command line that asks for the same pull request, for its body. */
export function commandLine({ proposal, base, into, fork, reviewers, requestsReviews, server }: PrOptions): string {
  const { project, stagingRepo, tags, images, digests } = proposal;
  const flags: readonly (readonly [name: string, value: string | undefined])[] = [
    ['fork', slugText(fork)],
    ['repo', slugText(base) === 'kubernetes/k8s.io' ? undefined : slugText(base)],
    ['base', into === 'main' ? undefined : into],
    ['github-url', server.web.host === 'github.com' ? undefined : server.web.href],
    ['project', project],
    ['staging-repo', stagingRepo],
    ['reviewers', requestsReviews ? reviewers.join(',') : undefined],
    ...tags.map((tag) => ['tag', tag] as const),
    ...images.map((name) => ['image', name] as const),
    ...digests.map((digest) => ['digests', digest] as const),
  ];
  return [
    'kpromo pr',
    ...flags.flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${quoted(value)}`])),
  ].join(' ');
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
