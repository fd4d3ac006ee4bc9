import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { realClock } from '../../src/clock.ts';
import { attest, slsa, SLSA_V1 } from '../support/evidence.ts';
import { homeWith } from '../support/home.ts';
import { digestOfLabel, imageOf } from '../support/promotion/plan-cases.ts';
import { LOGIN, prWorld } from '../support/proposal/pr-world.ts';
import { storeImage } from '../support/registry/images.ts';
import { signingIn } from '../support/signing.ts';
import { startSigstore } from '../support/sigstore/local.ts';
import { SIGNER } from '../support/sigstore/oidc.ts';

const [B, C] = [digestOfLabel('B'), digestOfLabel('C')];
const POLICY = `provenance:
  mode: require
  signers: ["sigstore::${SIGNER.issuer}::${SIGNER.subject}"]
  builders: [{ id: "https://ci.example/builder", level: 3 }]
  sources: [github.com/acme/app]
`;

describe('the pull request of kpromo pr', () => {
  it('tells the reviewer what signatures and provenance say, and which images their policy holds back', async () => {
    const { pr, github, staging, mirror, hold } = await prWorld({ google: true }, {}, POLICY);
    const sigstore = await startSigstore();
    onTestFinished(() => sigstore.stop());
    const signer = await (await signingIn({ sigstore, clock: realClock() }, {})).signer(new AbortController().signal);
    const web = storeImage(staging.store, 'staging/web', imageOf('B'), ['v2']);
    const predicate = slsa('https://ci.example/builder', 'github.com/acme/app');
    await attest(staging.store, 'staging/web', web, signer, { predicateType: SLSA_V1, predicate });
    hold(staging, 'staging/worker', { C: ['v2'] });
    const { code, log } = await pr(['--tag=v2', `--trusted-root=${sigstore.trustedRootFile}`]);
    expect(code).toBe(0);
    const body = github.pulls[0]?.body ?? '';
    const rows = body.split('\n').filter((line) => line.startsWith('|'));
    const row = (name: string, column: string): string | undefined =>
      rows.find((line) => line.startsWith(`| \`${name}\``) && line.includes(column));
    expect(row('web', 'verified')?.split(' | ').slice(1)).toEqual([
      'unsigned',
      'verified',
      `\`${SIGNER.subject} (${SIGNER.issuer})\``,
      '`https://ci.example/builder`',
      expect.stringContaining('github.com/acme/app'),
      '3',
      'passes |',
    ]);
    expect(row('worker', 'unattested')).toContain('**held back**');
    expect(body).toMatch(/- `worker`: PROVENANCE: /);
    expect(log.join('\n')).toMatch(/error .*worker/);
    expect(row('web', B)).toContain('`linux/amd64`');
    expect(row('worker', C)).toMatch(/\d B \|$/);
    // the command compares each digest, whatever tool is called crane
    const command = body.slice(body.indexOf('while read'), body.indexOf('\nEOF') + 5);
    const crane = await homeWith({
      crane: `#!/bin/sh\ncase $1$2 in *web:v2) echo ${B};; *) echo sha256:other;; esac\n`,
    });
    const { stdout } = spawnSync('sh', ['-c', command], {
      encoding: 'utf8',
      env: { PATH: `${crane}:${process.env['PATH']}` },
    });
    expect(stdout).toBe(`ok    ${staging.host}/staging/web:v2\nWRONG ${staging.host}/staging/worker:v2\n`);
    // the plan: where it goes, and how much that is
    expect(body).toContain(`copy to ${mirror.host}/prod`);
    expect(body).toMatch(/compared with commit [0-9a-f]{12}/);
  });

  it('is short enough for GitHub, whatever is promoted', async () => {
    const { pr, github, staging } = await prWorld();
    const tag = `v2-${'x'.repeat(120)}`;
    for (let number = 0; number < 120; number += 1)
      storeImage(staging.store, `staging/a-rather-long-name-of-an-image/with-parts/image-${number}`, imageOf('B'), [
        tag,
      ]);
    const { code } = await pr([`--tag=${tag}`], { speed: 100 });
    expect(code).toBe(0);
    expect(github.pulls[0]?.body.length).toBeGreaterThan(20_000);
    expect(github.pulls[0]?.body).toContain('more digests');
  });

  it('escapes hostile names of a repository', async () => {
    const name = '<script>`@acme_team` | [x](evil.example)';
    const files = {
      [`registry/manifests/${name}/promoter-manifest.yaml`]:
        'registries:\n- {name: a.test/x, src: true}\n- {name: b.test/y}\n',
      [`registry/images/${name}/images.yaml`]: '[]\n',
    };
    const { pr, github, staging } = await prWorld({}, files);
    github.commit('acme/promos', {
      [`registry/manifests/${name}/promoter-manifest.yaml`]: `registries:\n- {name: "${staging.host}/evil", src: true}\n- {name: "${staging.host}/prod"}\n`,
    });
    storeImage(staging.store, 'evil/web', imageOf('B'), ['v2']);
    const { code, stdout } = await pr([`--project=${name}`, '--tag=v2', '--dry-run']);
    expect(code).toBe(0);
    const body = stdout.slice(0, stdout.indexOf('--- a/'));
    // outside of code, none of it is left
    const plain = body.slice(body.indexOf('\n\n')).replaceAll(/(`+)[^`][\s\S]*?\1/g, '');
    expect(plain).not.toMatch(/<script|@acme|evil\.example/);
  });

  it('hides the token that a server repeats', async () => {
    const { pr } = await prWorld();
    const server = createServer(({ headers }, response) => {
      const text = `ERR you sent ${headers.authorization}\n`;
      const line = `${(text.length + 4).toString(16).padStart(4, '0')}${text}`;
      response
        .writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' })
        .end(`001e# service=git-upload-pack\n0000${line}`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { code, stderr } = await pr(['--tag=v2', `--github-url=${url}`, '--push-only', '--log-level=trace']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('you sent Basic …')]);
    expect(stderr).not.toContain(LOGIN);
  });

  it('starts no program and reaches no server that the repository or the configuration of git names', async () => {
    const attributes = '* filter=evil diff=evil merge=evil\n';
    const { pr, github, staging, hold } = await prWorld(
      {},
      { '.gitattributes': attributes, '.gitmodules': '[submodule "x"]\n\tpath = x\n\turl = ext::touch% pwned\n' },
    );
    hold(staging, 'staging/web', { B: ['v2'] });
    const home = await homeWith({
      'hooks/pre-commit': '#!/bin/sh\ntouch "$HOME/pwned"\n',
      'hooks/pre-push': '#!/bin/sh\ntouch "$HOME/pwned"\n',
      'hooks/post-checkout': '#!/bin/sh\ntouch "$HOME/pwned"\n',
    });
    const touch = `touch ${join(home, 'pwned')}`;
    const config = `[filter "evil"]\n\tclean = ${touch}\n\tsmudge = ${touch}\n[core]\n\thooksPath = ${home}/hooks\n\tfsmonitor = ${touch}\n[url "http://evil.test/"]\n\tinsteadOf = ${github.url}/\n[commit]\n\tgpgSign = true\n[gpg]\n\tprogram = ${home}/hooks/pre-push\n[user]\n\tname = Alice\n\temail = alice@acme.example\n[credential]\n\thelper = "!${touch}"\n[init]\n\ttemplateDir = ${home}\n`;
    const { code, stdout } = await pr(['--tag=v2'], { env: { HOME: await homeWith({ '.gitconfig': config }) } });
    expect([code, stdout]).toEqual([0, expect.stringContaining('opened: ')]);
    expect(existsSync(join(home, 'pwned'))).toBe(false);
    expect(github.git('alice/promos', 'log', '-1', '--format=%an <%ae>', 'app-v2-image-promotion')).toBe(
      'Alice <alice@acme.example>',
    );
  });
});
