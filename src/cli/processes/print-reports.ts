import { jsonText } from '../../image/json-text.ts';
import type { Recorded } from '../../report/build/document.ts';
import { auditDocument } from '../../report/model/audit.ts';
import { summaryEvent } from '../../report/summary-event.ts';
import { auditSummary, auditText } from '../../report/terminal/audit.ts';
import { planText } from '../../report/terminal/plan-text.ts';
import { replicationSummary } from '../../report/terminal/replication-summary.ts';
import { sigcheckSummary, sigcheckTable } from '../../report/terminal/sigcheck-summary.ts';
import { summaryText } from '../../report/terminal/summary.ts';
import { vulnerabilityText } from '../../report/terminal/vulnerabilities.ts';
import type { CommandServices } from '../command.ts';
import { fitted } from '../output/fitted.ts';
import type { Reported } from '../output/reporting.ts';

/** Prints the reports of several processes as the command prints its own: the result on stdout, then the summary. */
export function printReports(
  request: Reported,
  { run, replication, check, audit }: Pick<Recorded, 'run' | 'replication' | 'check' | 'audit'>,
  { stdout, narrate }: Pick<CommandServices, 'stdout' | 'narrate'>,
): void {
  const print = (text: string): void => stdout.write(fitted(text, stdout));
  if (run !== undefined) {
    print(vulnerabilityText(run.images));
    if (run.run.mode === 'dry-run') print(planText(run));
    narrate(summaryEvent(run, summaryText(run)));
  }
  if (replication !== undefined) narrate(summaryEvent(replication, replicationSummary(replication)));
  if (check !== undefined) {
    print(sigcheckTable(check));
    narrate(summaryEvent(check, sigcheckSummary(check)));
  }
  if (audit !== undefined) {
    const isJson = request.kind === 'audit' && request.options.format === 'json';
    if (isJson) stdout.write(`${jsonText(auditDocument(audit), 2)}\n`);
    else print(auditText(audit));
    narrate(summaryEvent(audit, auditSummary(audit)));
  }
}
