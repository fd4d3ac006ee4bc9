import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { createRepository, type TestRepository } from '../git.ts';
import { orSkip, type Skippable } from '../programs.ts';
import { startDistributions } from '../real-registries.ts';
import { buildImage, pushImage } from '../registry/images.ts';
import { startSigstore } from '../sigstore/local.ts';
import { applied, documentsOf } from './files.ts';
import type { Cluster } from './kubelet.ts';

/** What the files of deploy/ run in: registries, a Git repository and a Sigstore on loopback. */
export type DeployWorld = {
  readonly staging: string;
  readonly mirrors: readonly [string, string];
  readonly repository: TestRepository;
  /** The values of the ConfigMap, for this world. */
  readonly settings: Readonly<Record<string, string>>;
  /** The files of a tree with the first images, `v1` and `v2`. */
  tree(count: number): Readonly<Record<string, string>>;
  readonly cluster: Cluster;
  /** The tags of the image on a mirror, without those of attachments. */
  tags(mirror: string): Promise<readonly string[]>;
  /** The number of `.sig` tags of the image on a mirror. */
  signatures(mirror: string): Promise<number>;
};

/** Makes staging with so many images, two mirrors, a Sigstore that certifies the accounts of a cluster, and a repository. */
export async function deployWorld(test: Skippable, count: number): Promise<DeployWorld> {
  const registries = await orSkip(test, () => startDistributions(3));
  for (const registry of registries) onTestFinished(registry.stop);
  const [staging = '', east = '', west = ''] = registries.map(({ address }) => address);
  // registries of the environment keep the images of earlier runs
  const prefix = `deploy-${process.pid}-${Date.now()}`;
  const images = Array.from({ length: count }, (_, index) => buildImage({ seed: index + 1 }));
  for (const [index, image] of images.entries())
    await pushImage(`http://${staging}`, `${prefix}/staging/app${index + 1}`, image, [`v${index + 1}`]);
  const repository = await createRepository();
  onTestFinished(() => repository[Symbol.asyncDispose]());
  const given = await orSkip(test, settingsOf);
  const sigstore = await startSigstore();
  onTestFinished(sigstore.stop);
  sigstore.certificates.account = { subject: given['SIGNER'] ?? '' };
  const settings = {
    ...given,
    REPOSITORY: `file://${repository.path}`,
    SOURCES: `${staging}/**`,
    MIRRORS: `${staging.split(':')[0]}:*/**`,
  };
  const tags = async (mirror: string): Promise<readonly string[]> => {
    const all = await Promise.all(images.map((_, index) => tagsOf(mirror, `${prefix}/prod/app${index + 1}`)));
    return all.flat().toSorted();
  };
  return {
    staging,
    mirrors: [east, west],
    repository,
    settings,
    tree: (first) => ({
      'manifests/app/promoter-manifest.yaml': [
        `registries:\n- { name: ${staging}/${prefix}/staging, src: true }\n`,
        ...[east, west].map((mirror) => `- { name: ${mirror}/${prefix}/prod }\n`),
      ].join(''),
      'images/app/images.yaml': images
        .slice(0, first)
        .map(
          ({ manifest }, index) =>
            `- name: app${index + 1}\n  dmap:\n    "${manifest.descriptor.digest}": [v${index + 1}]\n`,
        )
        .join(''),
    }),
    cluster: {
      env: { TUF_MIRROR: sigstore.tuf.url, TUF_ROOT_JSON: sigstore.tuf.rootFile, GIT_CONFIG_NOSYSTEM: '1' },
      configMaps: { kpromo: settings },
      token: (account) => sigstore.token({ iss: settings.ISSUER, sub: `system:serviceaccount:kpromo:${account}` }),
    },
    tags: async (mirror) => (await tags(mirror)).filter((tag) => !tag.startsWith('sha256-')),
    signatures: async (mirror) => (await tags(mirror)).filter((tag) => tag.endsWith('.sig')).length,
  };
}

async function tagsOf(host: string, path: string): Promise<readonly string[]> {
  const answer = await fetch(`http://${host}/v2/${path}/tags/list`);
  const { tags } = z.object({ tags: z.array(z.string()).nullish() }).parse(await answer.json());
  return tags ?? [];
}

const Settings = z.looseObject({ data: z.record(z.string(), z.string()) });

/** The values of the ConfigMap as it is applied. */
export function settingsOf(): Readonly<Record<string, string>> & { readonly ISSUER: string } {
  const { data } = Settings.parse(documentsOf(applied()).find(({ kind }) => kind === 'ConfigMap'));
  return { ...data, ISSUER: data['ISSUER'] ?? '' };
}
