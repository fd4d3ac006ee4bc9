import type { Failure } from '../../errors.ts';
import type { Checks } from '../../phases/sigcheck/check.ts';
import type { SigcheckPlan } from '../../phases/sigcheck/plan.ts';
import type { Repaired } from '../../phases/sigcheck/repair.ts';
import type { Loaded } from '../../phases/setup.ts';
import type { Viewed } from '../../phases/view.ts';
import type { Traffic } from '../../phases/reading/traffic.ts';
import { failuresOf } from '../../pipeline/pipeline.ts';
import type { RunFacts } from '../../pipeline/run-facts.ts';
import type { SigcheckReport, SigcheckRow, CheckStatus } from '../model/sigcheck.ts';

/** The outputs of a check's phases; absent for phases that did not run. */
export type SigcheckOutputs = {
  readonly loaded?: Loaded;
  readonly plan?: SigcheckPlan;
  readonly checks?: Checks;
  readonly repaired?: Repaired;
  readonly view?: Viewed;
};

type Images = Checks['images'];

/** Builds the report of a check; `wrong` are its findings as failures. */
export function buildSigcheckReport(
  run: RunFacts,
  outputs: SigcheckOutputs,
  wrong: readonly Failure[],
  traffic: Traffic['hosts'],
): SigcheckReport {
  const images = imagesOf(outputs);
  const { plan, repaired, view } = outputs;
  const meters = [...traffic.values()];
  return {
    run,
    rows: rowsOf(images),
    view: view && viewOf(view),
    failures: [...failuresOf(outputs), ...wrong],
    totals: {
      digests: images.length,
      beyond: plan?.beyond ?? 0,
      signatures: pairsOf(images, 'signature'),
      records: pairsOf(images, 'record'),
      signed: repaired?.signed ?? 0,
      recorded: repaired?.recorded ?? 0,
      copied: repaired?.copied ?? 0,
      pending: 0,
      requests: meters.reduce((sum, { requests }) => sum + requests, 0),
      bytes: meters.reduce((sum, { bytes }) => sum + bytes, 0),
    },
  };
}

/** Returns the verified images with their findings. */
export function imagesOf({ checks, repaired }: SigcheckOutputs): Images {
  return (repaired ?? checks)?.images ?? [];
}

function viewOf({ viewed, followed, broken }: Viewed): NonNullable<SigcheckReport['view']> {
  return { digests: viewed, links: followed, broken: broken.map(({ message }) => message) };
}

function rowsOf(images: Images): SigcheckRow[] {
  return images.flatMap(({ check: { name, reference, digest, mirrors }, findings }) =>
    findings.map((finding) => ({ ...finding, name, reference, digest, places: mirrors.length + 1 })),
  );
}

/** Worst first. */
const STATUSES: readonly CheckStatus[] = ['failed', 'untrusted', 'unverifiable', 'unsigned', 'verified'];

function pairsOf(images: Images, what: SigcheckRow['what']): Record<CheckStatus, number> {
  const pairs = { verified: 0, untrusted: 0, failed: 0, unverifiable: 0, unsigned: 0 };
  for (const { findings } of images) {
    const counted = new Set<string>();
    for (const status of STATUSES) {
      const found = findings.filter((one) => one.what === what && one.status === status);
      for (const repository of found.flatMap(({ repositories }) => repositories)) {
        if (!counted.has(repository)) pairs[status] += 1;
        counted.add(repository);
      }
    }
  }
  return pairs;
}
