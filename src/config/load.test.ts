import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { authority } from '../../test/support/certificates.ts';
import { rejection } from '../../test/support/http-request.ts';
import { entryWith } from '../../test/support/registry-configs.ts';
import { loadRegistryConfig } from './load.ts';

const ours = authority('ours');
const robot = ours.issue('robot');

/** A folder with these files, gone when the test ends. */
async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-config-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

async function refusal(text: string, files: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const folder = await folderWith({ ...files, 'r.yaml': text });
  const error = await rejection(loadRegistryConfig(join(folder, 'r.yaml')));
  expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
  const { message, hint } = error as { message: string; hint: string };
  return `${message.replaceAll(`${folder}/`, '')}; ${hint}`;
}

const client = entryWith('clientCertificate: { cert: robot.pem, key: robot.key }');

describe('src/config/load.ts', () => {
  it('reads the files that a configuration names, beside it', async () => {
    const folder = await folderWith({
      'r.yaml': `${entryWith('ca: certs/ca.pem', 'clientCertificate: { cert: robot.pem, key: robot.key }')}
publicNames: [{ match: b.example, name: c.example }]
attachments: [{ match: b.example/x }, { match: b.example, mode: routed, through: c.example, standby: [d.example] }]`,
      'certs/ca.pem': `# ours\n${ours.cert}${robot.cert}`,
      'robot.pem': robot.cert,
      'robot.key': robot.key,
    });
    const { registries, publicNames, attachments, ...rest } = await loadRegistryConfig(join(folder, 'r.yaml'));
    expect(rest).toEqual({});
    expect(publicNames).toMatchObject([{ match: { text: 'b.example' }, name: 'c.example' }]);
    expect(attachments).toMatchObject([
      { match: { text: 'b.example/x' } },
      { match: { text: 'b.example' }, route: { through: 'c.example', standby: [{ text: 'd.example' }] } },
    ]);
    expect(attachments[0]).not.toHaveProperty('route');
    expect(registries).toEqual([
      { match: expect.anything(), ca: `# ours\n${ours.cert}${robot.cert}`, clientCertificate: robot },
    ]);
  });

  it('rejects a missing configuration and a folder in one sentence', async () => {
    const folder = await folderWith({});
    const missing = join(folder, 'r.yaml');
    expect(await rejection(loadRegistryConfig(missing))).toMatchObject({
      code: 'CONFIG_INVALID',
      message: `reading the registry configuration ${missing}: there is no such file`,
      hint: expect.stringContaining('--registry-config'),
    });
    expect(await rejection(loadRegistryConfig(folder))).toMatchObject({
      message: expect.stringMatching(/: it is a folder$/),
    });
  });

  it('reports every problem with its position', async () => {
    expect(await refusal(entryWith('mount: 1', 'listing: all'))).toBe(
      'r.yaml:4:10: "mount" is "1", not true or false; and r.yaml:5:12: "listing" is "all", which is unknown ' +
        '(write auto, google or tags); write true or false, without quotes',
    );
  });

  it.each([
    [
      'a file that is not there',
      entryWith('ca: ca.pem'),
      {},
      'r.yaml:4:7: "ca": reading ca.pem: there is no such file; check the path: it is relative to the folder of the configuration',
    ],
    [
      'a file without certificates',
      entryWith('ca: ca.pem'),
      { 'ca.pem': 'hello' },
      'r.yaml:4:7: "ca": ca.pem contains no certificate in PEM form; use a file in PEM form, which begins with "-----BEGIN"',
    ],
    [
      'a key where certificates belong',
      entryWith('ca: ca.pem'),
      { 'ca.pem': robot.key },
      'r.yaml:4:7: "ca": ca.pem contains an invalid certificate; use a file in PEM form, which begins with "-----BEGIN"',
    ],
    [
      'a certificate where a key belongs',
      client,
      { 'robot.pem': robot.cert, 'robot.key': robot.cert },
      'r.yaml:4:46: "key": robot.key contains no private key in PEM form; use a file in PEM form, which begins with "-----BEGIN"',
    ],
    [
      'the key of another',
      client,
      { 'robot.pem': robot.cert, 'robot.key': ours.key },
      'r.yaml:4:46: "key": robot.key is the key of another certificate; use a file in PEM form, which begins with "-----BEGIN"',
    ],
    [
      'an encrypted key',
      client,
      { 'robot.pem': robot.cert, 'robot.key': '-----BEGIN ENCRYPTED PRIVATE KEY-----\n' },
      'r.yaml:4:46: "key": robot.key is encrypted; keep it decrypted in a file that only this job may read; use a file in PEM form, which begins with "-----BEGIN"',
    ],
  ])('refuses %s', async (_what, text, files, said) => {
    expect(await refusal(text, files)).toBe(said);
  });
});
