import { describe, expect, it } from 'vitest';
import { rejection } from '../../../test/support/http-request.ts';
import {
  digestNumber,
  openedSigning,
  payloadNumber,
  signedNumber,
  signingIn,
  signingWorld,
  statementNumber,
} from '../../../test/support/signing.ts';
import type { Fault } from '../../../test/support/sigstore/service.ts';

const forever = new AbortController().signal;

const failing = (status: number, times?: number): Fault => ({
  kind: 'status',
  status,
  ...(times !== undefined && { times }),
});

describe('src/attest/signing/signer.ts', () => {
  it.each<[string, Fault]>([
    ['502', failing(502, 3)],
    ['429', failing(429, 2)],
    ['499', failing(499, 5)],
    ['a broken connection', { kind: 'reset', times: 2 }],
    ['an answer that was lost', { kind: 'lost', times: 1 }],
  ])('signs again after %s of Rekor, and never sends the same entry twice', async (_what, fault) => {
    const { sigstore, signing } = await openedSigning();
    sigstore.inject('rekor', fault);
    const bundle = await signedNumber(signing);
    expect((await signing.verifier(forever)).bundle(bundle, digestNumber(1)).status).toBe('verified');
    expect(sigstore.counts().rekor).toBe((fault.times ?? 0) + 1);
    expect(sigstore.counts().fulcio).toBe(1);
    // What the log took without telling is another entry, and was no conflict.
    expect(sigstore.logged.rekor).toHaveLength(fault.kind === 'lost' ? 2 : 1);
  });

  it('waits for a log entry although the run has been aborted, and returns it', async () => {
    const { sigstore, signing } = await openedSigning();
    const released = Promise.withResolvers<void>();
    await signedNumber(signing, 1);
    sigstore.inject('rekor', { kind: 'slow', until: released.promise, times: 1 });
    const controller = new AbortController();
    const result = signedNumber(signing, 2, controller.signal);
    while (sigstore.logged.rekor.length < 2) await new Promise(setImmediate);
    controller.abort(new Error('stop'));
    released.resolve();
    expect((await result).length).toBeGreaterThan(1000);
    expect(sigstore.counts().rekor).toBe(2);
  });

  it.each([429, 503])('requests a certificate again after %i', async (status) => {
    const { sigstore, signing } = await openedSigning();
    sigstore.inject('fulcio', { ...failing(status, 3), headers: { 'retry-after': '7' } } as Fault);
    await signedNumber(signing);
    expect(sigstore.counts()).toMatchObject({ fulcio: 4, rekor: 1 });
  });

  it.each<['fulcio' | 'rekor' | 'timestamp', string]>([
    ['fulcio', 'Fulcio'],
    ['rekor', 'Rekor'],
    ['timestamp', 'the timestamp authority'],
  ])('gives up a %s that stays down, for all images, within a few minutes', async (name, words) => {
    const { sigstore, signing, clock } = await openedSigning();
    const own = await signing.signer(forever);
    const withdraw = sigstore.inject(name, failing(502));
    const start = clock.now();
    const errors = await Promise.all(
      [1, 2, 3].map((number) => rejection(own.signStatement(statementNumber(number), forever))),
    );
    for (const error of errors) {
      expect(error).toMatchObject({ code: 'SIGNING_SERVICE', message: expect.stringContaining(`${words} at http://`) });
    }
    const asked = sigstore.counts()[name];
    expect(await rejection(signedNumber(signing, 4))).toMatchObject({ code: 'SIGNING_SERVICE' });
    expect(sigstore.counts()[name]).toBe(asked);
    expect(clock.now() - start).toBeLessThan(15 * 60_000);
    expect(sigstore.logged.rekor).toHaveLength(0);

    withdraw();
    await clock.advance(60_000);
    expect((await signedNumber(signing, 5)).length).toBeGreaterThan(1000);
  });

  it('does not retry what Fulcio refuses', async () => {
    const { sigstore, signing } = await openedSigning();
    sigstore.inject('fulcio', failing(400));
    expect(await rejection(signedNumber(signing))).toMatchObject({
      code: 'SIGNING_SERVICE',
      message: expect.stringContaining('it responded with 400: injected'),
    });
    expect(sigstore.counts()).toMatchObject({ fulcio: 1, rekor: 0 });
  });

  it('shows no token in an error', async () => {
    const world = await signingWorld();
    const token = world.sigstore.token();
    const signing = await signingIn(world, { env: { SIGSTORE_ID_TOKEN: token } });
    world.sigstore.inject('fulcio', failing(400));
    const error = await rejection(signedNumber(signing));
    expect(`${String(error)}${JSON.stringify(error)}`).not.toContain(token.split('.')[1]);
  });

  it('needs at most three slots, however many callers sign', async () => {
    const { sigstore, signing } = await openedSigning({ concurrency: 3 });
    const own = await signing.signer(forever);
    await Promise.all(
      Array.from({ length: 20 }, (_, number) =>
        Promise.all([
          own.signStatement(statementNumber(number), forever),
          own.signPayload(payloadNumber(number), forever),
        ]),
      ),
    );
    expect(sigstore.logged.rekor).toHaveLength(40);
  });
});
