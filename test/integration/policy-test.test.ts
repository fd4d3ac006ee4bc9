import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { realClock } from '../../src/clock.ts';
import { attest, slsa, SLSA_V1 } from '../support/evidence.ts';
import { homeWith } from '../support/home.ts';
import { kpromo, type CipRun } from '../support/promotion/cip.ts';
import { signingStage } from '../support/promotion/signing-stage.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import { signingIn } from '../support/signing.ts';
import { SIGNER } from '../support/sigstore/oidc.ts';

const POLICY = `provenance:
  mode: require
  signers: ["sigstore::${SIGNER.issuer}::${SIGNER.subject}"]
  builders: [{ id: "https://ci.example/builder", level: 3 }]
  sources: [github.com/acme/app]
`;
const TREE = `${POLICY}projects:
  lenient: { provenance: { mode: "off" } }
`;
const MANIFEST = `registries:
- { name: a.test/staging, src: true }
- { name: b.test/prod }
${POLICY}`;

type World = {
  readonly image: string;
  readonly digest: string;
  run(policy: string, ...flags: string[]): Promise<CipRun>;
};

/** An image in staging, with provenance of this source where one is given. */
async function world(source?: string, given: Parameters<typeof signingIn>[1] = {}): Promise<World> {
  const { sigstore, staging } = await signingStage(1);
  const subject = storeImage(staging.store, 'staging/app', buildImage({ seed: 91 }), ['v1']);
  const signing = await signingIn({ sigstore, clock: realClock() }, given);
  const signer = await signing.signer(new AbortController().signal);
  if (source !== undefined) {
    const predicate = slsa('https://ci.example/builder', source);
    await attest(staging.store, 'staging/app', subject, signer, { predicateType: SLSA_V1, predicate });
  }
  const file = join(await homeWith({}), 'policy.yaml');
  return {
    image: `${staging.host}/staging/app:v1`,
    digest: subject.digest,
    run: async (policy, ...flags) => {
      await writeFile(file, policy);
      const trust = `--trusted-root=${sigstore.trustedRootFile}`;
      return kpromo(['policy', 'test', `${staging.host}/staging/app:v1`, `--policy=${file}`, trust, ...flags]);
    },
  };
}

describe('kpromo policy test', () => {
  it.each([
    ['the manifest of a project', MANIFEST],
    ['the policy of a tree', TREE],
  ])('passes an image that satisfies %s, and shows its evidence', async (_, policy) => {
    const { run, digest } = await world('github.com/acme/app');
    const { code, stdout } = await run(policy);
    expect(stdout).toContain(digest);
    expect(stdout).toMatch(/STATUS +KIND +FORM +SIGNER/);
    expect(stdout).toMatch(/verified +provenance +bundle +promoter@example\.com/);
    expect(stdout).toContain('level: 3');
    expect(stdout).toContain('The image passes');
    expect(code).toBe(0);
  });

  it('fails for one that does not, says why and where the policy stands', async () => {
    const { run } = await world('github.com/evil/app');
    const { code, stdout } = await run(POLICY);
    expect(code).toBe(1);
    expect(stdout).toMatch(/PROVENANCE \S*policy\.yaml:2:/);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      'git+https://github.com/evil/app@refs/tags/v1 is not in the policy',
    );
    expect(stdout).toContain('The image does not pass');
    const lenient = await run(TREE, '--project=lenient');
    expect(lenient.code).toBe(0);
    expect(lenient.stdout).toContain('is not judged');
  });

  it('holds an image to the level that its policy asks of its name', async () => {
    const { run } = await world('github.com/acme/app');
    const other = 'sigstore::https://a.example::other';
    const policy = POLICY.replace('signers: [', `signers: ["${other}", `).replace(
      'level: 3 }',
      `level: 2 }, { id: "https://ci.example/other", level: 3, signers: ["${other}"] }`,
    );
    const named = (name: string): Promise<CipRun> => run(`${policy}  levels: [{ images: [${name}], level: 3 }]\n`);
    expect(await named('other')).toMatchObject({ code: 0, stdout: expect.stringContaining('level: 2') });
    // without a source registry it has every name that it can have below one
    for (const name of ['app', 'staging/*']) {
      const { code, stdout } = await named(name);
      expect([code, stdout.replaceAll(/\s+/g, ' ')]).toEqual([
        1,
        expect.stringContaining('level 2 is below 3, which this image'),
      ]);
    }
  });

  it('verifies by any of several trusted roots', async () => {
    const [{ run }, other] = [await world('github.com/acme/app'), await signingStage(1)];
    const foreign = `--trusted-root=${other.sigstore.trustedRootFile}`;
    const { code, stdout } = await run(POLICY, foreign);
    expect([code, stdout]).toEqual([0, expect.stringContaining('The image passes')]);
  });

  it('knows what a key signed by its public key', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const home = await homeWith({
      'key.pem': privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      'key.pub': publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    });
    const { run } = await world('github.com/acme/app', { key: join(home, 'key.pem'), env: {} });
    expect((await run(POLICY)).stdout).toMatch(/unverifiable +provenance +bundle/);
    expect((await run(POLICY, `--key=${join(home, 'key.pub')}`)).stdout).toMatch(/verified +provenance +bundle +a key/);
  });

  it('says that nothing is attached, and of an image that is not there that it is not', async () => {
    const { run, image } = await world();
    const { code, stdout } = await run(POLICY);
    expect([code, stdout]).toEqual([1, expect.stringContaining('no attachments')]);
    const gone = await run(POLICY, image.replace(':v1', ':v2'));
    expect(gone.code).toBe(1);
    expect(gone.stderr).toContain('is not in the registry');
  });

  it.each([
    [['policy'], 'requires a subcommand'],
    [['policy', 'tset', 'a.test/app:v1'], '`kpromo policy` has no subcommand'],
    [['policy', 'test', '--policy=x'], 'no image is given'],
    [['policy', 'test', 'a.test/app', '--policy=x'], 'is not an image reference'],
    [['policy', 'test', 'a.test/app:v1'], '--policy is required'],
    [['policy', 'test', 'a.test/app:v1', '--policy=/nonexistent/p.yaml'], '/nonexistent/p.yaml: cannot be read'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await kpromo(args);
    expect([code, stderr]).toEqual([1, expect.stringContaining(message)]);
  });
});
