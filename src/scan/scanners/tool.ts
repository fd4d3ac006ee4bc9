import pLimit from 'p-limit';
import { scannerEnvironment } from '../../child-environment.ts';
import { PromotionError } from '../../errors.ts';
import type { ReportFormat } from '../reports/types.ts';
import { runTool, type ToolServices } from './run-tool.ts';
import type { Scanner } from '../scanner.ts';

/** A program that scans an image by reference and prints a report. */
type Tool = {
  readonly name: string;
  readonly format: ReportFormat;
  /** The environment variables that configure it: names, or prefixes with `*`. */
  readonly settings: string;
  /** Returns its arguments for `repository@digest`. */
  args(reference: string): readonly string[];
};

/** Creates a scanner that runs the tool on each image, with registry credentials in its environment. */
export function toolScanner({ name, format, settings, args }: Tool, services: ToolServices): Scanner {
  // one at a time, because Trivy refuses to share its cache
  const limit = pLimit(1);
  const own = { ...services, env: scannerEnvironment(settings, services.env) };
  return {
    name,
    onePlatform: true,
    scan: async ({ repository, digest }, signal) => {
      const reference = `${repository}@${digest}`;
      const report = format(await limit(() => runTool(name, args(reference), own, signal)));
      if (report === undefined)
        throw new PromotionError('SCANNER', `${name} printed an unknown report format for ${reference}`, {
          hint: `check the output of \`${name}\`; a newer version may have changed its format`,
        });
      const { scanner, findings, platform } = report;
      return { state: 'scanned', scanner, findings, platforms: platform === undefined ? undefined : [platform] };
    },
  };
}
