import type { Flag } from './flag.ts';
import { CERTIFICATE_FLAGS, SIGNER_FLAGS } from './signing-flags.ts';
import { REGISTRY_FLAGS } from './source-flags.ts';

/** What signatures are verified with, out of the flags of signing. */
type TrustFlag = Extract<(typeof SIGNER_FLAGS)[number], { name: 'trusted-root' | 'key' | 'tlog-upload' }>;

const TRUST_FLAGS: readonly TrustFlag[] = SIGNER_FLAGS.filter((flag) =>
  ['trusted-root', 'key', 'tlog-upload'].includes(flag.name),
) as readonly TrustFlag[];

/** The flags of `kpromo policy test`. */
export const POLICY_FLAGS = [
  {
    name: 'policy',
    type: 'string',
    default: '',
    value: 'FILE',
    completes: 'file',
    help: 'The policy to try: a promoter-manifest.yaml or a promoter-policy.yaml.',
  },
  {
    name: 'project',
    type: 'string',
    default: '',
    value: 'NAME',
    help: 'The project of the promoter-policy.yaml whose policy is tried. Default: the policy for projects that are not listed.',
  },
  ...TRUST_FLAGS,
  ...CERTIFICATE_FLAGS,
  ...REGISTRY_FLAGS,
] as readonly (
  | TrustFlag
  | (typeof CERTIFICATE_FLAGS)[number]
  | (typeof REGISTRY_FLAGS)[number]
  | (Flag & { readonly name: 'policy' | 'project'; readonly type: 'string' })
)[];
