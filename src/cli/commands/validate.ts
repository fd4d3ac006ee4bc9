import { setup } from '../../phases/setup.ts';
import { jsonText } from '../../image/json-text.ts';
import { validationDocument, validationText } from '../../report/terminal/validation.ts';
import type { CommandServices } from '../command.ts';
import { fitted } from '../output/fitted.ts';
import { annotations } from '../output/github.ts';
import { isGitHubActions } from '../output/reporting.ts';
import { historyServices, manifestServices } from '../wiring/manifests.ts';
import type { ValidateOptions } from '../options/commands/validate.ts';
import { versionName } from '../version.ts';

/** Runs `kpromo validate`: prints all problems of manifests without sending a request. Returns 1 if there are any. */
export async function run(
  { source, searchesHistory, format, output: { logFormat } }: ValidateOptions,
  { clock, signal, env, stdout, stderr, narrate, task }: CommandServices,
): Promise<number> {
  // the phase would log the same problems that are printed here
  const context = { clock, signal, emit: () => undefined };
  const git = { env, clock, signal };
  const history = searchesHistory ? historyServices(source, git) : {};
  const loaded = await setup({
    ...manifestServices({ source, shard: undefined }, git),
    ...history,
    isOffline: true,
  }).run({}, context);
  const document = validationDocument(loaded, { kpromo: await versionName(), path: source.manifests });
  stdout.write(format === 'json' ? `${jsonText(document, 2)}\n` : fitted(validationText(document), stdout));
  // GitHub reads annotations from both outputs, and JSON on stdout must stay valid
  const problems = document.problems.map((problem) => ({ phase: 'setup', ...problem }));
  const isAllJson = format === 'json' && logFormat === 'json';
  if (isGitHubActions(env) && !isAllJson)
    (format === 'json' ? stderr : stdout).write(annotations(problems, env, process.cwd()));
  if (document.valid) return 0;
  const { length } = document.problems.filter(({ severity }) => severity === 'error');
  const message = `${task}: ${length} ${length === 1 ? 'problem' : 'problems'} in ${source.manifests}`;
  // on such a terminal the problems themselves are the last output
  const isShown = stdout.isTerminal && format === 'text';
  narrate({
    type: 'log',
    level: 'fatal',
    message,
    fields: { problems: length },
    ...(isShown && { onTerminal: false }),
  });
  return 1;
}
