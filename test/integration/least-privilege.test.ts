import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { homeWith } from '../support/home.ts';
import { kpromo } from '../support/promotion/cip.ts';
import { readPage } from '../support/pages/pages.ts';
import type { Action } from '../support/registry/auth.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import { startRegistry, type TestRegistry } from '../support/registry/server.ts';

const SIDES = ['staging', 'mirrors', 'primary'] as const;
type Side = (typeof SIDES)[number];
type Rights = Readonly<Record<Side, readonly Action[]>>;

/** What a cell of the page grants in the terms of token servers; repositories are listed with the right to read. */
const ACTIONS: Readonly<Record<string, readonly Action[]>> = {
  '–': [],
  read: ['pull'],
  'read, list repositories': ['pull'],
  'read, write': ['pull', 'push'],
};

/** The accounts of the page: the command that each row names, and its rights. */
function accounts(): readonly { readonly command: string; readonly rights: Rights }[] {
  const [, table = ''] = /## Accounts\n[\s\S]*?\n((?:\|.*\n)+)/.exec(readPage('docs/least-privilege.md')) ?? [];
  return table
    .split('\n')
    .slice(2, -1)
    .map((row) => {
      const [, account = '', staging = '', mirrors = '', primary = ''] = row.split('|').map((cell) => cell.trim());
      const actions = (cell: string): readonly Action[] => ACTIONS[cell] ?? expect.unreachable(`the cell "${cell}"`);
      const [, command = ''] = /`kpromo ([^`]+)`/.exec(account) ?? [];
      return { command, rights: { staging: actions(staging), mirrors: actions(mirrors), primary: actions(primary) } };
    });
}

describe('docs/least-privilege.md', () => {
  it('grants each account what its job needs, and nothing that it does not use', async () => {
    let rights: Rights = { staging: [], mirrors: [], primary: [] };
    const start = (side: Side): Promise<TestRegistry> =>
      startRegistry({
        google: true,
        auth: {
          scheme: 'bearer',
          users: { robot: 'hunter22' },
          allow: (user) => (user === undefined ? [] : rights[side]),
        },
      });
    await using staging = await start('staging');
    await using primary = await start('primary');
    await using mirror = await start('mirrors');
    const registries = { staging, mirrors: mirror, primary };
    const image = buildImage({ seed: 7 });
    storeImage(staging.store, 'staging/app', image, ['v1']);
    const auth = Buffer.from('robot:hunter22').toString('base64');
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const to = [staging, primary, mirror].map(({ host }, index) =>
      index === 0 ? `- { name: ${host}/staging, src: true }` : `- name: ${host}/prod`,
    );
    const home = await homeWith({
      'config.json': { auths: Object.fromEntries([staging, primary, mirror].map(({ host }) => [host, { auth }])) },
      'my.key': privateKey.export({ type: 'pkcs8', format: 'pem' }),
      'tree/manifests/app/promoter-manifest.yaml': `registries:\n${to.join('\n')}\n`,
      'tree/images/app/images.yaml': `- name: app\n  dmap:\n    "${image.manifest.descriptor.digest}": ["v1"]\n`,
    });
    const flagsOf = (command: string): readonly string[] => {
      if (command.startsWith('audit') || command.startsWith('replicate')) return [];
      if (command.includes('--dry-run')) return ['--require-identity=false', '--verify-staging=false'];
      return [
        `--key=${home}/my.key`,
        '--tlog-upload=false',
        ...(command.startsWith('cip') ? ['--verify-staging=false'] : []),
      ];
    };
    expect(accounts()).toHaveLength(6);
    for (const { command, rights: granted } of accounts()) {
      rights = granted;
      for (const registry of Object.values(registries)) {
        registry.counters.reset();
        registry.expireTokens();
      }
      // something for the repair to do
      if (command === 'sigcheck --confirm') unsign(primary);
      const args = [...command.split(' '), `--manifests=${home}/tree`, ...flagsOf(command)];
      const { code, stderr } = await kpromo(args, { env: { DOCKER_CONFIG: home } });
      expect({ command, code, stderr: code === 0 ? '' : stderr }).toEqual({ command, code: 0, stderr: '' });
      expect({ command, used: used(registries) }).toEqual({ command, used: granted });
    }
  });
});

/** Removes what is attached to the image. */
function unsign({ store }: TestRegistry): void {
  const { tags, manifests } = store.repository('prod/app') ?? { tags: new Map(), manifests: new Map() };
  for (const tag of tags.keys()) if (tag.startsWith('sha256-')) store.remove('prod/app', 'manifest', tag);
  for (const [digest, { subject }] of manifests)
    if (subject !== undefined) store.remove('prod/app', 'manifest', digest);
}

/** The rights that the requests needed which were not refused. */
function used(registries: Readonly<Record<Side, TestRegistry>>): Rights {
  const of = (side: Side): readonly Action[] => {
    const log = registries[side].counters.log.filter(
      ({ status, repository }) => ![401, 403].includes(status) && repository !== '',
    );
    const isWrite = ({ method }: { readonly method: string }): boolean => method !== 'GET' && method !== 'HEAD';
    return [
      ...(log.some((entry) => !isWrite(entry)) ? ['pull' as const] : []),
      ...(log.some(isWrite) ? ['push' as const] : []),
    ];
  };
  return { staging: of('staging'), mirrors: of('mirrors'), primary: of('primary') };
}
