import { describe, expect, it } from 'vitest';
import { resultFlags } from './result-flags.ts';

describe('src/cli/output/result-flags.ts', () => {
  it('returns the same flags however they are written', () => {
    const flags = ['--allow-registry=b/**', '--allow-registry=a/**', '--confirm=true', '--timeout=5m'];
    const one = resultFlags('cip', ['cip', ...flags, '--shard=0/2', '--report=a.json', '--log-level=debug']);
    const other = ['--confirm', 'cip', '--shard', '1/2', '--allow-registry', 'a/**', '--manifests=x'];
    expect(resultFlags('cip', [...other, '--threads=3', '--allow-registry', 'b/**', '--sign'])).toEqual(one);
    expect(one).toEqual(['--allow-registry=a/**', '--allow-registry=b/**', '--confirm=true']);
  });

  it('returns references and omits the words of the command', () => {
    expect(resultFlags('sigcheck', ['sigcheck', 'b/x:1', '--through=r.test', 'a/x:1'])).toEqual([
      '--through=r.test',
      'a/x:1',
      'b/x:1',
    ]);
    expect(resultFlags('replicate', ['cip', 'replicate-signatures', '--confirm'])).toEqual(['--confirm=true']);
  });

  it('never returns a password', () => {
    const flags = resultFlags('cip', ['cip', '--fulcio-url=https://user:hunter2@fulcio.test/']);
    expect(flags).toEqual(['--fulcio-url=https://fulcio.test/']);
  });
});
