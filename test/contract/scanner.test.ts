import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { SCAN_RECORD, attestationScanner, type Attestation } from '../../src/scan/scanners/attestations.ts';
import { googleScanner } from '../../src/scan/scanners/google.ts';
import { grype } from '../../src/scan/scanners/grype.ts';
import { openReports } from '../../src/scan/reports/files.ts';
import { SCANNER_NAMES } from '../../src/scan/scanner.ts';
import { trivy } from '../../src/scan/scanners/trivy.ts';
import { cloud } from '../support/cloud.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { analysis, discovery, weakness } from '../support/scanners/analysis.ts';
import { fakeProgram } from '../support/scanners/programs.ts';
import { grypeJson, sarifJson, trivyJson } from '../support/scanners/reports.ts';
import { FOUND, IMAGES, scannerContract, type ScannerSubject } from './scanner.contract.ts';

const { weak, clean } = IMAGES;
const reference = ({ repository, digest }: typeof weak): string => `${repository}@${digest}`;
const broken = 'process.stderr.write("out of order"); process.exit(1);';

/** A program that scans two images, and fails for any other as for a missing one. */
async function tool(name: 'trivy' | 'grype'): Promise<ScannerSubject> {
  const [open, json] = { trivy: [trivy, trivyJson] as const, grype: [grype, grypeJson] as const }[name];
  const known = {
    [reference(weak)]: json({ reference: reference(weak), found: FOUND }),
    [reference(clean)]: json({ reference: reference(clean), found: [] }),
  };
  const answer = `const known = ${JSON.stringify(known)};
    if (known[reference] === undefined) { ${broken} }
    process.stdout.write(JSON.stringify(known[reference]));`;
  const program = await fakeProgram(name, answer);
  return { scanner: open({ env: program.env, clock: fakeClock() }), breaks: () => program.does(broken) };
}

async function reports(json: typeof trivyJson): Promise<ScannerSubject> {
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-reports-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const files = [join(folder, 'weak.json'), join(folder, 'clean.json')];
  await writeFile(files[0] ?? '', JSON.stringify(json({ reference: reference(weak), found: FOUND })));
  await writeFile(files[1] ?? '', JSON.stringify(json({ reference: reference(clean), found: [] })));
  return { scanner: (await openReports(files)).scanner };
}

async function google(): Promise<ScannerSubject> {
  const resources = [weak, clean].map((image) => `https://${reference(image)}`);
  const found = FOUND.map(({ id, severity, name, version, ...fix }) =>
    weakness(resources[0] ?? '', id, {
      severity,
      packageIssue: [
        {
          affectedPackage: name,
          affectedVersion: { kind: 'NORMAL', fullName: version },
          fixedVersion: 'fixedIn' in fix ? { kind: 'NORMAL', fullName: fix.fixedIn } : { kind: 'MAXIMUM' },
        },
      ],
    }),
  );
  const done = resources.map((resource) => discovery(resource, 'FINISHED_SUCCESS'));
  const service = await cloud(fakeClock({ skipWaits: true }), analysis([...done, ...found]));
  return {
    scanner: googleScanner({ fetch: service.fetch, token: () => Promise.resolve('ya29') }),
    breaks: () => service.answer(() => ({ status: 403 })),
  };
}

function attestations(): ScannerSubject {
  const record = (image: typeof weak, found: typeof FOUND | []): readonly Attestation[] => [
    {
      predicateType: SCAN_RECORD,
      status: 'verified',
      signer: 'scanner@example.com',
      predicate: { scanner: { uri: '', result: trivyJson({ reference: reference(image), found }) } },
    },
  ];
  const known = new Map([
    [weak.digest, record(weak, FOUND)],
    [clean.digest, record(clean, [])],
  ]);
  return { scanner: attestationScanner(({ digest }) => Promise.resolve(known.get(digest) ?? [])) };
}

const subjects = {
  trivy: () => tool('trivy'),
  grype: () => tool('grype'),
  report: () => reports(trivyJson),
  'report (grype)': () => reports(grypeJson),
  'report (sarif)': () => reports(sarifJson),
  google,
  attestation: () => Promise.resolve(attestations()),
};

for (const [name, open] of Object.entries(subjects)) scannerContract(name, open);

it('runs the contract on every scanner', () => {
  expect(Object.keys(subjects)).toEqual(expect.arrayContaining([...SCANNER_NAMES]));
});
