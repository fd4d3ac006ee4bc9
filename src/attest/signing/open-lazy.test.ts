import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

/** Opens signing, does with it what is given, and prints which packages were loaded. */
const program = (work: string): string => `
  import { registerHooks } from 'node:module';
  const loaded = new Set();
  registerHooks({
    load: (url, context, next) => {
      const [, name] = /node_modules\\/((?:@[^/]+\\/)?[^/]+)(?!.*node_modules)/.exec(url) ?? [];
      if (name !== undefined) loaded.add(name);
      return next(url, context);
    },
  });
  const { openSigning } = await import('./open.ts');
  const signing = openSigning({
    env: {}, home: '/nowhere', signerAccount: 'a@b.c', trustedRoots: ['/not/there'],
    clock: { now: () => 0 }, google: { present: async () => false },
  });
  ${work}
  console.log(JSON.stringify([...loaded]));
`;

async function loaded(work: string): Promise<readonly string[]> {
  const args = ['--input-type=module', '--eval', program(work)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: join(import.meta.dirname) });
  return JSON.parse(stdout) as readonly string[];
}

const HEAVY = /^(?:@sigstore|@tufjs|@noble)\/|^(?:tuf-js|google-auth-library)$/;

describe('src/attest/signing/open.ts', () => {
  it('loads no library for a run that neither signs nor verifies', async () => {
    const packages = await loaded('await signing.announcement();');
    expect(packages).toContain('zod');
    expect(packages.filter((name) => HEAVY.test(name))).toEqual([]);
  });

  it('loads no library if there is nothing to verify with', async () => {
    const packages = await loaded('await signing.verifier(new AbortController().signal).catch(() => {});');
    expect(packages.filter((name) => HEAVY.test(name))).toEqual([]);
  });

  it('loads the libraries otherwise', async () => {
    expect(await loaded("await (await import('../verifying/verify.ts')).openVerifier({ trustedRoot: {} });")).toContain(
      '@sigstore/verify',
    );
  });
});
