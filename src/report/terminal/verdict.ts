import type { ReportDocument } from '../model/schema.ts';
import { splitWarnings } from '../causes.ts';
import { count } from '../../text/layout.ts';

/** The heading of a report: the result in a few words, and in a sentence. */
type Verdict = { readonly title: string; readonly sentence: string };

const KINDS: Readonly<Record<ReportDocument['mode'], string>> = {
  parse: 'Manifests',
  'dry-run': 'Dry run',
  promote: 'Promotion',
  replicate: 'Signature replication',
  check: 'Signature check',
  repair: 'Signature repair',
  audit: 'Audit',
};

const PENDING: Readonly<Partial<Record<ReportDocument['mode'], string>>> = {
  'dry-run': 'changes are pending',
  audit: 'production differs from the tree',
};

/** Returns the result of a run, worst first. Contains no text from outside. */
export function verdictOf(document: ReportDocument): Verdict {
  const { mode, outcome } = document;
  const ended = {
    stopped: 'stopped early',
    failed: count(causeCount(document), 'problem'),
    pending: PENDING[mode] ?? 'something is left to do',
    done: isIdle(document) ? 'nothing to do' : 'all is well',
  };
  return { title: `${KINDS[mode]}: ${ended[outcome]}`, sentence: `${partsOf(document).join(', ')}.` };
}

function isIdle({ totals, replication, check, audit }: ReportDocument): boolean {
  const written = [totals, replication].flatMap((all) => (all === undefined ? [] : [all.copied, all.tagged]));
  const signed = (totals.signing?.signed ?? 0) + (totals.signing?.recorded ?? 0);
  return check === undefined && audit === undefined && signed === 0 && written.every((number) => number === 0);
}

/** Counts problems as texts for people show them: failures with one cause are one. */
function causeCount({ failures }: Pick<ReportDocument, 'failures'>): number {
  return new Set(failures.map(({ cause }) => cause)).size;
}

function partsOf(document: ReportDocument): string[] {
  const { mode, totals, replication, check, audit, images } = document;
  const [{ length: old }] = splitWarnings(document);
  const trouble = [
    ...some(causeCount(document), count(causeCount(document), 'problem')),
    ...some(old, `${count(old, 'problem')} already in the base`),
  ];
  if (check !== undefined) return [`${count(check.digests, 'digest')} checked`, ...trouble];
  if (audit !== undefined) return [...auditParts(audit), ...trouble];
  const named = `${count(totals.images, 'image')}${totals.unchanged === undefined ? '' : ' changed'} in the manifests`;
  if (mode === 'parse') return [named, 'no request was sent', ...trouble];
  const due = images.filter(({ targets, attached }) => targets.length > 0 && attached !== true).length;
  const { copied, tagged, pending, failed, unknown, present, promoted, signing } = totals;
  const what = mode === 'replicate' ? 'signature or attestation' : 'reference';
  const whats = mode === 'replicate' ? 'signatures and attestations' : 'references';
  return [
    named,
    ...(due > 0 ? [`${due} of them pending`] : []),
    ...some(pending, `${count(pending, what, whats)} to write`),
    ...some(copied, `${count(copied, what, whats)} copied`),
    ...some(tagged, `${tagged} tagged`),
    ...(mode === 'promote' && due > 0 ? [`${count(promoted, 'image')} complete on all mirrors`] : []),
    ...some(failed, `${failed} failed${unknown > 0 && failed >= unknown ? ` (${unknown} of them unknown)` : ''}`),
    ...some(failed >= unknown ? 0 : unknown, `${unknown} unknown`),
    ...some(signing?.signed, `${signing?.signed} signed`),
    ...some(signing?.left, `${signing?.left} still to sign or record`),
    ...some(replication?.copied, `${replication?.copied} signatures and attestations copied to mirrors`),
    ...inventoryParts(document),
    ...some(present, `${count(present, 'image × mirror pair')} complete before`),
    ...trouble,
  ];
}

function inventoryParts({ inventory }: ReportDocument): string[] {
  if (inventory === undefined) return [];
  const { believed, since = '', wrong } = inventory;
  const repositories = count(believed, 'repository', 'repositories');
  return [
    ...some(believed, `${repositories} not read, but complete by the inventory cache since ${since} or later`),
    ...some(wrong.length, `the inventory cache wrong about ${count(wrong.length, 'repository', 'repositories')}`),
  ];
}

function auditParts({ images, repositories, findings }: NonNullable<ReportDocument['audit']>): string[] {
  const known = findings.filter((finding) => finding.known !== undefined).length;
  return [
    `${count(images, 'image')} in ${count(repositories, 'repository', 'repositories')} compared`,
    ...some(findings.length - known, count(findings.length - known, 'difference')),
    ...some(known, `${known} known`),
  ];
}

function some(number: number | undefined, text: string): string[] {
  return number === undefined || number === 0 ? [] : [text];
}
