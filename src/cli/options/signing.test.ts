import { describe, expect, it } from 'vitest';
import type { PromotionError } from '../../errors.ts';
import { parseFlags } from './flags/parse-flags.ts';
import { SIGN_FLAGS, SIGNER_FLAGS, signingOptions, type SigningOptions } from './signing.ts';
import { KEY_FLAGS } from './trust.ts';

const options = (...argv: string[]): SigningOptions => {
  const { values, given } = parseFlags([...SIGN_FLAGS, ...SIGNER_FLAGS, ...KEY_FLAGS] as const, argv);
  return signingOptions({ values: { ...values, confirm: false }, given });
};
const refusal = (...argv: string[]): PromotionError => {
  try {
    return expect.unreachable(JSON.stringify(options(...argv)));
  } catch (error) {
    return error as PromotionError;
  }
};

describe('src/cli/options/signing.ts', () => {
  it('selects no signer by default: the default of --signer-account does not count', () => {
    expect(options()).toEqual({
      sign: true,
      requireIdentity: true,
      signatureFormat: 'both',
      signTagless: false,
      maxSignatureOps: 50,
    });
    expect(options('--signer-account=me@acme.test').signerAccount).toBe('me@acme.test');
  });

  it('parses each flag', () => {
    const { fulcioUrl, rekorUrl, timestampUrl, ...rest } = options(
      '--identity-token=t',
      '--fulcio-url=https://f.test',
      '--rekor-url=http://r.test:3000/log',
      '--timestamp-url=https://t.test/api/v1/timestamp',
      '--signing-config=config.json',
      '--rekor-version=1',
      '--signature-format=legacy',
      '--sign-tagless',
      '--max-signature-ops=7',
      '--builder-id=https://acme.test/promoter',
    );
    expect([fulcioUrl, rekorUrl, timestampUrl].map(String)).toEqual([
      'https://f.test/',
      'http://r.test:3000/log',
      'https://t.test/api/v1/timestamp',
    ]);
    expect(rest).toEqual({
      sign: true,
      requireIdentity: true,
      identityToken: 't',
      signingConfig: 'config.json',
      rekorVersion: 1,
      signatureFormat: 'legacy',
      signTagless: true,
      maxSignatureOps: 7,
      builderId: 'https://acme.test/promoter',
    });
  });

  it.each([
    [['--max-signature-ops=0'], '--max-signature-ops=0 is not positive'],
    [['--rekor-version=3'], 'invalid argument "3" for "--rekor-version" flag'],
    [['--signature-format=all'], 'invalid argument "all" for "--signature-format" flag'],
    [['--fulcio-url=fulcio'], '--fulcio-url: "fulcio" is not a valid address'],
    [['--rekor-url=https://1.2.3'], '--rekor-url: "https://1.2.3" is not a valid address'],
    [['--timestamp-url=file:///x'], '--timestamp-url: "file:///x" is not a valid address'],
    [['--rekor-version=2'], '--rekor-version=2 and --signature-format=both contradict each other'],
    [['--key=k', '--tlog-upload=false', '--rekor-url=https://r.test'], '--tlog-upload=false and the Rekor'],
    [['--sign=false', '--key=k', '--sign-tagless'], '--sign=false and --key and --sign-tagless contradict each other'],
  ])('rejects %j', (argv, message) => {
    const { code, message: text, hint } = refusal(...argv);
    expect([code, text.slice(0, message.length)]).toEqual(['USAGE', message]);
    expect(hint).toBeTruthy();
  });
});
