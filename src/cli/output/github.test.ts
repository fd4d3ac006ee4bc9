import { describe, expect, it } from 'vitest';
import type { ReportedProblem } from '../../report/model/schema.ts';
import { annotations } from './github.ts';

const problem = (file: string | undefined, line = 3): Omit<ReportedProblem, 'cause'> => ({
  phase: 'plan',
  code: 'LOST',
  message: 'it is gone',
  hint: 'push it again',
  image: 'app',
  ...(file !== undefined && { file, line, column: 5 }),
});

describe('src/cli/output/github.ts', () => {
  it.each([
    ['a relative path', 'k8s.io/images.yaml', '/repo/job', 'job/k8s.io/images.yaml'],
    ['an absolute path', '/repo/k8s.io/images.yaml', '/repo/job', 'k8s.io/images.yaml'],
    ['a file outside', '/etc/images.yaml', '/repo', '/etc/images.yaml'],
  ])('prints paths relative to the repository: %s', (_name, file, folder, expected) => {
    expect(annotations([problem(file)], { GITHUB_WORKSPACE: '/repo' }, folder)).toBe(
      `::error file=${expected},line=3,col=5,title=LOST app::it is gone%0A→ push it again\n`,
    );
  });

  it("skips problems without a place, and stops at GitHub's limit", () => {
    const many = Array.from({ length: 70 }, (_, line) => problem('a.yaml', line + 1));
    const lines = annotations([problem(undefined), ...many], {}, '/repo')
      .trimEnd()
      .split('\n');
    expect(lines).toHaveLength(50);
    expect(lines[0]).toContain('file=a.yaml,line=1,');
  });
});
