import type { RunFacts } from '../../pipeline/run-facts.ts';
import type { Shard } from '../../sharding/shard.ts';
import type { MainServices } from '../command.ts';
import type { RegistriesOptions } from '../options/registries.ts';
import type { TreeOptions } from '../options/source.ts';
import type { ReportFile } from '../options/reports.ts';
import type { Request } from '../route.ts';

/** The report files of a command, and the facts for a report of a command that failed early. */
export type Reporting = {
  readonly mode: RunFacts['mode'];
  readonly reports: readonly ReportFile[];
  readonly argv: readonly string[];
  readonly source: TreeOptions;
  readonly shard: Shard | undefined;
  readonly command: 'cip' | 'replicate' | 'sigcheck' | 'audit';
  /** Access to the registries that store reports. */
  readonly registries: RegistriesOptions;
  /** Whether the exit code distinguishes troubles that may pass. */
  readonly detailed: boolean;
};

/** Returns true in a job of GitHub Actions. */
export function isGitHubActions(env: MainServices['env']): boolean {
  return env['GITHUB_ACTIONS'] === 'true';
}

/** A command line whose run has a report, and that several processes can share. */
export type Reported = Extract<Request, { kind: 'cip' | 'replicate' | 'sigcheck' | 'audit' }>;

export function isReported(request: Request): request is Reported {
  return ['cip', 'replicate', 'sigcheck', 'audit'].includes(request.kind);
}

/** Returns true for a command line with --processes. */
export function isDivided(request: Request): request is Reported {
  return isReported(request) && request.options.processes > 1;
}

/** Returns the requested reports of a command line; undefined if there are none. */
export function reportingOf(
  request: Request,
  argv: readonly string[],
  env: MainServices['env'],
): Reporting | undefined {
  if (!isReported(request)) return undefined;
  if (request.options.reports.length === 0 && !isGitHubActions(env)) return undefined;
  return reportFactsOf(request, argv);
}

/** Returns the facts for the report of a command line, whether a file is requested or not. */
export function reportFactsOf(request: Reported, argv: readonly string[]): Reporting {
  const { reports, shard, registries } = request.options;
  const source = request.kind === 'sigcheck' ? request.options.tree : request.options.source;
  const detailed = isDetailed(request);
  return { mode: modeOf(request), reports, argv, source, shard, command: request.kind, registries, detailed };
}

/** Returns true for a command line with --detailed-exitcode. */
export function isDetailed(request: Request): boolean {
  if (request.kind === 'cip' || request.kind === 'replicate') return request.options.run.detailedExitcode;
  return (request.kind === 'sigcheck' || request.kind === 'audit') && request.options.detailedExitcode;
}

function modeOf({ kind, options }: Reported): RunFacts['mode'] {
  if (kind === 'audit') return 'audit';
  if (kind === 'sigcheck') return options.confirm ? 'repair' : 'check';
  if (kind === 'replicate') return options.run.confirm ? 'replicate' : 'dry-run';
  if (options.run.parseOnly) return 'parse';
  return options.run.confirm ? 'promote' : 'dry-run';
}
