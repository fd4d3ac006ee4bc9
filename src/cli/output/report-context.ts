import { jobFact } from '../../attest/formats/record.ts';
import { redactText } from '../../http/redact.ts';
import { withoutSecrets } from './result-flags.ts';
import type { Recorded } from '../../report/build/document.ts';
import type { CommandServices } from '../command.ts';
import { manifestFacts } from '../wiring/manifest-facts.ts';
import { treeNamed, type TreeOptions } from '../options/source.ts';
import { loadRequest } from '../wiring/manifests.ts';

type Context = NonNullable<Recorded['context']>;

type ContextServices = Pick<CommandServices, 'env' | 'clock' | 'signal'>;

/** Returns the context of a report: the command line without secrets, the files and their commit, and the job. */
export async function reportContext(
  argv: readonly string[],
  source: TreeOptions,
  services: ContextServices,
): Promise<Context> {
  const job = jobAddress(services.env);
  return { command: commandText(argv), job, ...(await treeFacts(source, services)) };
}

async function treeFacts(source: TreeOptions, services: ContextServices): Promise<Context> {
  const tree = treeNamed(source);
  if (tree === undefined) return {};
  // The run itself reports problems of the tree.
  const facts = await manifestFacts(loadRequest(source), services).catch(() => undefined);
  const { gitCommit: commit, uri: repository } = facts?.(tree) ?? {};
  return { tree, commit, repository };
}

/** Quotes the command line for a shell, with possible secrets replaced by `…`. */
export function commandText(argv: readonly string[]): string {
  const words = argv.map((word) => {
    const shown = withoutSecrets(word);
    return /^[\w@%+=:,./…-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`;
  });
  return ['kpromo', ...words].join(' ');
}

/** Variables with the address of a job: GitLab, Jenkins, Buildkite, CircleCI. */
const ADDRESSES = ['CI_JOB_URL', 'BUILD_URL', 'BUILDKITE_BUILD_URL', 'CIRCLE_BUILD_URL'] as const;

/** Returns the address of the CI job; for a Prow job, its name. */
export function jobAddress(env: CommandServices['env']): string | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = env;
  const github = [server, repository, run].every(Boolean) ? [`${server}/${repository}/actions/runs/${run}`] : [];
  const named = ADDRESSES.flatMap((name) => env[name] ?? []);
  const found = [...github, ...named].find((text) => /^https?:\/\//.test(text) && URL.canParse(text));
  if (found !== undefined) return redactText(found);
  const prow = jobFact(env);
  return prow && [prow.name, prow.buildId].filter((part) => part !== undefined).join(' ');
}
