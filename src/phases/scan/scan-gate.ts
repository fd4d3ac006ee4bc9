import type { Digest } from '../../image/digest.ts';
import {
  isOff,
  judgeVulnerabilities,
  type VulnerabilityJudgement,
} from '../../policy/vulnerabilities/vulnerability-gate.ts';
import type { VexStatement } from '../../policy/vulnerabilities/vulnerability.ts';
import { isIndexType } from '../../image/descriptor.ts';
import { imagesIn, type ReadManifestOf } from '../../registry/image/platforms.ts';
import { policiesOf } from '../../plan/desired/policies.ts';
import type { WantedImage } from '../../plan/desired/desired.ts';
import type { SourceReader } from '../../registry/source.ts';
import { attestedVex, type AttestationsOf } from '../../scan/scanners/attestations.ts';
import { namedApart, scanImage, type Platform } from '../../scan/scan-image.ts';
import type { Scanner } from '../../scan/scanner.ts';
import { attestationsFor, type AttestationServices } from './known-attestations.ts';
import { scanFailure } from './failures.ts';
import type { Gate } from '../validate.ts';

/** The scanners, and how strictly their results are judged. */
export type ScanServices = {
  /** The scanners to try, in order. */
  readonly scanners: (attestationsOf: AttestationsOf) => readonly Scanner[];
  /** Returns the statements of the given OpenVEX documents about a digest. */
  readonly vexOf: (digest: Digest) => readonly VexStatement[];
  /** The lowest severity that holds an image back, if its project names none. */
  readonly threshold: number;
  readonly allowUnscanned: boolean;
};

export type ScanGateServices = ScanServices & AttestationServices & { readonly source: SourceReader };

/** The judgement of an image whose project scans nothing. */
const NOT_WANTED: VulnerabilityJudgement = {
  state: 'not-scanned',
  result: 'passed',
  scanner: 'none',
  threshold: -1,
  findings: [],
  reason: 'the threshold of its project is -1',
};

/** Holds back images with known vulnerabilities, and those that were not scanned. */
export function scanGate(services: ScanGateServices): Gate {
  return async (image, context) => {
    const { signal, clock } = context;
    const { source: repository, digest } = image.wanted;
    const attestationsOf = attestationsFor(services, image);
    const rules = { policies: policiesOf(image.wanted).vulnerabilities, threshold: services.threshold };
    if (isOff(rules)) return { gate: 'vulnerabilities', failures: [], vulnerabilities: NOT_WANTED };
    const platforms = await platformsIn(image.wanted, (one) => services.source.manifest(repository, one, signal));
    const scan = await scanImage(services.scanners(attestationsOf), { repository, digest, platforms }, signal);
    const about: readonly Platform[] = [{ digest, name: digest }, ...platforms];
    const vex = await Promise.all(
      about.map(async ({ digest: one, name }) => {
        const attested = attestedVex(await attestationsOf({ repository, digest: one }, signal), one);
        const all = [...services.vexOf(one), ...attested];
        return one === digest ? all : all.map((statement) => ({ ...statement, platform: name }));
      }),
    );
    const judgement = judgeVulnerabilities(scan, { ...rules, vex: vex.flat(), now: clock.now() });
    const failure = scanFailure(image, judgement, services.allowUnscanned);
    context.emit({ type: 'image-scanned', source: repository, digest, judgement });
    return { gate: 'vulnerabilities', failures: failure ? [failure] : [], vulnerabilities: judgement };
  };
}

/** Returns the images of an index, at any depth; none for an image. */
async function platformsIn({ source, digest }: WantedImage, read: ReadManifestOf): Promise<readonly Platform[]> {
  const root = await read(digest);
  if (root === undefined || !isIndexType(root.descriptor.mediaType)) return [];
  const images = await imagesIn(root, source, read);
  return namedApart(images.filter(({ mediaType }) => !isIndexType(mediaType)));
}
