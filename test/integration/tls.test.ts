import { describe, expect, it } from 'vitest';
import { authority } from '../support/certificates.ts';
import { homeWith } from '../support/home.ts';
import { ALL_TAGS, fillStaging, promoteConfigured, tagsOf } from '../support/promotion/configured.ts';
import { startRegistry } from '../support/registry/server.ts';
import { startTlsFront } from '../support/tls-front.ts';

const ours = authority('ours');
const theirs = authority('theirs');
const server = ours.issue('server', ['127.0.0.1']);
const robot = theirs.issue('robot');

const FILES = { 'ca.pem': ours.cert, 'other.pem': theirs.cert, 'robot.pem': robot.cert, 'robot.key': robot.key };

describe('registries over TLS', () => {
  it('promotes with the authority, the client certificate and the password of each host', async () => {
    await using staging = await startRegistry();
    await using mirror = await startRegistry({ auth: { scheme: 'basic', users: { me: 'hunter2' } } });
    await using source = await startTlsFront(staging.host, server);
    const wantsOurs = { ca: theirs.cert, requestCert: true, rejectUnauthorized: true };
    await using front = await startTlsFront(mirror.host, { ...server, ...wantsOurs });
    fillStaging(staging);
    const auth = Buffer.from('me:hunter2').toString('base64');
    const { code, stderr } = await promoteConfigured({
      from: source.host,
      to: [front.host],
      registries: [
        `{ match: "${source.host}", insecure: false, ca: ca.pem }`,
        `{ match: "${front.host}", insecure: false, ca: ca.pem, clientCertificate: { cert: robot.pem, key: robot.key } }`,
      ],
      files: FILES,
      env: { HOME: await homeWith({ '.docker/config.json': { auths: { [front.host]: { auth } } } }) },
    });
    expect(stderr).not.toContain('hunter2');
    expect([code, tagsOf(mirror)]).toEqual([0, ALL_TAGS]);
    expect(new Set(front.clients)).toEqual(new Set(['robot']));
    expect(new Set(source.clients)).toEqual(new Set(['']));
  });

  it.each([
    ['without the authority', ''],
    ['with another authority', ', ca: other.pem'],
  ])('fails on one mirror alone, at once and with what to do, %s', async (_what, trust) => {
    await using staging = await startRegistry();
    await using good = await startRegistry();
    await using bad = await startRegistry();
    await using front = await startTlsFront(bad.host, server);
    fillStaging(staging);
    const { code, stderr } = await promoteConfigured({
      from: staging.host,
      to: [good.host, front.host],
      registries: [`{ match: "${front.host}", insecure: false${trust} }`],
      files: FILES,
    });
    expect([code, front.attempts()]).toEqual([1, 1]);
    expect(stderr).toContain('("ca") or in NODE_EXTRA_CA_CERTS');
    expect([tagsOf(good), bad.counters.counts().requests]).toEqual([ALL_TAGS, 0]);
  });

  it('says that a host speaks plain HTTP', async () => {
    await using staging = await startRegistry();
    const { code, stderr } = await promoteConfigured({
      from: staging.host,
      to: [staging.host],
      registries: [`{ match: "${staging.host}", insecure: false }`],
      // A retry would wait for longer than a test may take.
      speed: 0.001,
    });
    expect([code, stderr]).toEqual([1, expect.stringContaining('"insecure: true"')]);
  });
});
