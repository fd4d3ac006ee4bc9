import type { ExpectedIdentity } from '../../attest/identity/identity-match.ts';
import { parseRef, type AskedRef } from '../../image/asked-ref.ts';
import { registryOptions } from './cip.ts';
import type { ReachOptions } from './reach.ts';
import { expectedIdentity } from './expected-identity.ts';
import type { ParsedFlags } from './flags/parse-flags.ts';
import { goQuote } from '../../text/go-quote.ts';
import type { COMMON_FLAGS } from './flags/cip-flags.ts';
import type { POLICY_FLAGS } from './flags/policy-flags.ts';
import { usage } from '../unknown.ts';
import { logOptions, type LogOptions } from './watch.ts';

/** Which policy is tried on which images. */
export type PolicyOptions = LogOptions &
  ReachOptions & {
    /** Each with a tag or a digest. */
    readonly refs: readonly AskedRef[];
    readonly policy: string;
    readonly project?: string;
    readonly expected: ExpectedIdentity;
    readonly trustedRoots: readonly string[];
    /** Whose signatures are known besides those of `expected`: a public or a private key. */
    readonly key?: string;
    /** Whether what the key signed must be in a log. */
    readonly tlogUpload: boolean;
  };

/** What was typed after `kpromo policy`. */
export type ParsedPolicy = ParsedFlags<readonly [...typeof POLICY_FLAGS, ...typeof COMMON_FLAGS]>;

/** The options that these flags and words mean; throws USAGE. */
export function policyOptions(parsed: ParsedPolicy): PolicyOptions {
  const { values, positional } = parsed;
  const [word, ...refs] = positional;
  if (word !== 'test')
    throw usage(
      word === undefined ? '`kpromo policy` needs a word' : `\`kpromo policy\` does not know ${goQuote(word)}`,
      'write kpromo policy test REF --policy FILE',
    );
  if (refs.length === 0) throw usage('nothing says which image', 'name one as host/path:tag or host/path@sha256:…');
  if (values.policy === '') throw usage('nothing says which policy', 'name it with --policy FILE');
  return {
    ...registryOptions(values),
    refs: refs.map(imageRef),
    policy: values.policy,
    ...(values.project !== '' && { project: values.project }),
    trustedRoots: values['trusted-root'].filter((root) => root !== ''),
    ...keyOptions(values),
    expected: expectedIdentity(parsed),
    ...logOptions(values),
  };
}

function keyOptions({
  key,
  'tlog-upload': tlogUpload,
}: ParsedPolicy['values']): Pick<PolicyOptions, 'key' | 'tlogUpload'> {
  if (!tlogUpload && key === '')
    throw usage('--tlog-upload=false needs --key', 'what is signed without a key of its own must be logged');
  return { tlogUpload, ...(key !== '' && { key }) };
}

function imageRef(text: string): AskedRef {
  const ref = parseRef(text);
  if (ref === undefined || (ref.tag === undefined && ref.digest === undefined))
    throw usage(`${goQuote(text)} names no image`, 'write it as host/path:tag or host/path@sha256:…');
  return ref;
}
