import { setup } from '../../phases/setup.ts';
import { jsonText } from '../../image/json-text.ts';
import { validationDocument, validationText } from '../../report/terminal/validation.ts';
import type { CommandServices } from '../command.ts';
import { fitted } from '../output/fitted.ts';
import { annotations } from '../output/github.ts';
import { isGitHubActions } from '../output/reporting.ts';
import { manifestServices } from '../wiring/manifests.ts';
import type { ValidateOptions } from '../options/commands/validate.ts';
import { versionName } from '../version.ts';

/** `kpromo validate`: tells all that is wrong with manifests without asking anybody; 1 where anything is. */
export async function run(
  { source, format, output: { logFormat } }: ValidateOptions,
  { clock, signal, env, stdout, stderr, narrate, task }: CommandServices,
): Promise<number> {
  // what the phase tells as it goes is what is printed: once is enough
  const context = { clock, signal, emit: () => undefined };
  const loaded = await setup(manifestServices(source, { env, clock, signal })).run({}, context);
  const document = validationDocument(loaded, { kpromo: await versionName(), path: source.manifests });
  stdout.write(format === 'json' ? `${jsonText(document, 2)}\n` : fitted(validationText(document), stdout));
  // GitHub reads both outputs; JSON stays JSON
  const problems = document.problems.map((problem) => ({ phase: 'setup', ...problem }));
  const isAllJson = format === 'json' && logFormat === 'json';
  if (isGitHubActions(env) && !isAllJson)
    (format === 'json' ? stderr : stdout).write(annotations(problems, env, process.cwd()));
  if (document.valid) return 0;
  const { length } = document.problems.filter(({ severity }) => severity === 'error');
  const message = `${task}: ${length} ${length === 1 ? 'problem' : 'problems'} in ${source.manifests}`;
  // the problems are the last that such a terminal shows
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
