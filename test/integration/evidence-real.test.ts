import { randomUUID } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { evidenceReader } from '../../src/attest/evidence/reader.ts';
import type { Verifier } from '../../src/attest/roles.ts';
import { signDigest } from '../../src/attest/writing/sign-digest.ts';
import { statementBytes } from '../../src/attest/formats/statement.ts';
import { openRegistries, type Registries } from '../../src/cli/wiring/registries.ts';
import { realClock } from '../../src/clock.ts';
import type { Digest } from '../../src/image/digest.ts';
import type { Evidence } from '../../src/policy/provenance.ts';
import { slsa, SLSA_V1 } from '../support/evidence.ts';
import { digestSigning } from '../support/attached.ts';
import { homeWith } from '../support/home.ts';
import { orSkip } from '../support/programs.ts';
import { startDistribution, startReferrersRegistry } from '../support/real-registries.ts';
import { buildImage, pushImage } from '../support/registry/images.ts';
import { openedSigning } from '../support/signing.ts';

const forever = new AbortController().signal;

const REGISTRIES = [
  { name: 'distribution 2.8', start: () => startDistribution() },
  { name: 'a registry that keeps lists', start: () => startReferrersRegistry() },
];

async function openedRegistries(): Promise<Registries> {
  const env = { HOME: await homeWith({}) };
  const opened = openRegistries({ env, clock: realClock(), narrate: () => undefined, random: Math.random });
  onTestFinished(opened.close);
  return opened;
}

function read(
  { registry }: Pick<Registries, 'registry'>,
  verifier: Verifier,
  subject: { readonly repository: string; readonly digest: Digest },
): Promise<Evidence> {
  const manifestOf = (repository: string, digest: Digest, signal: AbortSignal) =>
    registry.readManifest(repository, digest, { signal });
  return evidenceReader({ registry, manifestOf, verifier: async () => verifier }).read(subject, 'platforms', forever);
}

describe.for(REGISTRIES)('evidence on $name', ({ start }) => {
  it('is found and verified: a signature in both forms, and provenance', async (test) => {
    const server = await orSkip(test, start);
    onTestFinished(() => server.stop());
    const { signing } = await openedSigning();
    const registries = await openedRegistries();
    const services = await digestSigning(registries.registry, signing);
    const path = `${randomUUID()}/app`;
    const repository = `${server.address}/${path}`;
    const image = buildImage({ seed: 802 });
    const { digest } = await pushImage(`http://${server.address}`, path, image, ['v1']);
    const verifier = await signing.verifier(forever);
    expect(await read(registries, verifier, { repository, digest })).toMatchObject({ items: [] });
    await signDigest(services, { repository, digest, reference: repository }, { signal: forever });
    const predicate = slsa('https://ci.example/builder', 'github.com/acme/app');
    const statement = statementBytes({ digest, reference: repository, predicateType: SLSA_V1, predicate });
    const bytes = await services.signer.signStatement(statement, forever);
    const bundle = { bytes, predicateType: SLSA_V1, identity: services.signer.identity };
    await services.publisher.bundle(repository, image.manifest.descriptor, bundle, { signal: forever });
    const { items } = await read(registries, verifier, { repository, digest });
    expect(items.map(({ form, kind, status }) => `${form} ${kind} ${status}`).toSorted()).toEqual([
      'bundle provenance verified',
      'bundle signature verified',
      'sig signature verified',
    ]);
    expect(items.find(({ kind }) => kind === 'provenance')).toMatchObject({ builder: 'https://ci.example/builder' });
  });
});
