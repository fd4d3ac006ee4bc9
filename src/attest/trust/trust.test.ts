import { generateKeyPairSync } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TrustedMetadataStore } from 'tuf-js/dist/store.js';
import { describe, expect, it } from 'vitest';
import { homeWith } from '../../../test/support/home.ts';
import { rejection } from '../../../test/support/http-request.ts';
import { openedSigning, signedNumber, signingIn, signingWorld } from '../../../test/support/signing.ts';
import { PromotionError } from '../../errors.ts';
import { trust } from './trust.ts';

const unasked = (): Promise<never> => Promise.reject(new Error('nothing may be asked'));
const forever = new AbortController().signal;
/** Neither file is given: the repository is asked. */
const noFiles = { trustedRoots: undefined as never, signingConfig: undefined as never };

describe('src/attest/trust/trust.ts', () => {
  it('loads the trusted root and the signing configuration from a TUF mirror, once', async () => {
    const world = await signingWorld();
    const { tuf } = world.sigstore;
    const cache = await homeWith({});
    const env = { TUF_MIRROR: tuf.url, TUF_ROOT_JSON: tuf.rootFile, TUF_ROOT: cache };
    const signing = await signingIn(world, { ...noFiles, env: { ...env, SIGSTORE_ID_TOKEN: world.sigstore.token() } });
    await Promise.all([signedNumber(signing, 1), signedNumber(signing, 2), signing.verifier(forever)]);
    // A newer root, timestamp, snapshot, targets, and the two files.
    expect(world.sigstore.counts().tuf).toBe(6);
  });

  it('uses the valid cache if the mirror cannot be reached', async () => {
    const world = await signingWorld();
    const { tuf } = world.sigstore;
    const env = { TUF_MIRROR: tuf.url, TUF_ROOT_JSON: tuf.rootFile, TUF_ROOT: await homeWith({}) };
    const given = { ...noFiles, env: { ...env, SIGSTORE_ID_TOKEN: world.sigstore.token() } };
    await signedNumber(await signingIn(world, given));
    world.sigstore.inject('tuf', { kind: 'reset' });
    expect((await signedNumber(await signingIn(world, given))).length).toBeGreaterThan(1000);
  });

  it('reports the use of the cache', async () => {
    const world = await signingWorld();
    const { tuf } = world.sigstore;
    const env = { TUF_MIRROR: tuf.url, TUF_ROOT_JSON: tuf.rootFile, TUF_ROOT: await homeWith({}) };
    const said: string[] = [];
    const given = { ...noFiles, env, onStale: (reason: string) => void said.push(reason) };
    await (await signingIn(world, given)).verifier(forever);
    expect(said).toEqual([]);
    world.sigstore.inject('tuf', { kind: 'status', status: 503 });
    await (await signingIn(world, given)).verifier(forever);
    expect(said).toEqual([`${tuf.url} cannot be reached; its cache is used`]);
  });

  it('ignores the cache of another Sigstore under the name of this mirror', async () => {
    const [world, evil] = [await signingWorld(), await signingWorld()];
    const { tuf } = world.sigstore;
    const [cache, forged] = [await homeWith({}), await homeWith({})];
    const own = { TUF_MIRROR: tuf.url, TUF_ROOT_JSON: tuf.rootFile, TUF_ROOT: cache };
    const theirs = { TUF_MIRROR: evil.sigstore.tuf.url, TUF_ROOT_JSON: evil.sigstore.tuf.rootFile, TUF_ROOT: forged };
    await (await signingIn(evil, { ...noFiles, env: theirs })).verifier(forever);
    const folderOf = (folder: string, url: string): string => join(folder, encodeURIComponent(new URL(url).host + '/'));
    const [from] = await readdir(forged);
    const to = folderOf(cache, tuf.url).replace(/%2F$/, '');
    await cp(join(forged, from ?? ''), to, { recursive: true });
    const signing = await signingIn(world, { ...noFiles, env: { ...own, SIGSTORE_ID_TOKEN: world.sigstore.token() } });
    expect((await signedNumber(signing)).length).toBeGreaterThan(1000);
    await rm(to, { recursive: true });
    await cp(join(forged, from ?? ''), to, { recursive: true });
    world.sigstore.inject('tuf', { kind: 'reset' });
    const offline = await signingIn(world, { ...noFiles, env: own });
    expect(await rejection(offline.verifier(forever))).toMatchObject({ code: 'TRUST_ROOT' });
  });

  it.each([
    ['cannot be written', async (cache: string) => writeFile(cache, 'a file')],
    [
      'cannot be parsed',
      async (cache: string, folder: string) => {
        await mkdir(join(cache, folder), { recursive: true });
        for (const name of ['root', '2.root', 'timestamp', 'snapshot', 'targets'])
          await writeFile(join(cache, folder, `${name}.json`), '{"signed":');
      },
    ],
  ])('works without a cache that %s', async (_, spoil) => {
    const world = await signingWorld();
    const { tuf } = world.sigstore;
    const cache = join(await homeWith({}), 'cache');
    await spoil(cache, encodeURIComponent(new URL(tuf.url).host));
    const env = { TUF_MIRROR: tuf.url, TUF_ROOT_JSON: tuf.rootFile, TUF_ROOT: cache };
    const given = { ...noFiles, env: { ...env, SIGSTORE_ID_TOKEN: world.sigstore.token() } };
    expect((await signedNumber(await signingIn(world, given))).length).toBeGreaterThan(1000);
  });

  it('requests no root again that the cache has', async () => {
    const world = await signingWorld();
    const { tuf } = world.sigstore;
    const env = { TUF_MIRROR: tuf.url, TUF_ROOT_JSON: tuf.rootFile, TUF_ROOT: await homeWith({}) };
    await (await signingIn(world, { ...noFiles, env })).verifier(forever);
    const before = world.sigstore.counts().tuf;
    await (await signingIn(world, { ...noFiles, env })).verifier(forever);
    // A newer root, and the timestamp.
    expect(world.sigstore.counts().tuf - before).toBe(2);
  });

  it('hints at the alternatives if nothing is cached', async () => {
    const world = await signingWorld();
    const { tuf } = world.sigstore;
    const env = { TUF_MIRROR: tuf.url, TUF_ROOT_JSON: tuf.rootFile, TUF_ROOT: await homeWith({}) };
    world.sigstore.inject('tuf', { kind: 'status', status: 503 });
    const signing = await signingIn(world, { ...noFiles, env });
    const expected = { code: 'TRUST_ROOT', hint: expect.stringContaining('--trusted-root') };
    expect(await rejection(signing.verifier(forever))).toMatchObject(expected);
  });

  it("starts with the library's root for Sigstore's own repository", async () => {
    const asked: string[] = [];
    const cache = await homeWith({});
    const { signing } = await openedSigning({
      ...noFiles,
      env: { TUF_ROOT: cache },
      fetch: ({ url }) => {
        asked.push(url.href);
        return Promise.reject(new PromotionError('NETWORK', 'offline'));
      },
    });
    const expected = { code: 'TRUST_ROOT', message: expect.stringContaining('offline') };
    expect(await rejection(signing.verifier(forever))).toMatchObject(expected);
    expect(asked[0]).toMatch(/^https:\/\/tuf-repo-cdn\.sigstore\.dev\/\d+\.root\.json$/);
    const root = JSON.parse(await readFile(join(cache, 'tuf-repo-cdn.sigstore.dev', 'root.json'), 'utf8')) as object;
    expect(root).toHaveProperty('signed.version');
  });

  it.each([
    ['github', 'https://tuf-repo.github.com/4.root.json', 'tuf-repo.github.com'],
    ['public-good', /^https:\/\/tuf-repo-cdn\.sigstore\.dev\/\d+\.root\.json$/, 'tuf-repo-cdn.sigstore.dev'],
  ])('starts with the pinned root of %s, whatever TUF_MIRROR is', async (name, first, folder) => {
    const asked: string[] = [];
    const cache = await homeWith({});
    const { signing, sigstore } = await openedSigning();
    expect(await signing.verifier(forever)).toBeDefined();
    const { signing: named } = await openedSigning({
      ...noFiles,
      trustedRoots: [name],
      env: { TUF_ROOT: cache, TUF_MIRROR: sigstore.tuf.url, TUF_ROOT_JSON: sigstore.tuf.rootFile },
      fetch: ({ url }) => {
        asked.push(url.href);
        return Promise.reject(new PromotionError('NETWORK', 'offline'));
      },
    });
    await named.openFiles(forever);
    expect(asked).toEqual([]);
    const expected = { code: 'TRUST_ROOT', message: expect.stringContaining(`https://${folder}: offline`) };
    expect(await rejection(named.verifier(forever))).toMatchObject(expected);
    expect(asked[0]).toMatch(first);
    const root = await readFile(join(cache, folder, 'root.json'));
    // its own keys sign it
    expect(() => new TrustedMetadataStore(root)).not.toThrow();
  });

  it('loads several roots, by name or from files, and names the one that fails', async () => {
    const world = await signingWorld();
    const trustedRoots = [world.sigstore.trustedRootFile, 'github'];
    const fetch = (): Promise<never> => Promise.reject(new PromotionError('NETWORK', 'offline'));
    const signing = await signingIn(world, { trustedRoots, fetch });
    const message = expect.stringContaining('https://tuf-repo.github.com: offline');
    expect(await rejection(signing.verifier(forever))).toMatchObject({ code: 'TRUST_ROOT', message });
    expect(await signing.ownVerifier(forever)).toBeDefined();
  });

  it("rejects GitHub's own Sigstore for signing", async () => {
    const world = await signingWorld();
    const given = { ...noFiles, trustedRoots: ['github', world.sigstore.trustedRootFile] };
    const config = trust({ ...given, fetch: unasked, env: {}, home: '/nowhere' }).signingConfig(forever);
    expect(await rejection(config)).toMatchObject({
      code: 'USAGE',
      hint: expect.stringContaining('for signing first'),
    });
  });

  it('requires the first root of a mirror', async () => {
    const world = await signingWorld();
    const env = { TUF_MIRROR: world.sigstore.tuf.url, TUF_ROOT: await homeWith({}) };
    const signing = await signingIn(world, { ...noFiles, env });
    const expected = { code: 'TRUST_ROOT', message: expect.stringContaining('TUF_ROOT_JSON') };
    expect(await rejection(signing.verifier(forever))).toMatchObject(expected);
  });

  it('hints at signing with a key without a log if the trusted root cannot be loaded', async () => {
    const world = await signingWorld();
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const home = await homeWith({ 'key.pub': publicKey.export({ type: 'spki', format: 'pem' }).toString() });
    const given = { ...noFiles, env: { TUF_MIRROR: world.sigstore.tuf.url, TUF_ROOT: home } };
    const key = join(home, 'key.pub');
    const logged = await signingIn(world, { ...given, key });
    const hint = expect.stringContaining('--tlog-upload=false');
    expect(await rejection(logged.verifier(forever))).toMatchObject({ code: 'TRUST_ROOT', hint });
    await (await signingIn(world, { ...given, key, tlogUpload: false })).verifier(forever);
  });

  it('uses nothing from a mirror that its root has not signed', async () => {
    const [world, other] = [await signingWorld(), await signingWorld()];
    const env = {
      TUF_MIRROR: other.sigstore.tuf.url,
      TUF_ROOT_JSON: world.sigstore.tuf.rootFile,
      TUF_ROOT: await homeWith({}),
    };
    const signing = await signingIn(world, { ...noFiles, env });
    expect(await rejection(signing.verifier(forever))).toMatchObject({ code: 'TRUST_ROOT' });
  });

  it('verifies with a trusted root file without any request', async () => {
    const { sigstore, signing } = await openedSigning();
    await signing.verifier(forever);
    expect(Object.values(sigstore.counts())).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it.each([
    ['not JSON', 'x', /is not JSON/],
    ['of another form', '{"tlogs":[{}]}', /unexpected format/],
  ])('reports a trusted root that is %s', async (_what, text, message) => {
    const trustedRoot = join(await homeWith({ 'root.json': text }), 'root.json');
    const { signing } = await openedSigning({ trustedRoots: [trustedRoot] });
    const expected = { code: 'TRUST_ROOT', message: expect.stringMatching(message) };
    expect(await rejection(signing.verifier(forever))).toMatchObject(expected);
    expect(await readFile(trustedRoot, 'utf8')).toBe(text);
  });

  it('reports a missing file', async () => {
    const { signing } = await openedSigning({ trustedRoots: ['/not/there.json'] });
    expect(await rejection(signing.verifier(forever))).toMatchObject({
      code: 'TRUST_ROOT',
      message: '--trusted-root /not/there.json cannot be read',
      hint: 'use public-good, github or the path of a trusted_root.json',
    });
  });
});
