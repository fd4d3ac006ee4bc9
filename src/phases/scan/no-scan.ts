import { policiesOf } from '../../plan/desired/asked.ts';
import type { Gate } from '../validate.ts';

/** Lets every image through; says once that a policy asks for a scan that this run does not make. */
export function noScan(): Gate {
  let isTold = false;
  return ({ wanted }, { emit }) => {
    const [policy] = policiesOf(wanted).vulnerabilities;
    if (policy !== undefined && !isTold) {
      isTold = true;
      const { file, line } = policy.at;
      const message = `${file}:${line} says which vulnerabilities hold an image back, but nothing is scanned: write --vuln-gate`;
      emit({ type: 'log', level: 'warning', message });
    }
    return Promise.resolve({ gate: 'vulnerabilities', failures: [] });
  };
}
