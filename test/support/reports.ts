import type { Failure } from '../../src/errors.ts';
import type { ImageReport } from '../../src/report/model/report.ts';
import type { RunFacts } from '../../src/pipeline/run-facts.ts';
import type { ReportDocument } from '../../src/report/model/schema.ts';
import { documentOf } from '../../src/report/build/document.ts';
import type { SigcheckReport } from '../../src/report/model/sigcheck.ts';
import { digestOf, FACTS, image, MIRRORS, reportOf, target, trafficOf } from './report-parts.ts';

const TRAFFIC = trafficOf([
  'asia-east1-docker.pkg.dev',
  'europe-west1-docker.pkg.dev',
  'gcr.io',
  'us-central1-docker.pkg.dev',
]);

const signed = (name: string): Pick<ImageReport, 'signature'> => ({
  signature: {
    repository: `${MIRRORS[0]}/${name}`,
    reference: `images.acme.example/${name}`,
    why: 'due',
    signature: 'written',
    record: 'written',
  },
});

/** Everything went well. */
export function goodReport(): ReportDocument {
  const images = ['controller', 'tools/kubectl'].map((name, seed) =>
    image(
      name,
      seed,
      MIRRORS.map((mirror) => target(mirror, name, 'v1.0.0')),
      signed(name),
    ),
  );
  const signing = { signed: 2, recorded: 2, complete: 4, left: 0, unsigned: 40 };
  const report = reportOf(images, []);
  const run = { ...report, totals: { ...report.totals, signing } };
  return documentOf({ facts: FACTS, run, traffic: TRAFFIC });
}

const DENIED = {
  code: 'DENIED',
  message: 'pushing to asia-east1-docker.pkg.dev/acme/prod/controller was denied: 403 Forbidden',
  hint: 'grant the job artifactregistry.writer on that repository',
} as const;

/** One image that lost a mirror, one that is gone, one registry that did not answer, one run that was stopped. */
export function badReport(): ReportDocument {
  const [first = '', second = '', third = ''] = MIRRORS;
  const images = [
    image('controller', 0, [
      target(first, 'controller', 'v1.0.0'),
      target(second, 'controller', 'v1.0.0', { action: 'tag', bytes: 0, requests: 2 }),
      target(third, 'controller', 'v1.0.0', {
        action: 'failed',
        code: DENIED.code,
        reason: DENIED.message,
        attempts: 3,
      }),
    ]),
    image('gone', 1, [
      target(first, 'gone', 'v2', { action: 'failed', code: 'LOST', reason: 'it is _LOST_', attempts: 0 }),
    ]),
    image('tools/kubectl', 2, [target(first, 'tools/kubectl', 'v1.0.0')], signed('tools/kubectl')),
  ];
  const failures: Failure[] = [
    {
      phase: 'plan',
      code: 'LOST',
      message: `skipping gcr.io/acme-staging/gone@${digestOf(1)} because it is _LOST_: it is in no registry`,
      hint: 'push it to staging again, or take the entry out',
      at: { file: 'images/acme/images.yaml', line: 7, column: 5 },
      image: 'gone',
      digest: digestOf(1),
      source: `gcr.io/acme-staging/gone@${digestOf(1)}`,
      refs: [`${first}/gone:v2`],
    },
    {
      phase: 'promote',
      ...DENIED,
      at: { file: 'images/acme/images.yaml', line: 3, column: 5 },
      image: 'controller',
      digest: digestOf(0),
      source: `gcr.io/acme-staging/controller@${digestOf(0)}`,
      refs: [`${third}/controller:v1.0.0`],
    },
    { phase: 'plan', code: 'NETWORK', message: 'listing k8s.example/prod: no such host', hint: 'check the name' },
  ];
  const run = { ...FACTS, aborted: 'stopped by SIGTERM' };
  return documentOf({ facts: run, run: reportOf(images, failures, { run }), traffic: TRAFFIC });
}

/** One mirror that could not be read, and one that went away while it was written. */
export function unreadReport(): ReportDocument {
  const [first = '', second = '', third = ''] = MIRRORS;
  const unread = { name: third, state: 'unknown', code: 'UNAUTHORIZED', reason: `GET ${third}: 401` } as const;
  const gone = { action: 'unknown', code: 'NETWORK', reason: `PUT https://${second}: socket hang up` } as const;
  const names = ['controller', 'tools/kubectl', 'tools/kustomize'];
  const images = [
    ...names.map((name, seed) => {
      const one = image(name, seed, [target(first, name, 'v1.0.0'), target(second, name, 'v1.0.0', gone)]);
      return { ...one, mirrors: [...(one.mirrors ?? []), unread] };
    }),
    image('etcd', 3, [], { mirrors: [{ name: first, state: 'present' }, { name: second, state: 'present' }, unread] }),
  ];
  const failures: Failure[] = [
    {
      phase: 'plan',
      code: 'UNAUTHORIZED',
      message: `reading registry asia-east1-docker.pkg.dev: ${unread.reason}`,
      hint: 'give credentials for asia-east1-docker.pkg.dev',
      refs: images.map(({ name }) => `${third}/${name}`),
    },
    ...names.map((name, seed): Failure => ({
      phase: 'promote',
      code: gone.code,
      message: `${gone.reason}: /v2/acme/prod/${name}/manifests/v1.0.0`,
      hint: 'check host name, proxy and firewall',
      at: { file: 'images/acme/images.yaml', line: 3 + seed * 4, column: 5 },
      image: name,
      digest: digestOf(seed),
      source: `gcr.io/acme-staging/${name}@${digestOf(seed)}`,
      refs: [`${second}/${name}:v1.0.0`],
    })),
  ];
  return documentOf({ facts: FACTS, run: reportOf(images, failures), traffic: TRAFFIC });
}

const BIG_MIRRORS = Array.from({ length: 22 }, (_, index) => `region${index}-docker.pkg.dev/acme/prod/images`);

/** As much as production ever has at once, and more: 5,000 images on 22 mirrors, 600 of them in trouble. */
export function hugeReport(count = 5_000): ReportDocument {
  const names = Array.from({ length: count }, (_, index) => `team-${index % 40}/service-${index}`);
  const isBad = (index: number): boolean => index % 8 === 3;
  const images = names.map((name, index) =>
    image(
      name,
      index,
      BIG_MIRRORS.map((mirror, place) =>
        isBad(index) && place === index % 22
          ? target(mirror, name, 'v1', { action: 'failed', code: 'DENIED', reason: `no writing to ${mirror}` })
          : target(mirror, name, 'v1', place % 3 === 0 ? { action: 'tag' } : {}),
      ),
    ),
  );
  const failures = names.flatMap((name, index): Failure[] => {
    if (!isBad(index)) return [];
    const at = { file: 'images/acme/images.yaml', line: 3 + index * 4, column: 5 };
    const message = `pushing to ${BIG_MIRRORS[index % 22]}/${name} was denied: 403 Forbidden`;
    return [{ ...DENIED, code: 'LOST', message, phase: 'promote', at, image: name, digest: digestOf(index) }];
  });
  const hosts = BIG_MIRRORS.map((mirror) => mirror.split('/')[0] ?? '');
  return documentOf({ facts: FACTS, run: reportOf(images, failures), traffic: trafficOf(hosts, 240) });
}

/** What people and registries might write to get more than they should out of each format. */
export const HOSTILE = [
  '</script><script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '[click](https://evil.example) ![pic](https://evil.example/p.png)',
  '@octocat closes #1 https://evil.example www.evil.example me@evil.example',
  '``` ` | a | b |\n\n# heading\n</details>',
  '\u001b[2J\u001b]0;owned\u0007 \u202egnp.exe',
  'a\r\n::error::b\n::set-output name=x::y %0A::stop-commands::z',
  ']]> &lt; <!-- --> \u0000 \ud800 \ufffe',
] as const;

/** A report that is full of `HOSTILE`. */
export function hostileReport(texts: readonly string[] = HOSTILE): ReportDocument {
  const [mirror = ''] = MIRRORS;
  const images = texts.map((text, seed) =>
    image(text, seed, [target(mirror, text, text, { action: 'failed', reason: text, code: 'DENIED' })], {
      tags: [text],
      source: text,
      file: text,
    }),
  );
  const failures = texts.map((text, line): Failure => ({
    phase: 'plan',
    code: 'LOST',
    message: text,
    hint: text,
    at: { file: text, line: line + 1, column: 1 },
    image: text,
    digest: text,
    source: text,
    refs: [text],
  }));
  const run = { ...FACTS, aborted: texts.join(' ') };
  return documentOf({ facts: run, run: reportOf(images, failures, { run }), error: new Error(texts.join('\n')) });
}

/** A check of signatures with one that is missing. */
export function checkReport(): ReportDocument {
  const run: RunFacts = { ...FACTS, mode: 'check', phases: [{ name: 'check', start: 0, ms: 900, ended: 'done' }] };
  const none = { verified: 0, untrusted: 0, failed: 0, unverifiable: 0, unsigned: 0 };
  const row = { name: 'controller', reference: 'images.acme.example/controller', digest: digestOf(0), places: 3 };
  const subjects = [digestOf(0) as `sha256:${string}`];
  const repositories = MIRRORS.map((mirror) => `${mirror}/controller`);
  const who = 'signer@acme.example (https://accounts.acme.example)';
  const check: SigcheckReport = {
    run,
    rows: [
      { ...row, subjects, what: 'signature', status: 'verified', words: 'verified', who, repositories },
      {
        ...row,
        subjects,
        what: 'record',
        status: 'unsigned',
        words: 'unrecorded',
        why: 'nothing is attached',
        repositories,
      },
    ],
    failures: [
      {
        phase: 'check',
        code: 'UNSIGNED',
        message: 'images.acme.example/controller has no promotion record in 3 repositories',
        hint: 'run kpromo sigcheck --confirm',
        image: 'controller',
        digest: digestOf(0),
      },
    ],
    totals: {
      digests: 1,
      beyond: 0,
      signatures: { ...none, verified: 3 },
      records: { ...none, unsigned: 3 },
      signed: 0,
      recorded: 0,
      copied: 0,
      pending: 0,
      requests: 12,
      bytes: 4_096,
    },
  };
  return documentOf({ facts: run, check });
}

/** Reports of all kinds, by name, for outputs that must hold for any of them. */
export const REPORTS = [
  ['good', goodReport],
  ['bad', badReport],
  ['unread', unreadReport],
  ['check', checkReport],
  ['hostile', hostileReport],
] as const;
