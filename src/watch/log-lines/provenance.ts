import { signerText } from '../../policy/judge-digest.ts';
import { findingText, thresholdText } from '../../policy/vulnerabilities/vulnerability-gate.ts';
import { counted, debug, info, warning } from './line.ts';
import type { Renderers } from './renderers.ts';
import { UPSTREAM } from './upstream.ts';

/** Reports have all warnings; more than this would hide other lines. */
const WARNINGS = 20;

/** Attestations of images in staging, and their vulnerabilities. */
export const PROVENANCE = {
  *'evidence-read'({ source, digest, found, items }) {
    const name = `${source}@${digest}`;
    if (items.length === 0) yield debug(UPSTREAM.noAttestations(name));
    else
      yield debug(`${UPSTREAM.attestations(name)}: signature ${found.signature}, attestations ${found.attestations}`);
    for (const item of items) {
      const { subject, kind, form, manifest, status, reason } = item;
      const why = reason === undefined ? '' : `: ${reason}`;
      yield debug(`${source}@${subject}: ${kind} (${form} ${manifest}) by ${signerText(item)} is ${status}${why}`);
    }
  },
  *'policies-violated'({ unverifiable, violations }) {
    if (unverifiable > 0)
      yield warning(
        `${counted(unverifiable, 'image has', 'images have')} something attached that cannot be verified here; --log-level=debug names it, and why`,
      );
    for (const [index, { message, hint }] of violations.entries())
      yield (index < WARNINGS ? warning : debug)(`${message}; ${hint}`);
    if (violations.length > WARNINGS)
      yield warning(`${violations.length - WARNINGS} more warnings of policies; --log-level=debug shows them`);
  },
  *'image-scanned'({ source, digest, judgement }) {
    const { state, findings, scanner, reason, threshold } = judgement;
    const name = `${source}@${digest}`;
    const why = reason === undefined ? '' : `: ${reason}`;
    const over = findings.filter(({ verdict }) => verdict === 'over').length;
    const counts = `, ${findings.length} findings, ${over} of them at or over ${thresholdText(threshold)}`;
    const isScanned = state === 'scanned';
    const line = isScanned ? info : warning;
    yield line(`Vulnerabilities of ${name}: ${state} (${scanner})${isScanned ? counts : ''}${why}`);
    for (const finding of findings) yield debug(`${name}: ${finding.verdict}: ${findingText(finding)}`);
  },
  'scan-omitted': ({ policy: { file, line } }) => [
    warning(`${file}:${line} limits vulnerabilities, but nothing is scanned: set --vuln-gate`),
  ],
} satisfies Partial<Renderers>;
