import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dockerLogins } from '../support/docker-config.ts';
import { cip, type CipRun } from '../support/promotion/cip.ts';
import { imageOf, labelOf } from '../support/promotion/plan-cases.ts';
import { entry } from '../support/promotion/stage.ts';
import { writeTree } from '../support/promotion/tree.ts';
import type { Fault, FaultRequest } from '../support/registry/faults.ts';
import { storeImage } from '../support/registry/images.ts';
import { startRegistries, startRegistry, type TestRegistry } from '../support/registry/server.ts';

const METADATA = [
  'http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token',
  'http://metadata.google.internal/computeMetadata/v1/',
  'http://[fd00:ec2::254]/latest/meta-data/',
  'http://[::ffff:169.254.169.254]/',
  'http://2852039166/',
  'http://0xA9.0376.43518/',
  'http://[64:ff9b::a9fe:a9fe]/',
  'http://[64:ff9b:1::a9fe:a9fe]/',
  'http://[2002:a9fe:a9fe::]/',
  'http://metadata.azure.internal/metadata/instance',
  'http://metadata.tencentyun.com/',
  'http://rancher-metadata/latest',
];

let staging: TestRegistry;
let evil: TestRegistry;
let good: TestRegistry;

beforeEach(async () => {
  [staging, evil, good] = (await startRegistries(3)) as [TestRegistry, TestRegistry, TestRegistry];
  storeImage(staging.store, 'staging/app', imageOf('A'), ['v1']);
});
afterEach(() => Promise.all([staging, evil, good].map((registry) => registry.close())));

/** Promotes one image from staging to these registries and the good one. */
async function promote(to: readonly string[], env: Record<string, string> = {}): Promise<CipRun> {
  await using tree = await writeTree([
    {
      name: 'app',
      from: `${staging.host}/staging`,
      to: [...to, good.host].map((host) => `${host}/prod`),
      entries: [entry('app', 'A', 'v1')],
    },
  ]);
  return await cip(['--manifests', tree.path, '--confirm', '--sign=false'], { env });
}

/** Lets a registry answer the requests of a kind like this. */
const answering =
  (kinds: readonly string[], fault: Fault) =>
  ({ kind }: FaultRequest): Fault | undefined =>
    kinds.includes(kind) ? fault : undefined;

/** What came of a run: its exit code, whether it named the reason, and what the good mirror holds. */
const outcome = ({ code, stderr }: CipRun): unknown => {
  const tags = Object.entries(good.snapshot()['prod/app']?.tags ?? {}).map(
    ([tag, digest]) => `${tag} ${labelOf(digest)}`,
  );
  return { code, refused: stderr.includes('link-local or metadata address'), tags };
};
const REFUSED_NEXT_TO_GOOD = { code: 1, refused: true, tags: ['v1 A'] };

describe('the guard of addresses', () => {
  it.each(METADATA)('asks no token server at %s', async (realm) => {
    const challenge = { 'www-authenticate': `Bearer realm="${realm}",service="x"` };
    evil.inject(() => ({ status: 401, headers: challenge }));
    expect(outcome(await promote([evil.host]))).toEqual(REFUSED_NEXT_TO_GOOD);
  });

  it.each(METADATA)('uploads nothing to %s', async (location) => {
    evil.inject(answering(['postUpload'], { status: 202, headers: { location } }));
    expect(outcome(await promote([evil.host]))).toEqual(REFUSED_NEXT_TO_GOOD);
    expect(evil.snapshot()['prod/app']?.manifests ?? {}).toEqual({});
  });

  it.each(METADATA)('follows no redirect of a registry to %s', async (location) => {
    evil.inject(() => ({ status: 307, headers: { location } }));
    expect(outcome(await promote([evil.host]))).toEqual(REFUSED_NEXT_TO_GOOD);
  });

  it('follows no redirect of a source blob to a metadata address', async () => {
    staging.inject(answering(['getBlob'], { status: 307, headers: { location: METADATA[0] ?? '' } }));
    expect(outcome(await promote([]))).toEqual({ code: 1, refused: true, tags: [] });
  });

  it.each(['169.254.169.254', '169.254.169.254:80', 'metadata.google.internal'])(
    'asks no registry named %s',
    async (host) => {
      expect(outcome(await promote([host]))).toEqual(REFUSED_NEXT_TO_GOOD);
    },
  );

  it('sends the credentials of a registry to no place that another registry names', async () => {
    const victim = await startRegistry({ auth: { scheme: 'basic', users: { me: 'hunter2' } }, keepLog: true });
    storeImage(victim.store, 'prod/app', imageOf('B'), ['v1']);
    await using login = await dockerLogins([{ host: victim.host, user: 'me', password: 'hunter2' }]);
    for (const target of ['manifests/v1', 'blobs/uploads/1']) {
      const before = victim.snapshot();
      const location = `${victim.url}/v2/prod/app/${target}`;
      evil.inject(answering(['postUpload'], { status: 202, headers: { location } }));
      const run = await promote([evil.host], { DOCKER_CONFIG: login.path });
      expect(run.code).toBe(1);
      expect(victim.snapshot()).toEqual(before);
      expect(victim.counters.log.length).toBeGreaterThan(0);
      expect(victim.counters.log.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
      victim.counters.reset();
    }
    await victim.close();
  });
});
