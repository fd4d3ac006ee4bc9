import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { homeWith } from '../support/home.ts';
import { kpromo } from '../support/promotion/cip.ts';
import { onceForFile } from '../support/once.ts';
import { explainWorld, image, reasonOf, WHOM } from '../support/promotion/explain-world.ts';
import { BUILDER, digestOf, policy, SUMMARIES } from '../support/promotion/summary-world.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import { SIGNER } from '../support/sigstore/oidc.ts';

const other = buildImage({ seed: 2 });
const WHO = `${SIGNER.subject} (${SIGNER.issuer})`;

/** More commits than there are: a clone with this depth is complete. */
const ALL = 99;

/** For tests that do not write to its tree, and change back what they change in its registries. */
const shared = onceForFile((ends) => explainWorld(true, ends));
/** Nothing is promoted; each test promises anew what it is about. */
const unpromoted = onceForFile(async (ends) => {
  const world = await explainWorld(false, ends);
  return { ...world, added: world.repository.git('rev-parse', 'HEAD').slice(0, 12) };
});

describe('kpromo explain REF', () => {
  it('explains a promoted image by each of its names', async () => {
    const { explain, primary, mirror, stage, repository } = await shared();
    const source = `${stage.staging.host}/staging/app`;
    const digest = digestOf(image);
    for (const ref of [
      `${primary}:v1`,
      `${mirror}:v1`,
      `${source}:v1`,
      `${primary}@${digest}`,
      `${source}@${digest}`,
    ]) {
      const { code, facts } = await explain(ref);
      expect([code, facts.status, facts.why]).toEqual([0, 'promoted', []]);
      expect(facts).toMatchObject({
        reference: ref,
        image: { known: { name: primary, digest, tags: ['v1'], primary } },
        entries: {
          known: [{ project: 'app', line: 3, file: join(repository.path, 'images/app/images.yaml'), source }],
        },
        added: { known: { id: repository.git('rev-parse', 'HEAD'), pullRequest: 77 } },
        promoted: { known: { source: `${source}@${digest}`, signer: WHO } },
        staging: { known: { repository: source, isThere: true } },
        built: {
          known: {
            from: source,
            level: 3,
            policy: 'passed',
            builds: [
              { builder: 'https://ci.example/builder', status: 'verified', signer: `${BUILDER} (${SIGNER.issuer})` },
            ],
          },
        },
        signed: { known: { status: 'verified', signer: WHO } },
        summary: { known: { result: 'PASSED', signer: `${SUMMARIES} (${SIGNER.issuer})`, isExpected: false } },
      });
      expect(facts.places).toEqual(
        [primary, mirror].map((place, index) => ({
          repository: place,
          role: index === 0 ? 'primary' : 'mirror',
          image: { known: 'there' },
          tags: { known: [{ tag: 'v1', state: 'there' }] },
          signature: { known: 'verified' },
          record: { known: 'verified' },
        })),
      );
    }
  });

  it('prints a line for each fact, and a row for each repository', async () => {
    const { primary, mirror, repository, stage } = await shared();
    const flags = ['--manifests', repository.path, `--trusted-root=${stage.sigstore.trustedRootFile}`];
    const { code, stdout } = await kpromo(
      ['explain', `${primary}:v1`, ...flags, `--certificate-identity=${SIGNER.subject}`],
      { env: { PATH: process.env['PATH'] ?? '' } },
    );
    expect(code).toBe(0);
    expect(stdout).toContain(`${primary}:v1: promoted\n`);
    for (const line of [
      /^ {2}entry {5}.*images\.yaml:3 \(project app\)$/m,
      /^ {2}added {5}\d{4}-\d\d-\d\d by commit [0-9a-f]{12}, pull request #77: Merge pull request #77 from fork\/app$/m,
      /^ {2}promoted {2}\d{4}-.*; record signed by promoter@example\.com/m,
      /^ {2}staging {3}.*, which has it$/m,
      /^ {2}built {5}by https:\/\/ci\.example\/builder from .*, level 3 \(accepted by its policy\)/m,
      /^ {2}signed {4}verified, by promoter@example\.com/m,
      /^ {2}summary {3}PASSED on .*SLSA_BUILD_LEVEL_3/m,
      /^ {2}mirrors {3}image on 2 of 2, tags on 2 of 2, signature on 2 of 2, record on 2 of 2$/m,
    ])
      expect(stdout).toMatch(line);
    expect(stdout).toMatch(new RegExp(`^${mirror} +mirror +there +there +verified +verified$`, 'm'));
  });

  it('knows the public name, and an image that no entry names', async () => {
    const { explain, primary, repository, stage } = await shared();
    const place = primary.replace(/\/app$/, '');
    const config = join(
      await homeWith({ 'registries.yaml': `version: 1\npublicNames:\n- match: ${place}\n  name: images.example\n` }),
      'registries.yaml',
    );
    const flags = ['--manifests', repository.path, `--registry-config=${config}`];
    const known = await explain('images.example/app:v1', flags);
    // it was signed under another name
    expect([known.code, known.facts.status]).toEqual([0, 'promoted']);
    expect(known.facts.image).toMatchObject({ known: { name: 'images.example/app', primary } });
    expect(known.facts.signed).toMatchObject({ known: { status: 'untrusted' } });
    const store = stage.mirrors[0]?.store ?? expect.fail('there is no primary');
    storeImage(store, 'prod/app', other, ['v0']);
    const extra = await explain('images.example/app:v0', flags);
    store.remove('prod/app', 'manifest', digestOf(other));
    expect([extra.code, extra.facts.status, extra.facts.why[0]?.code]).toEqual([2, 'unmanaged', 'NO_ENTRY']);
    expect(extra.facts.image).toMatchObject({ known: { digest: digestOf(other) } });
  });

  it('sends no request with --offline', async () => {
    const { explain, primary, stage, repository } = await shared();
    stage.taken();
    const { code, facts } = await explain(`${primary}:v1`, ['--manifests', repository.path, '--offline']);
    expect([code, facts.status, stage.taken().requests]).toEqual([0, 'wanted', 0]);
    expect(facts.added).toMatchObject({ known: { pullRequest: 77 } });
    for (const fact of [facts.promoted, facts.staging, facts.built, facts.signed, facts.summary])
      expect(reasonOf(fact)).toBe('registries are not read with --offline');
  });

  it('explains without manifests what registries tell', async () => {
    const { explain, primary } = await shared();
    const { code, facts } = await explain(`${primary}:v1`, []);
    expect([code, facts.status]).toEqual([0, 'promoted']);
    expect(reasonOf(facts.entries)).toBe('no manifests are named: give --manifests PATH');
    expect(facts.signed).toMatchObject({ known: { status: 'verified' } });
    expect(facts.staging).toMatchObject({ known: { isThere: true } });
  });

  it('writes nothing', async () => {
    const { explain, primary, stage } = await shared();
    stage.taken();
    await explain(`${primary}:v1`);
    expect(stage.taken()).toMatchObject({ writes: 0, fulcio: 0, rekor: 0 });
  });

  it.each([
    [['explain', 'host.test/app'], 'is not a reference of an image'],
    [['explain', 'host.test/app:v1', 'host.test/app:v2'], 'takes one reference'],
    [['explain', 'host.test/app:v1', '--offline'], '--offline requires manifests'],
    [['explain', 'TAG_MOVE', 'LOST'], 'takes no argument "LOST"'],
  ])('rejects %j', async (args, message) => {
    const { code, stderr } = await kpromo(args);
    expect([code, stderr.replaceAll('\\"', '"')]).toEqual([1, expect.stringContaining(message)]);
  });

  it('still explains a code', async () => {
    expect(await kpromo(['explain', 'lost'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^LOST\n/) });
  });
});

describe('kpromo explain REF, of an image that is not promoted', () => {
  it('names the nearest tag, and the nearest name', async () => {
    const { explain, primary } = await shared();
    const tag = await explain(`${primary}:v2`);
    expect([tag.code, tag.facts.status, tag.facts.why]).toEqual([
      2,
      'not promoted',
      [expect.objectContaining({ code: 'NO_ENTRY', message: expect.stringMatching(/no entry of .* has the tag v2/) })],
    ]);
    const name = await explain(`${primary}x:v1`);
    expect(name.facts.why[0]?.message).toContain(`the nearest name is ${primary}`);
    expect(name.facts.why[0]?.hint).toContain(`did you mean ${primary}?`);
    const offline = await explain(`${primary}x:v1`, ['--manifests', (await shared()).repository.path, '--offline']);
    expect([offline.code, offline.facts.status]).toEqual([2, 'not wanted']);
  });

  it('says that it was not run yet', async () => {
    const { explain, primary, promise, added } = await unpromoted();
    await promise([image], policy('require'));
    const { code, facts } = await explain(`${primary}:v1`);
    expect([code, facts.status, facts.why]).toEqual([
      2,
      'not promoted',
      [
        {
          code: 'NOT_RUN',
          message: `nothing holds it back: no promotion has completed since commit ${added} added its entry`,
          hint: expect.stringContaining('--confirm') as string,
        },
      ],
    ]);
  });

  it('says that staging lost it', async () => {
    const { explain, primary, promise } = await unpromoted();
    await promise([image, other]);
    const { code, facts } = await explain(`${primary}:v2`);
    expect([code, facts.status, facts.why.map((one) => one.code)]).toEqual([2, 'not promoted', ['LOST']]);
    expect(facts.staging).toMatchObject({ known: { isThere: false } });
  });

  it('says that a policy holds it back', async () => {
    const { explain, primary, promise } = await unpromoted();
    await promise([image], policy('require', 'https://other.example/builder'));
    const { code, facts } = await explain(`${primary}:v1`);
    expect([code, facts.why.map((one) => one.code)]).toEqual([2, ['PROVENANCE']]);
    expect(facts.built).toMatchObject({ known: { policy: 'failed' } });
  });

  it('says that its tag is elsewhere, and on which mirror it is missing', async () => {
    const { explain, primary, mirror, stage } = await shared();
    const store = stage.mirrors[1]?.store ?? expect.fail('there is no mirror');
    store.remove('prod/app', 'manifest', 'v1');
    const partly = await explain(`${primary}:v1`);
    expect([partly.code, partly.facts.status, partly.facts.why.map((one) => one.code)]).toEqual([
      2,
      'partly promoted',
      ['NOT_RUN'],
    ]);
    expect(partly.facts.places[1]).toMatchObject({
      repository: mirror,
      image: { known: 'there' },
      tags: { known: [{ tag: 'v1', state: 'missing' }] },
    });
    storeImage(store, 'prod/app', other, ['v1']);
    const moved = await explain(`${primary}:v1`);
    storeImage(store, 'prod/app', image, ['v1']);
    store.remove('prod/app', 'manifest', digestOf(other));
    expect(moved.facts.why.map((one) => one.code)).toEqual(['TAG_MOVE']);
    expect(moved.facts.places[1]?.tags).toEqual({
      known: [{ tag: 'v1', state: 'moved', digest: digestOf(other) }],
    });
  });

  it('says that two entries want the tag', async () => {
    const { explain, primary, repository: original } = await shared();
    await using repository = await original.shallow(ALL);
    const text = `- name: app\n  dmap:\n    "${digestOf(image)}": [v1]\n    "${digestOf(other)}": [v1]\n`;
    await repository.commit({ 'images/app/images.yaml': text });
    const { code, facts } = await explain(`${primary}:v1`, ['--manifests', repository.path]);
    expect([code, facts.why.map((one) => one.code)]).toEqual([0, ['TAG_CONFLICT']]);
    const offline = await explain(`${primary}:v1`, ['--manifests', repository.path, '--offline']);
    expect([offline.code, offline.facts.why[0]?.code, reasonOf(offline.facts.image)]).toEqual([
      1,
      'TAG_CONFLICT',
      'several digests have the tag',
    ]);
  });

  it('says with which commit its entry left the tree', async () => {
    const { explain, primary, repository: original } = await shared();
    await using repository = await original.shallow(ALL);
    await repository.commit({ 'images/app/images.yaml': `- name: app\n  dmap:\n    "${digestOf(other)}": [v9]\n` });
    repository.git(...WHOM, 'commit', '--quiet', '--amend', '-m', 'remove v1 (#78)');
    for (const flags of [[], ['--offline']]) {
      const { code, facts } = await explain(`${primary}:v1`, ['--manifests', repository.path, ...flags]);
      expect([code, facts.status, facts.why[0]?.code]).toEqual([2, 'unmanaged', 'UNMANAGED']);
      expect(facts.why[0]?.message).toMatch(
        /^its entry left the tree with commit [0-9a-f]{12}, #78: stays in production/,
      );
    }
  });

  it('says that its entry is invalid', async () => {
    const { explain, primary, repository: original } = await shared();
    await using repository = await original.shallow(ALL);
    await repository.write({ 'images/app/images.yaml': '- name: app\n  dmap:\n    "sha256:short": [v3]\n' });
    const { code, facts } = await explain(`${primary}:v3`, ['--manifests', repository.path]);
    expect([code, facts.why[0]?.code]).toEqual([2, 'ENTRY_INVALID']);
    expect(facts.why[0]?.message).toContain('images.yaml:3');
  });
});
