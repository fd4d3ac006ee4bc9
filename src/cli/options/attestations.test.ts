import { describe, expect, it } from 'vitest';
import { parseFlags } from './flags/parse-flags.ts';
import { ATTESTATION_FLAGS, attestationOptions, type AttestationOptions } from './attestations.ts';

const options = (argv: readonly string[] = [], tlogUpload = true): AttestationOptions =>
  attestationOptions({ ...parseFlags(ATTESTATION_FLAGS, argv).values, 'tlog-upload': tlogUpload });

describe('src/cli/options/attestations.ts', () => {
  it('disables summaries by default', () => {
    expect(options()).toEqual({ carrySboms: true });
    expect(options(['--carry-sboms=false'])).toEqual({ carrySboms: false });
  });

  it.each([
    [[], {}],
    [['--summary-signer-account=me@acme.test'], { signerAccount: 'me@acme.test' }],
    [['--summary-identity-token=token'], { identityToken: 'token' }],
    [['--supersede-summaries'], { supersede: true }],
  ])('parses summary flags %j', (flags, who) => {
    expect(options(['--verification-summaries', ...flags]).summaries).toEqual({ supersede: false, ...who });
  });

  it.each(['--summary-signer-account=a', '--summary-identity-token=t', '--supersede-summaries'])(
    'rejects %s without --verification-summaries',
    (flag) => {
      expect(() => options([flag])).toThrow(`${flag.split('=')[0]} requires --verification-summaries`);
    },
  );

  it('rejects an identity with a key that is not logged, but accepts the key alone', () => {
    const account = ['--verification-summaries', '--summary-signer-account=a'];
    expect(() => options(account, false)).toThrow('--tlog-upload=false contradict');
    expect(options(['--verification-summaries'], false).summaries).toEqual({ supersede: false });
  });

  it('rejects two signers of summaries', () => {
    const two = ['--summary-signer-account=a', '--summary-identity-token=t'];
    expect(() => options(['--verification-summaries', ...two])).toThrow('name different signers');
  });
});
