import { PromotionError, failureOf, type Failure } from '../../errors.ts';
import { aboutImage, refsOn } from '../../plan/about-image.ts';
import {
  findingText,
  thresholdText,
  type VulnerabilityJudgement,
  wayOut,
} from '../../policy/vulnerabilities/vulnerability-gate.ts';
import type { ProvenImage } from '../provenance/proven-images.ts';

/** Findings named in a message; the report has all. */
const NAMED = 5;

/** Returns why an image is held back, or undefined if it is not. */
export function scanFailure(image: ProvenImage, error: PromotionError): Failure;
export function scanFailure(
  image: ProvenImage,
  judgement: VulnerabilityJudgement,
  allowUnscanned: boolean,
): Failure | undefined;
export function scanFailure(
  { wanted, targets }: ProvenImage,
  found: VulnerabilityJudgement | PromotionError,
  allowUnscanned = false,
): Failure | undefined {
  const problem = found instanceof PromotionError ? found : problemOf(found, allowUnscanned);
  if (problem === undefined) return undefined;
  return failureOf('validate', problem, aboutImage(wanted, refsOn(wanted, targets)));
}

type Problem = Pick<Failure, 'code' | 'message' | 'hint'>;

function problemOf(judgement: VulnerabilityJudgement, allowUnscanned: boolean): Problem | undefined {
  const { result, findings, threshold, scanner, reason = 'nobody says why' } = judgement;
  if (result === 'over') {
    const over = findings.filter(({ verdict }) => verdict === 'over');
    const more = over.length > NAMED ? `, and ${over.length - NAMED} more` : '';
    const named = over.slice(0, NAMED).map(findingText).join(', ');
    return {
      code: 'VULNERABLE',
      message: `${over.length} ${over.length === 1 ? 'vulnerability' : 'vulnerabilities'} at or over ${thresholdText(threshold)}: ${named}${more}`,
      hint: wayOut(over),
    };
  }
  if (result === 'failed')
    return { code: 'SCANNER', message: `scanning (${scanner}) failed: ${reason}`, hint: 'run again once it works' };
  if (result !== 'not-scanned' || allowUnscanned) return undefined;
  return {
    code: 'NOT_SCANNED',
    message: `not scanned for vulnerabilities (${scanner}): ${reason}`,
    hint: 'scan it, give its report with --vuln-report, or let such images through with --vuln-allow-unscanned',
  };
}
