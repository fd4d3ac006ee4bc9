// Writes the result of the run into one comment of the pull request. A comment that cannot be written is a warning.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readEvent } from './event.ts';
import { writeComment } from './github.ts';
import { annotate, bool, messageOf, required, type Env } from './workflow.ts';

/** GitHub rejects longer comments. */
const MOST = 65_536;

/** Returns the comment. Its first line, which GitHub does not show, recognizes it: each tree has a comment of its own. */
function commentOf(env: Env): { readonly marker: string; readonly body: string } {
  // a hash, because the path is untrusted text
  const tree = createHash('sha256').update(required(env, 'KPROMO_ACTION_MANIFESTS')).digest('hex');
  const marker = `<!-- kpromo action, tree ${tree} -->`;
  const code = required(env, 'KPROMO_ACTION_EXIT_CODE');
  const plan = env['KPROMO_ACTION_PLAN'] ?? '';
  const text = plan === '' ? `## ❌ kpromo ended with ${code} and without a report` : readFileSync(plan, 'utf8');
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = env;
  const retry = code === '75' ? 'All problems may pass: run the job again. ' : '';
  const end = `${retry}[Job summary and log](${server}/${repository}/actions/runs/${run})\n`;
  // the report leaves 536 characters for the first and the last line
  const room = MOST - marker.length - end.length - '\n\n\n'.length;
  return { marker, body: `${marker}\n${text.slice(0, room).trimEnd()}\n\n${end}` };
}

async function main(env: Env): Promise<void> {
  const { pull } = readEvent(env);
  if (!bool(env, 'comment') || pull === undefined) return;
  const [owner = '', name = ''] = required(env, 'GITHUB_REPOSITORY').split('/');
  const place = { owner, name, number: pull.number };
  try {
    const url = await writeComment(place, commentOf(env), {
      address: required(env, 'GITHUB_GRAPHQL_URL'),
      token: required(env, 'KPROMO_ACTION_TOKEN'),
    });
    process.stdout.write(`The result is in ${url}\n`);
  } catch (error) {
    annotate(
      'warning',
      `cannot comment on pull request ${pull.number}: ${messageOf(error)}; the result is in the job summary. ` +
        'Give the job the permission `pull-requests: write`; pull requests from forks never have it',
    );
  }
}

try {
  await main(process.env);
} catch (error) {
  annotate('error', messageOf(error));
  process.exitCode = 1;
}
