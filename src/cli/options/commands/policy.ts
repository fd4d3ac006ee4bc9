import { parseRef, type AskedRef } from '../../../image/asked-ref.ts';
import { goQuote } from '../../../text/go-quote.ts';
import { usage } from '../../unknown.ts';
import type { Flag } from '../flags/flag.ts';
import type { ParsedFlags } from '../flags/parse-flags.ts';
import { COMMON_FLAGS, logOptions, type LogOptions } from '../output.ts';
import { registriesOptions, REGISTRY_FLAGS, type RegistriesOptions } from '../registries.ts';
import { ALLOW_FLAGS, allowedRegistry } from '../source.ts';
import { CERTIFICATE_FLAGS, KEY_FLAGS, ROOT_FLAGS, trustOptions, type TrustOptions } from '../trust.ts';
import { flagsOf, type FlagsByTopic } from './command.ts';

/** Flags that select the policy. */
const POLICY_FILE_FLAGS = [
  {
    name: 'policy',
    type: 'string',
    default: '',
    value: 'FILE',
    completes: 'file',
    help: 'The file with the policy: a promoter-manifest.yaml or a promoter-policy.yaml.',
  },
  {
    name: 'project',
    type: 'string',
    default: '',
    value: 'NAME',
    help: 'The project in promoter-policy.yaml whose policy is tried. Default: the policy for unlisted projects.',
  },
] as const satisfies readonly Flag[];

/** The flags of `kpromo policy test`. */
export const POLICY = {
  run: POLICY_FILE_FLAGS,
  registries: [...ALLOW_FLAGS, ...REGISTRY_FLAGS],
  trust: [...CERTIFICATE_FLAGS, ...ROOT_FLAGS, ...KEY_FLAGS],
  output: COMMON_FLAGS,
} as const satisfies FlagsByTopic;

export const POLICY_FLAGS = flagsOf(POLICY);

/** The command line after `kpromo policy`. */
type ParsedPolicy = ParsedFlags<typeof POLICY_FLAGS>;

/** The policy to try, and the images to try it on. */
export type PolicyOptions = {
  /** Each with a tag or a digest. */
  readonly refs: readonly AskedRef[];
  readonly policy: string;
  readonly project: string | undefined;
  readonly registries: RegistriesOptions;
  readonly trust: TrustOptions;
  readonly output: LogOptions;
};

/** Reads flags and arguments; throws USAGE. */
export function policyOptions(parsed: ParsedPolicy): PolicyOptions {
  const { values, positional } = parsed;
  const [word, ...refs] = positional;
  if (word !== 'test')
    throw usage(
      word === undefined
        ? '`kpromo policy` requires a subcommand'
        : `\`kpromo policy\` has no subcommand ${goQuote(word)}`,
      'write kpromo policy test REF --policy FILE',
    );
  if (refs.length === 0) throw usage('no image is given', 'give one as host/path:tag or host/path@sha256:…');
  if (values.policy === '') throw usage('--policy is required', 'give the policy: --policy FILE');
  // Only the user names registries here, so --allow-registry has no effect; its value is still checked.
  values['allow-registry'].forEach(allowedRegistry);
  return {
    refs: refs.map(imageRef),
    policy: values.policy,
    project: values.project || undefined,
    registries: registriesOptions(values),
    trust: trustOptions(parsed),
    output: logOptions(values),
  };
}

function imageRef(text: string): AskedRef {
  const ref = parseRef(text);
  if (ref === undefined || (ref.tag === undefined && ref.digest === undefined))
    throw usage(`${goQuote(text)} is not an image reference`, 'write it as host/path:tag or host/path@sha256:…');
  return ref;
}
