import { describe, expect, it } from 'vitest';
import {
  bound,
  by,
  byGenerator,
  bySelf,
  evidence,
  GENERATOR,
  ISOLATED,
  meant,
  outcome,
  release,
  RELEASE,
  SELF,
  verdict,
  type Attestation,
  type Case,
  type Run,
  type Written,
} from './support/upstream-policies.ts';

// What upstream's tests say of who may call a builder (promo-tools, promoter/image/provenance/caller_test.go), in our words and
// with our fixtures; each `describe` names the test that it stands for.

const CALLER = { workflows: ['.github/workflows/build.yml'], refs: ['refs/tags/v*'] };
const called = (caller: unknown = CALLER, differing: Written = {}): Written => bound(differing, { caller });
const { workflow: _named, ...unnamed } = by(release(), release(), { source: `git+${release().repository}@${RELEASE}` });
const FOREIGN = release({ repository: 'https://github.com/acme/other' });
const OTHER_FILE = release({ path: '.github/workflows/other.yml' });
const MAIN = release({ ref: 'refs/heads/main' });
const NEXT = release({ ref: 'refs/tags/v1.3.0' });
const older: Partial<Attestation> = { isV02: true };
const malformed: Attestation = { ...byGenerator, workflow: 'no workflow' };
const elsewhere = { id: `${GENERATOR}@refs/tags/v0.9.0`, level: 3, signers: [ISOLATED], caller: CALLER };

describe('TestPolicyEvaluatorEvaluate: callers', () => {
  it.each<Case>([
    ['an allowed caller', called(), [by(release())], 3],
    ['a builder without caller', called(), [bySelf], 1],
    ['any workflow if only refs are named', called({ refs: CALLER.refs }), [by(OTHER_FILE)], 3],
    ['a caller at a branch', called(), [by(MAIN)], 'only runs for refs/tags/v* may'],
    ['a pull request', called(), [by(release({ ref: 'refs/pull/1/merge' }))], 'only runs for refs/tags/v* may'],
    ['another workflow', called(), [by(OTHER_FILE)], 'only .github/workflows/build.yml may'],
    ['another repository', called(), [by(FOREIGN)], 'is not in the policy'],
    [
      'another repository that the certificate does not name as source',
      called(),
      [by(release(), FOREIGN, { certifiedSource: 'none' })],
      'claims the workflow',
    ],
    [
      'another repository than the certificate names as source',
      called(),
      [
        by(release(), release({ repository: 'https://github.com/acme/App' }), {
          certifiedSource: release().repository,
        }),
      ],
      'claims the workflow',
    ],
    ['another caller than the certificate names', called(), [by(release(), NEXT)], 'its certificate'],
    ['provenance without a caller', called(), [unnamed], 'claims no calling workflow'],
    [
      'a certificate without a caller',
      called(),
      [by(release(), undefined)].map(({ certified: __, ...one }) => one),
      'does not name the GitHub workflow',
    ],
    ['an allowed caller in v0.2', called(), [by(release(), release(), older)], 3],
    ['another workflow in v0.2', called(), [by(OTHER_FILE, OTHER_FILE, older)], 'only .github/workflows/build.yml may'],
    ['a branch in v0.2', called(), [by(MAIN, MAIN, older)], 'only runs for refs/tags/v* may'],
    ['another than the certificate names in v0.2', called(), [by(release(), NEXT, older)], 'its certificate'],
    ['a source as URL', called(CALLER, { sources: ['https://github.com/acme/app'] }), [by(release())], 3],
    ['a source with .git', called(CALLER, { sources: ['https://github.com/acme/app.git'] }), [by(release())], 3],
    [
      'what is no workflow where another builder has a caller',
      bound({ builders: [{ id: SELF, level: 1 }, { id: GENERATOR, level: 3, signers: [ISOLATED] }, elsewhere] }),
      [malformed],
      3,
    ],
    [
      'what is no workflow',
      called(),
      [{ ...malformed, certified: release(), source: unnamed.source ?? '' }],
      'claims no calling workflow',
    ],
    ['provenance of another builder beside it', called(), [bySelf, byGenerator], 1],
  ])('judges %s', (_, policy, attached, expected) => {
    expect(outcome(policy, attached)).toEqual(meant(expected));
  });
});

describe('callers, beyond the tests of upstream', () => {
  const declared = `git+${release().repository}@${RELEASE}`;
  const pinned = (caller: unknown): Written => ({
    id: `${GENERATOR}@${RELEASE}`,
    level: 3,
    signers: [ISOLATED],
    caller,
  });
  const both = (caller: unknown): Written =>
    bound({
      builders: [
        { id: SELF, level: 1 },
        { id: GENERATOR, level: 3, signers: [ISOLATED], caller: CALLER },
        pinned(caller),
      ],
    });
  it.each<Case>([
    [
      'a foreign caller that names the source of the policy',
      called(),
      [by(FOREIGN, FOREIGN, { declared, certifiedSource: 'none' })],
      'which is in no source of the policy',
    ],
    [
      'a foreign caller whose certificate names the source of the policy',
      called(),
      [by(FOREIGN, FOREIGN, { declared, certifiedSource: release().repository })],
      'but its certificate names the repository https://github.com/acme/app',
    ],
    [
      'a repository in another case',
      called(),
      [by(release({ repository: 'https://github.com/Acme/app' }))],
      'is not in the policy',
    ],
    ['two builders that both allow it', both({ refs: ['refs/tags/*'] }), [by(release())], 3],
    [
      'two builders of which one does not',
      both({ refs: ['refs/heads/*'] }),
      [by(release())],
      'only runs for refs/heads/* may',
    ],
    ['a ref with @', called(), [by(release({ ref: 'refs/tags/v1@2' }))], 3],
    ['a ref below a tag', called(), [by(release({ ref: 'refs/tags/v1/x' }))], 'only runs for refs/tags/v* may'],
    ['several refs', called({ refs: ['refs/heads/release-*', 'refs/tags/v*'] }), [by(release())], 3],
    [
      'several workflows',
      called({ ...CALLER, workflows: ['.github/workflows/a.yml', '.github/workflows/build.yml'] }),
      [by(release())],
      3,
    ],
    ['a workflow in another case', called(), [by(release({ path: '.github/workflows/Build.yml' }))], 'may'],
    ['no workflows named', called({ ...CALLER, workflows: [] }), [by(OTHER_FILE)], 3],
    ['a policy of level 3', called(CALLER, { level: 3 }), [by(release())], 3],
  ])('judges %s', (__, policy, attached, expected) => {
    expect(outcome(policy, attached)).toEqual(meant(expected));
  });
});

describe('TestParseBuildConfig', () => {
  const caller = { refs: ['refs/*/*'] };
  it.each<[string, Run, boolean]>([
    ['a workflow', release(), true],
    ['one in a folder', release({ path: '.github/workflows/nested/build.yml' }), true],
    ['one of GitLab', release({ repository: 'https://gitlab.com/acme/app', path: '.gitlab-ci.yml' }), false],
    ['one without ref', release({ ref: '' }), false],
    ['no file', release({ path: '' }), false],
    ['no repository', release({ repository: 'https://github.com/acme' }), false],
  ])('reads %s', (__, run, isKnown) => {
    const sources = [run.repository];
    const { result } = verdict(
      called(caller, { sources }),
      evidence([by(run, run, { source: `git+${run.repository}` })]),
    );
    expect(result).toBe(isKnown ? 'passed' : 'failed');
  });
});
