import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import { explanationSchema, type ExplanationDocument } from '../../../src/report/explain/model.ts';
import type { Ends } from '../once.ts';
import { buildImage, storeImage } from '../registry/images.ts';
import { SIGNER } from '../sigstore/oidc.ts';
import { kpromo, type CipRun } from './cip.ts';
import { policy, summaryWorld, type SummaryWorld } from './summary-world.ts';

/** The image of the world. */
export const image = buildImage({ seed: 1 });

const check = new Ajv2020().compile<ExplanationDocument>(JSON.parse(explanationSchema()) as object);

type Explained = CipRun & { readonly facts: ExplanationDocument };
/** A promoted image, and the command that explains references to it. */
export type ExplainWorld = SummaryWorld & {
  readonly mirror: string;
  /** Explains a reference with the usual trust, from the tree unless told otherwise. */
  explain(ref: string, flags?: readonly string[], env?: Readonly<Record<string, string>>): Promise<Explained>;
};

/** An image, built and signed in staging, that is promoted, signed, recorded and summarized on both mirrors. */
export async function explainWorld(isPromoted = true, ends?: Ends): Promise<ExplainWorld> {
  const made = await summaryWorld(ends);
  const { stage, repository } = made;
  storeImage(stage.staging.store, 'staging/app', image, ['v1']);
  await made.build(image);
  await made.promise([image], policy('require'));
  repository.git(...WHOM, 'commit', '--quiet', '--amend', '-m', 'Merge pull request #77 from fork/app');
  if (isPromoted) expect((await made.run('--verification-summaries', '--replicate-signatures')).code).toBe(0);
  const { trustedRootFile } = stage.sigstore;
  return {
    ...made,
    mirror: `${stage.mirrors[1]?.host ?? ''}/prod/app`,
    explain: async (ref, flags = ['--manifests', repository.path], env = {}) => {
      const trust = [`--trusted-root=${trustedRootFile}`, `--certificate-identity=${SIGNER.subject}`, '--max-wait=1s'];
      const given = [...(flags.some((flag) => flag.startsWith('--trusted-root')) ? trust.slice(1) : trust), ...flags];
      const ended = await kpromo(['explain', ref, '--output=json', '--retries=0', ...given], {
        env: { PATH: process.env['PATH'] ?? '', ...env },
      });
      const facts = JSON.parse(ended.stdout) as ExplanationDocument;
      expect(check(facts), JSON.stringify(check.errors)).toBe(true);
      return { ...ended, facts };
    },
  };
}
/** The author of amended commits. */
export const WHOM = ['-c', 'user.name=T', '-c', 'user.email=t@example.com'];
/** Returns the reason of an unknown fact; the fact itself if it is known. */
export const reasonOf = (fact: object): string => ('unknown' in fact ? String(fact.unknown) : JSON.stringify(fact));
