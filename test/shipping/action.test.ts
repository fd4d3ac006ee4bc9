import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCli } from '../support/built-cli.ts';
import { IMAGES, images, MANIFEST, jobWorld, pullEvent, type JobWorld } from '../support/action/job.ts';
import { digestOfLabel } from '../support/promotion/plan-cases.ts';

const LOST = digestOfLabel('nowhere');
const UNSIGNED = { args: '--sign=false' };
const writes = ({ staging, mirror }: JobWorld): string[] =>
  [staging, mirror].flatMap(({ counters }) =>
    counters.log.flatMap(({ method }) => (method === 'GET' || method === 'HEAD' ? [] : [method])),
  );

type Place = { readonly code: string; readonly file: string; readonly line: number };

/** Commits a change as the branch of a pull request that starts from the first commit, and returns its event. */
async function propose({ tree }: JobWorld, files: Readonly<Record<string, string>>): Promise<object> {
  const base = tree.git('rev-list', '--max-parents=0', 'HEAD');
  return pullEvent(base, await tree.commit(files));
}

describe('the action on a pull request', () => {
  it('plans the change, and comments once, also when the result changes', async () => {
    const world = await jobWorld();
    const { github } = world;
    github.comments.push({ id: 'IC_1', body: 'LGTM', mine: false });
    const first = await propose(world, { [IMAGES]: images({ A: 'v1', B: 'v2' }) });
    const planned = await world.run({ event: first });
    expect(planned).toMatchObject({ succeeded: true, outputs: { 'exit-code': '2' } });
    expect(planned.log).toContain('Plan: 1 of 1 changed image to promote');
    expect(planned.summary).toMatch(/^## 📝 /);
    expect(readFileSync(planned.outputs['plan'] ?? '', 'utf8')).toBe(planned.summary);
    const document = JSON.parse(readFileSync(planned.outputs['report'] ?? '', 'utf8')) as object;
    expect(document).toMatchObject({ mode: 'dry-run', outcome: 'pending', failures: [] });
    const [, comment = expect.fail('there is no comment')] = github.comments;
    expect(comment.body).toContain(planned.summary.trimEnd());
    expect(comment.body).toMatch(
      /\n\n\[Job summary and log\]\(https:\/\/github.test\/acme\/images\/actions\/runs\/42\)\n$/,
    );

    const second = await propose(world, { [IMAGES]: images({ A: 'v1', nowhere: 'v2' }) });
    const red = await world.run({ event: second });
    expect(red).toMatchObject({ succeeded: false, outputs: { 'exit-code': '1' } });
    expect(red.log).toMatch(/^::error file=images\/app\/images\.yaml,line=4,col=\d+,title=LOST web::/m);
    expect(comment.body).toMatch(/## ❌ [^]*\*\*LOST\*\*/);

    const third = await propose(world, { [IMAGES]: images({ A: 'v1', B: 'v2' }) });
    expect(await world.run({ event: third })).toMatchObject({ succeeded: true });
    expect(comment.body).toMatch(/## 📝 /);
    expect(comment.body).not.toContain(LOST.slice(0, 15));
    expect(github.comments.map(({ body }) => body)).toEqual(['LGTM', comment.body]);
    expect(github.log).toEqual(['read', 'create', 'read', 'update', 'read', 'update']);
    expect(writes(world)).toEqual([]);
  });

  it('compares the merge commit with its first parent, not with the base that the event names', async () => {
    const world = await jobWorld();
    const { tree } = world;
    const old = tree.git('rev-parse', 'HEAD');
    tree.git('checkout', '--quiet', '-b', 'change');
    const head = await tree.commit({ [IMAGES]: images({ A: 'v1', B: 'v2' }) });
    tree.git('checkout', '--quiet', 'main');
    await tree.commit({
      'manifests/other/promoter-manifest.yaml': tree.git('show', `HEAD:${MANIFEST}`),
      'images/other/images.yaml': `- name: other\n  dmap: {"${LOST}": [v9]}\n`,
    });
    tree.git('merge', '--quiet', '--no-edit', 'change');
    const merged = await world.run({ event: pullEvent(old, head), inputs: UNSIGNED });
    expect(merged).toMatchObject({ succeeded: true, outputs: { 'exit-code': '2' } });
    expect(merged.summary).not.toContain('LOST');
    tree.git('checkout', '--quiet', head);
    const branch = await world.run({ event: pullEvent(tree.git('rev-parse', 'main^1'), head), inputs: UNSIGNED });
    expect(branch).toMatchObject({ succeeded: true, outputs: { 'exit-code': '2' } });
    expect(branch.summary).not.toContain('no longer managed');
  });

  it('names the broken file and line, and still plans the rest', async () => {
    const world = await jobWorld();
    const event = await propose(world, {
      [IMAGES]: `${images({ A: 'v1', B: 'v2' })}- name: bad\n  dmap: {"sha256:12": [v1]}\n`,
      'manifests/new/promoter-manifest.yaml': 'registries: [\n',
      'images/new/images.yaml': '[]\n',
    });
    const { succeeded, outputs, log, summary } = await world.run({ event });
    expect(succeeded).toBe(false);
    expect(log).toMatch(/^::error file=images\/app\/images\.yaml,line=6,/m);
    expect(log).toMatch(/^::error file=manifests\/new\/promoter-manifest\.yaml,line=2,/m);
    expect(log).toContain('Plan: 1 of 1 changed image to promote');
    expect(world.github.comments[0]?.body).toContain(summary.trimEnd());
    // nothing that `kpromo validate` finds is missing
    const { stdout } = await runCli(['validate', '.', '--output=json'], { cwd: world.tree.path });
    const { problems } = JSON.parse(stdout) as { problems: readonly Place[] };
    const { failures } = JSON.parse(readFileSync(outputs['report'] ?? '', 'utf8')) as { failures: readonly Place[] };
    const placesOf = (all: readonly Place[]): string[] => all.map(({ code, file, line }) => `${code} ${file}:${line}`);
    expect(problems).toHaveLength(2);
    expect(placesOf(failures)).toEqual(expect.arrayContaining(placesOf(problems)));
  });

  it('keeps one comment for each tree, and leaves those of others that have its marker', async () => {
    const world = await jobWorld();
    const { github } = world;
    const event = await propose(world, { [IMAGES]: images({ A: 'v1', B: 'v2' }) });
    await world.run({ event });
    const copied = { id: 'IC_X', body: `${github.comments[0]?.body.split('\n')[0]}\nnot ours`, mine: false };
    // further away than the first page
    const others = Array.from({ length: 120 }, (_, at) => ({ id: `IC_O${at}`, body: 'hm', mine: false }));
    github.comments.unshift(copied, ...others);
    await world.run({ event, inputs: { manifests: './' } });
    await world.run({ event });
    expect(github.comments.filter(({ mine }) => mine)).toHaveLength(2);
    expect(github.log.filter((entry) => entry !== 'read')).toEqual(['create', 'create', 'update']);
    expect(copied.body).toMatch(/\nnot ours$/);
  });

  it('fits a long plan into a comment', async () => {
    const world = await jobWorld();
    const entries = Array.from(
      { length: 900 },
      (_, at) => `- name: lost-${'x'.repeat(60)}-${at}\n  dmap:\n    "${LOST}": ["v${at}"]\n`,
    );
    const event = await propose(world, { [IMAGES]: entries.join('') });
    const { summary } = await world.run({ event });
    const [comment] = world.github.comments;
    expect(comment?.body.length).toBeGreaterThan(40_000);
    expect(comment?.body.length).toBeLessThanOrEqual(65_536);
    expect(comment?.body).toMatch(/… and \d+ more/);
    expect(comment?.body).toContain(summary.trimEnd());
    expect(comment?.body).toMatch(/\[Job summary and log\]\(\S+\)\n$/);
  });

  it.each([
    ['the token of a fork', 'forbidden', 'Resource not accessible by integration'],
    ['a status', 403, 'GitHub answered with 403 Forbidden'],
  ] as const)('only warns if the comment is refused: %s', async (_name, how, reason) => {
    const world = await jobWorld();
    world.github.refuse(how);
    const event = await propose(world, { [IMAGES]: images({ A: 'v1', B: 'v2' }) });
    const { succeeded, log, summary } = await world.run({ event });
    expect(succeeded).toBe(true);
    expect(log).toContain(`::warning title=kpromo::cannot comment on pull request 7: `);
    expect(log).toContain(reason);
    expect(log).not.toContain(world.github.token);
    expect(summary).toMatch(/^## 📝 /);
  });

  it('sends no request for a comment with comment: false, and leaves its diff out for another one', async () => {
    const world = await jobWorld();
    const event = await propose(world, { [IMAGES]: images({ A: 'v1', B: 'v2' }) });
    const inputs = { comment: 'false', args: '--manifest-diff-since 1d' };
    expect(await world.run({ event, inputs })).toMatchObject({ succeeded: true, outputs: { 'exit-code': '0' } });
    expect(world.github.log).toEqual([]);
  });

  it('says in the comment that there is no report if the command line is wrong', async () => {
    const world = await jobWorld();
    const event = await propose(world, { [IMAGES]: images({ A: 'v1', B: 'v2' }) });
    const { succeeded, outputs } = await world.run({ event, inputs: { args: '--no-such-flag' } });
    expect([succeeded, outputs]).toEqual([false, { 'exit-code': '1', plan: '', report: '' }]);
    expect(world.github.comments[0]?.body).toContain('## ❌ kpromo ended with 1 and without a report\n');
  });

  it('asks for the whole history in a shallow clone', async () => {
    const world = await jobWorld();
    const event = await propose(world, { [IMAGES]: images({ A: 'v1', B: 'v2' }) });
    await using clone = await world.tree.shallow(1);
    const { succeeded, log } = await world.run({ event, workspace: clone.path });
    expect(succeeded).toBe(false);
    expect(log).toContain('fetch-depth: 0 (GitHub Actions)');
    expect(world.github.comments[0]?.body).toContain('fetch-depth: 0');
  });
});
