import { isPromotionError } from '../../errors.ts';
import type { IdentityFlags } from '../../attest/identity/identity.ts';
import type { ServiceFlags } from '../../attest/services/config.ts';
import { hostInUrl, hostProblem } from '../../image/host.ts';
import { compilePattern, type Pattern } from '../../image/pattern.ts';
import type { FlagValues } from './flags/parse-flags.ts';
import { goQuote } from '../../text/go-quote.ts';
import { usage } from '../unknown.ts';
import type { SIGNING_FLAGS } from './flags/signing-flags.ts';

/** How a run signs; who and where is what the user said of it, and may be nothing. */
export type SigningOptions = IdentityFlags &
  ServiceFlags & {
    /** Each a name or a file; none is the default. */
    readonly trustedRoots: readonly string[];
    readonly signingConfig?: string;
    readonly tlogUpload: boolean;
    readonly signatureFormat: 'both' | 'legacy' | 'bundle';
    readonly signTagless: boolean;
    /** Digests in work at once; at least 1. */
    readonly maxSignatureOps: number;
    readonly builderId?: string;
    readonly primaryRegistry?: Pattern;
  };

type Given = { readonly values: FlagValues<typeof SIGNING_FLAGS>; readonly given: ReadonlySet<string> };

/** The options that these flags mean; throws USAGE for what is out of range or contradicts itself. */
export function signingOptions({ values, given }: Given): SigningOptions {
  const { 'rekor-version': rekor } = values;
  const options: SigningOptions = {
    ...filled({ key: values.key, identityToken: values['identity-token'], builderId: values['builder-id'] }),
    ...filled({ signingConfig: values['signing-config'] }),
    trustedRoots: values['trusted-root'].filter((root) => root !== ''),
    // the default is no choice of the user's
    ...(given.has('signer-account') && filled({ signerAccount: values['signer-account'] })),
    ...addresses(values),
    ...(rekor !== '' && { rekorVersion: rekor === '1' ? 1 : 2 }),
    ...(values['primary-registry'] !== '' && { primaryRegistry: primary(values['primary-registry']) }),
    tlogUpload: values['tlog-upload'],
    signatureFormat: values['signature-format'],
    signTagless: values['sign-tagless'],
    maxSignatureOps: values['max-signature-ops'],
  };
  refuseContradictions(options, values.sign);
  return options;
}

function refuseContradictions(options: SigningOptions, sign: boolean): void {
  const { key, identityToken, signTagless, builderId, rekorVersion, rekorUrl, signatureFormat, tlogUpload } = options;
  const idle = [
    ...(key === undefined ? [] : ['--key']),
    ...(identityToken === undefined ? [] : ['--identity-token']),
    ...(signTagless ? ['--sign-tagless'] : []),
    ...(builderId === undefined ? [] : ['--builder-id']),
  ];
  if (!sign && idle.length > 0)
    throw usage(`--sign=false and ${idle.join(' and ')} contradict each other`, 'leave one of them out');
  if (rekorVersion === 2 && signatureFormat !== 'bundle')
    throw usage(
      `--rekor-version=2 and --signature-format=${signatureFormat} contradict each other`,
      'a .sig tag cannot hold what Rekor v2 answers: write --signature-format=bundle',
    );
  if (tlogUpload) return;
  if (key === undefined)
    throw usage('--tlog-upload=false needs --key', 'what is signed without a key of its own must be logged');
  if (rekorUrl !== undefined || rekorVersion !== undefined)
    throw usage('--tlog-upload=false and a Rekor to log to contradict each other', 'leave one of them out');
}

function filled<K extends string>(values: Readonly<Record<K, string>>): { readonly [Key in K]?: string } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== '')) as { [Key in K]?: string };
}

function addresses(values: Given['values']): Pick<ServiceFlags, 'fulcioUrl' | 'rekorUrl' | 'timestampUrl'> {
  const [fulcioUrl, rekorUrl, timestampUrl] = (['fulcio-url', 'rekor-url', 'timestamp-url'] as const).map((name) =>
    address(name, values[name]),
  );
  return {
    ...(fulcioUrl !== undefined && { fulcioUrl }),
    ...(rekorUrl !== undefined && { rekorUrl }),
    ...(timestampUrl !== undefined && { timestampUrl }),
  };
}

function address(name: string, text: string): URL | undefined {
  if (text === '') return undefined;
  const url = URL.parse(text);
  const problem = hostProblem(hostInUrl(text));
  if (url !== null && /^https?:$/.test(url.protocol) && problem === undefined) return url;
  throw usage(`--${name}: ${goQuote(text)} is no address`, 'write it as https://host[:port][/path]');
}

function primary(text: string): Pattern {
  try {
    return compilePattern(text);
  } catch (error) {
    throw isPromotionError(error) ? usage(`--primary-registry: ${error.message}`, error.hint) : error;
  }
}
