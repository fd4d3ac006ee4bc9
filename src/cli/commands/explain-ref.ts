import { evidenceReader } from '../../attest/evidence/reader.ts';
import { openSigning } from '../../attest/signing/open.ts';
import { laterVerifier, withoutTrust } from '../../attest/verifying/without-trust.ts';
import { runExplain, type OnlineServices } from '../../explain.ts';
import { jsonText } from '../../image/json-text.ts';
import type { RegistryConfig } from '../../config/config.ts';
import { entryCommits } from '../../manifest/history/entry-commits.ts';
import { repositoryOf } from '../../manifest/history/load-commit.ts';
import { loadManifests } from '../../manifest/load.ts';
import type { Explanation } from '../../plan/explained/facts.ts';
import { runPromotion } from '../../promotion.ts';
import { explanationDocument } from '../../report/explain/model.ts';
import { explanationText } from '../../report/explain/text.ts';
import type { CommandServices } from '../command.ts';
import { fitted } from '../output/fitted.ts';
import type { ExplainOptions } from '../options/commands/explain.ts';
import { treeNamed } from '../options/source.ts';
import { loadRequest } from '../wiring/manifests.ts';
import { openConfigured } from '../wiring/open-configured.ts';
import type { Registries } from '../wiring/registries.ts';
import { expectation } from '../wiring/trust.ts';
import { rendering } from '../../watch/log-lines/render.ts';
import { versionName } from '../version.ts';
import { primaryRules } from './primary-rules.ts';

/** The exit code for each status: 0 if it is promoted, 2 if it is not, 1 if that is unknown. */
const CODES: Readonly<Record<Explanation['status'], number>> = {
  promoted: 0,
  wanted: 0,
  'partly promoted': 2,
  'not promoted': 2,
  unmanaged: 2,
  'not wanted': 2,
  unknown: 1,
};

/** `kpromo explain REF`: prints everything about one image, and returns the exit code. Writes to no registry. */
export async function run(options: ExplainOptions, services: CommandServices): Promise<number> {
  const { env, clock, signal, narrate, stdout, task } = services;
  const { config, registries } = await openConfigured(options.registries, services);
  try {
    const request = loadRequest(options.tree);
    const git = { env, clock, signal };
    const explanation = await runExplain(
      { ref: options.ref, rules: rulesOf(options, config) },
      {
        load: treeNamed(options.tree) === undefined ? undefined : () => loadManifests(request),
        findCommits: async (queries) => {
          const repository = await repositoryOf(request, git);
          return entryCommits(repository, await repository.git.commit('HEAD'), queries);
        },
        production: options.isOffline ? undefined : await onlineServices(options, services, { config, registries }),
      },
      { clock, emit: rendering(narrate), signal },
    );
    const document = explanationDocument(explanation, { kpromo: await versionName(), reference: options.reference });
    stdout.write(options.format === 'json' ? `${jsonText(document, 2)}\n` : fitted(explanationText(document), stdout));
    const code = CODES[explanation.status];
    if (code === 1)
      narrate({ type: 'log', level: 'fatal', message: `${task}: whether ${options.reference} is promoted is unknown` });
    return code;
  } finally {
    await registries.close();
  }
}

function rulesOf({ primary }: ExplainOptions, { publicNames, attachments, ...config }: RegistryConfig) {
  return { publicNames, attachments, primary: primary.chosen ?? config.primary };
}

type Opened = { readonly config: RegistryConfig; readonly registries: Registries };

async function onlineServices(
  { trust, primary, isOnlyKey }: ExplainOptions,
  { clock, signal, narrate }: CommandServices,
  { config, registries }: Opened,
): Promise<OnlineServices> {
  const { registry, pause } = registries;
  const { trustedRoots, key, tlogUpload } = trust;
  const signing = openSigning({ ...registries.signing, trustedRoots, key, tlogUpload });
  const onMissingTrust = (reason: string): void =>
    narrate({
      type: 'log',
      level: 'warning',
      message: `no signature is verified: the trust root could not be loaded: ${reason}; set --trusted-root FILE`,
    });
  const open = withoutTrust(signing.verifier, { clock, onMissingTrust });
  const isExpected = await expectation(isOnlyKey ? undefined : trust.expected, trust.key, signing, signal);
  const manifestOf: Parameters<typeof evidenceReader>[0]['manifestOf'] = (repository, digest, stop) =>
    registry.readManifest(repository, digest, { signal: stop });
  const version = await versionName();
  return {
    registry,
    verifier: laterVerifier(() => open(signal, 'inform')),
    isExpected,
    evidence: evidenceReader({ registry, manifestOf, verifier: (stop) => open(stop, 'inform') }),
    dryRun: async (manifests) => {
      const report = await runPromotion(
        { mode: 'dry-run', threads: 1, version },
        {
          load: () => Promise.resolve(manifests),
          registry,
          pause,
          primary: primaryRules(primary, config),
          trust: { verifier: (stop) => open(stop, 'inform'), isExpected, isBelieved: isExpected, looks: 'when-asked' },
        },
        // its log is about a plan that nobody asked for
        { clock, signal, emit: () => undefined },
      );
      return report.failures;
    },
  };
}
