import { describe, expect, it } from 'vitest';
import { parseFlags } from './flags/parse-flags.ts';
import { SUMMARY_FLAGS } from './flags/summary-flags.ts';
import { summaryOptions, type SummaryOptions } from './summary.ts';

const options = (...argv: string[]): SummaryOptions => summaryOptions(parseFlags(SUMMARY_FLAGS, argv).values, true);

describe('src/cli/options/summary.ts', () => {
  it('writes no summaries unless told', () => {
    expect(options()).toEqual({ carrySboms: true });
    expect(options('--carry-sboms=false')).toEqual({ carrySboms: false });
  });

  it.each([
    [[], {}],
    [['--summary-signer-account=me@acme.test'], { signerAccount: 'me@acme.test' }],
    [['--summary-identity-token=token'], { identityToken: 'token' }],
    [['--supersede-summaries'], { supersede: true }],
  ])('reads what %j means for summaries', (flags, who) => {
    expect(options('--verification-summaries', ...flags).summaries).toEqual({ supersede: false, ...who });
  });

  it.each(['--summary-signer-account=a', '--summary-identity-token=t', '--supersede-summaries'])(
    'refuses %s where no summaries are written',
    (flag) => {
      expect(() => options(flag)).toThrow(`${flag.split('=')[0]} means nothing without summaries`);
    },
  );

  it('refuses an identity beside a key that is in no log, but not the key itself', () => {
    const { values } = parseFlags(SUMMARY_FLAGS, ['--verification-summaries', '--summary-signer-account=a']);
    expect(() => summaryOptions(values, false)).toThrow('--tlog-upload=false contradict');
    const alone = parseFlags(SUMMARY_FLAGS, ['--verification-summaries']).values;
    expect(summaryOptions(alone, false).summaries).toEqual({ supersede: false });
  });

  it('refuses two signers of summaries', () => {
    const two = ['--summary-signer-account=a', '--summary-identity-token=t'];
    expect(() => options('--verification-summaries', ...two)).toThrow('name different signers');
  });
});
