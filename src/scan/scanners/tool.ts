import pLimit from 'p-limit';
import { scannerEnvironment } from '../../child-environment.ts';
import { PromotionError } from '../../errors.ts';
import type { ReportFormat } from '../reports/types.ts';
import { runTool, type ToolServices } from './run-tool.ts';
import type { Scanner } from '../scanner.ts';

/** A program that scans an image by reference and prints its report. */
export type Tool = {
  readonly name: string;
  readonly format: ReportFormat;
  /** The variables of our environment that are its settings: names, or prefixes with `*`. */
  readonly settings: string;
  /** Its arguments for `repository@digest`. */
  args(reference: string): readonly string[];
};

/** Runs the tool on each image; it gets registry credentials where it looks for them itself. */
export function toolScanner({ name, format, settings, args }: Tool, services: ToolServices): Scanner {
  // two at a time would fight for the tool's one cache, which Trivy refuses to share
  const limit = pLimit(1);
  const own = { ...services, env: scannerEnvironment(settings, services.env) };
  return {
    name,
    onePlatform: true,
    scan: async ({ repository, digest }, signal) => {
      const reference = `${repository}@${digest}`;
      const report = format(await limit(() => runTool(name, args(reference), own, signal)));
      if (report === undefined)
        throw new PromotionError('SCANNER', `${name} printed something that is no report of ${reference}`, {
          hint: `look at what \`${name}\` prints; its newest version may have another form`,
        });
      const { scanner, findings, platform } = report;
      return { state: 'scanned', scanner, findings, ...(platform !== undefined && { platforms: [platform] }) };
    },
  };
}
