import { appendFile } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import { causesOf } from '../../pipeline/causes.ts';
import { subjectOf } from '../../report/causes.ts';
import type { ReportDocument, ReportedProblem } from '../../report/model/schema.ts';
import { markdownReport } from '../../report/formats/markdown.ts';
import { annotationCommand } from '../../text/escape/workflow.ts';
import type { CommandServices } from '../command.ts';

type Env = CommandServices['env'];

/** GitHub shows fifty annotations of a job; the job summary has all problems. */
const SHOWN = 50;

/** Returns workflow commands that show each problem at its line. Problems with one cause are shown at the first. */
export function annotations(failures: readonly Annotated[], env: Env, folder: string): string {
  const causes = causesOf(failures.filter(({ file }) => file !== undefined));
  return causes
    .slice(0, SHOWN)
    .map(({ first, failures: alike }) => {
      const { severity = 'error', code, message, hint, file = '', line = 1, column = 1, image } = first;
      return annotationCommand({
        level: severity,
        file: inWorkspace(file, env, folder),
        line,
        column,
        title: image === undefined ? code : `${code} ${image}`,
        message: [
          message,
          ...(alike.length === 1 ? [] : [`The same for ${subjectOf(alike)}`]),
          ...(hint === undefined ? [] : [`→ ${hint}`]),
        ].join('\n'),
      });
    })
    .join('');
}

type Annotated = Omit<ReportedProblem, 'cause' | 'phase'> & { readonly severity?: 'error' | 'warning' | 'notice' };

/** Appends the report to the job summary of GitHub. If the file cannot be written, logs a warning. */
export async function addStepSummary(
  document: ReportDocument,
  { env, narrate, secrets }: Pick<CommandServices, 'env' | 'narrate' | 'secrets'>,
): Promise<void> {
  const file = env['GITHUB_STEP_SUMMARY'];
  if (file === undefined || file === '') return;
  try {
    await appendFile(file, secrets.hide(markdownReport(document)));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    narrate({ type: 'log', level: 'warning', message: `cannot write the step summary: ${reason}` });
  }
}

/** Returns the path of a file relative to the repository, as GitHub needs it, whatever the working directory is. */
function inWorkspace(file: string, env: Env, folder: string): string {
  const path = relative(env['GITHUB_WORKSPACE'] ?? folder, resolve(folder, file));
  return path.startsWith('..') || isAbsolute(path) ? file : path;
}
