import type { Audited } from '../../phases/audit.ts';
import type { Traffic } from '../../phases/reading/traffic.ts';
import type { Loaded } from '../../phases/setup.ts';
import { failuresOf } from '../../pipeline/pipeline.ts';
import type { RunFacts } from '../../pipeline/run-facts.ts';
import type { AuditFinding, AuditModel, AuditReport } from '../model/audit.ts';
import { driftHint, driftMessage } from './audit-words.ts';

/** The outputs of the phases that an audit completed. */
export type AuditOutputs = { readonly loaded?: Loaded; readonly audit?: Audited };

/** A difference with the entry of the baseline that accepts it, and the entries that accept nothing. */
export type Compared = {
  readonly drift: readonly {
    readonly drift: Audited['drift'][number];
    readonly known: AuditFinding['known'];
  }[];
  readonly idle: AuditModel['baseline'];
};

/** Builds the report of an audit. */
export function buildAuditReport(
  run: RunFacts,
  outputs: AuditOutputs,
  { drift, idle }: Compared,
  traffic: Traffic['hosts'],
): AuditReport {
  const { images = 0, repositories = 0, notes = [] } = outputs.audit ?? {};
  const findings = drift.map((one) => findingOf(one));
  const known = findings.filter((finding) => finding.known !== undefined).length;
  const meters = [...traffic.values()];
  return {
    run,
    failures: failuresOf(outputs),
    images,
    repositories,
    findings,
    notes,
    ...(idle !== undefined && { baseline: idle }),
    totals: {
      images,
      repositories,
      pending: findings.length - known,
      known,
      requests: meters.reduce((sum, { requests }) => sum + requests, 0),
      bytes: meters.reduce((sum, { bytes }) => sum + bytes, 0),
    },
  };
}

function findingOf({ drift, known }: Compared['drift'][number]): AuditFinding {
  const { code, reference, digest, tags, places, wanted, copies, removal, unknown } = drift;
  return {
    code,
    reference,
    digest,
    tags,
    message: driftMessage(drift),
    hint: driftHint(drift),
    places,
    ...(copies && { mirrors: { complete: copies.complete, of: copies.of, unread: copies.unread } }),
    ...(wanted && { source: `${wanted.source}@${digest}`, file: wanted.at.file, line: wanted.at.line }),
    ...(typeof removal === 'object' && {
      commit: { id: removal.id, subject: removal.subject, time: new Date(removal.time).toISOString() },
    }),
    ...(unknown !== undefined && { unknown }),
    ...(known && { known: { reason: known.reason, until: known.until } }),
  };
}
