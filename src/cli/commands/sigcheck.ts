import { rendering } from '../../watch/log-lines/render.ts';
import type { Signing } from '../../attest/signing/open.ts';
import { identityText } from '../../attest/identity/same-identity.ts';
import { jobFact } from '../../attest/formats/record.ts';
import type { Identity } from '../../attest/roles.ts';
import type { Clock } from '../../clock.ts';
import type { RegistryConfig } from '../../config/config.ts';
import { PromotionError } from '../../errors.ts';
import { namesOf } from '../../plan/checks.ts';
import { withShare } from '../../sharding/load-share.ts';
import type { TreeSet } from '../../sharding/share.ts';
import { ownPushes } from '../../registry/own-pushes.ts';
import { sigcheckSummary, sigcheckTable } from '../../report/terminal/sigcheck-summary.ts';
import { summaryEvent } from '../../report/summary-event.ts';
import { runSigcheck, type SigcheckRequest, type SigcheckServices } from '../../sigcheck.ts';
import type { CommandServices } from '../command.ts';
import { conclude } from '../output/conclude.ts';
import { expectation } from '../wiring/trust.ts';
import { fitted } from '../output/fitted.ts';
import { imageSigning } from '../wiring/image-signing.ts';
import { manifestFacts } from '../wiring/manifest-facts.ts';
import { loadRequest, manifestServices } from '../wiring/manifests.ts';
import { openConfigured } from '../wiring/open-configured.ts';
import { primaryRules } from './primary-rules.ts';
import type { Registries } from '../wiring/registries.ts';
import type { SigcheckOptions } from '../options/commands/sigcheck.ts';
import { treeNamed } from '../options/source.ts';
import { announce, recordSigner, signerIdentity, signingOf } from '../wiring/signing.ts';
import { parseSince } from '../options/since.ts';
import { versionName } from '../version.ts';

const DAY = 24 * 3600_000;

/** Runs `kpromo sigcheck`: prints the findings and returns the exit code. */
export async function run(options: SigcheckOptions, services: CommandServices): Promise<number> {
  const { clock, narrate, signal, stdout } = services;
  const { config, registries } = await openConfigured(options.registries, services, options.confirm);
  try {
    const { trust } = options;
    const signing = signingOf(options.signing, trust, registries);
    await signing.openFiles(signal);
    const isExpected = await expectation(options.isOnlyKey ? undefined : trust.expected, trust.key, signing, signal);
    if (options.confirm) {
      await announce(signing, services);
      rejectUnexpectedSigner(await signerIdentity(signing, signal), isExpected);
    }
    const version = await versionName();
    const request = requestOf(options, config, clock.now());
    const checking = checkServices(options, services, {
      registries: showingPushes(registries, clock),
      signing,
      version,
      rules: request.rules,
    });
    const running = { ...checking, isExpected, primary: primaryRules(options.primary, config) };
    const report = await runSigcheck({ ...request, version }, running, {
      clock,
      emit: rendering(narrate, services.peers?.take),
      signal,
    });
    services.record?.({ check: report });
    if (options.confirm) await recordSigner(signing, services);
    stdout.write(fitted(sigcheckTable(report), stdout));
    narrate(summaryEvent(report, sigcheckSummary(report)));
    return conclude(report, options, services);
  } finally {
    await registries.close();
  }
}

/** Throws IDENTITY for an unexpected signer, whose repairs the next check would report as wrong. */
function rejectUnexpectedSigner(identity: Identity, isExpected: SigcheckServices['isExpected']): void {
  if (isExpected(identity)) return;
  throw new PromotionError('IDENTITY', `${identityText(identity)} would sign, but is not an expected signer`, {
    hint: 'set --signer-account and --certificate-identity to the same account, or omit --confirm',
  });
}

function requestOf(
  { confirm, shard, refs, fromDays, toDays, recordsSince, limit, primary, through }: SigcheckOptions,
  config: RegistryConfig,
  now: number,
): Omit<SigcheckRequest, 'version'> {
  return {
    mode: confirm ? 'repair' : 'check',
    shard,
    refs,
    window: { from: now - fromDays * DAY, to: toDays > 0 ? now - toDays * DAY : undefined },
    rules: {
      publicNames: config.publicNames,
      attachments: config.attachments,
      primary: primary.chosen ?? config.primary,
      through,
    },
    recordsSince: recordsSince === undefined ? undefined : parseSince(recordsSince, now),
    limit,
  };
}

function showingPushes(registries: Registries, clock: Clock): Registries {
  return { ...registries, registry: ownPushes(registries.registry, clock) };
}

/** Without a tree there is no digest of it. */
const NO_TREE = (): void => undefined;

type Opened = Pick<SigcheckRequest, 'rules' | 'version'> & {
  readonly registries: Registries;
  readonly signing: Signing;
};

function checkServices(
  options: SigcheckOptions,
  services: CommandServices,
  { registries, signing, version, rules }: Opened,
): Omit<SigcheckServices, 'isExpected'> {
  const { env, clock, signal } = services;
  const { tree, shard } = options;
  const hasTree = treeNamed(tree) !== undefined;
  const request = loadRequest(tree);
  const dividing = { shard, names: (set: TreeSet) => namesOf(set, rules) };
  const nothing = { projects: [], problems: [] };
  return {
    ...registries,
    load: hasTree
      ? manifestServices({ source: { ...tree, diff: undefined }, ...dividing }, services).load
      : async () => (shard === undefined ? nothing : withShare(nothing, { ...dividing, shard }, NO_TREE)),
    verifier: (stop) => signing.verifier(stop),
    signatures: imageSigning({
      signing,
      registries,
      clock,
      version,
      flags: options.signing,
      facts: async () => (hasTree ? manifestFacts(request, { env, clock, signal }) : (name) => ({ name })),
      job: jobFact(env),
    }),
  };
}
