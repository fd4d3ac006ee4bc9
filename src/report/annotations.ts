import { annotationCommand } from './text/workflow.ts';

/** What an annotation is made from; one without a file has no place to be shown at. */
export type AnnotatedProblem = {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
};

/** The commands that make GitHub Actions show each problem beside its line, with the way out. */
export function annotations(problems: readonly AnnotatedProblem[]): string {
  return problems.map(annotation).join('');
}

function annotation({ code: title, message, hint, file, line = 1, column = 1 }: AnnotatedProblem): string {
  if (file === undefined) return '';
  const text = hint === undefined || hint === '' ? message : `${message}\n→ ${hint}`;
  return annotationCommand({ level: 'error', title, message: text, file, line, column });
}
