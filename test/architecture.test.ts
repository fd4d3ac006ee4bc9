import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { importsOf, violations } from './support/architecture.ts';
import type { Source } from './support/architecture.ts';

const ROOT = join(import.meta.dirname, '..');

function projectSources(): readonly Source[] {
  return globSync('{src,test,bench,demo,tools}/**/*.ts', { cwd: ROOT, exclude: ['**/node_modules/**'] }).map(
    (path) => ({
      path,
      text: readFileSync(join(ROOT, path), 'utf8'),
    }),
  );
}

const one = (path: string, text: string): readonly string[] => violations([{ path, text }]);

describe('test/architecture', () => {
  it('holds for every source of the project', () => {
    const sources = projectSources();
    // Were the search to find nothing, nothing would be wrong with it.
    expect(sources.map(({ path }) => path)).toContain('src/errors.ts');
    expect(violations(sources)).toEqual([]);
  });

  it.each([
    ['src/plan/a.ts', `import { b } from '../manifest/b.ts';`],
    ['src/plan/a.ts', `import type { Registry } from '../registry/roles.ts';`],
    ['src/plan/a.ts', `import { b } from './b.ts';`],
    ['src/plan/a.ts', `// import { b } from '../cli/b.ts';`],
    ['src/phases/a.ts', `import { b } from '../pipeline/phase.ts';\nreader.fetch(url);`],
    ['src/promotion.ts', `import { plan } from './phases/plan.ts';`],
    ['src/cli/a.ts', `import { b } from '../http/b.ts';`],
    ['src/http/transport/transport.ts', `import { Pool } from 'undici';`],
    ['src/clock.ts', `Date.now(); setTimeout(fire, 1);`],
    ['src/plan/a.test.ts', `import { b } from '../../test/support/b.ts';`],
  ])('allows in %s: %s', (path, text) => {
    expect(one(path, text)).toEqual([]);
  });

  it.each([
    ['src/plan/a.ts', `import { b } from '../registry/b.ts';`, 'plan may import types of registry only'],
    ['src/plan/a.ts', `import type { Registry } from '../http/fetch.ts';`, 'plan may not import http'],
    ['src/plan/a.ts', `import {\n  b,\n} from '../cli/b.ts';`, 'plan may not import cli'],
    ['src/plan/a.ts', `export { b } from '../phases/b.ts';`, 'plan may not import phases'],
    ['src/plan/a.ts', `export * from '../phases/b.ts';`, 'plan may not import phases'],
    ['src/plan/a.ts', `const b = await import('../http/b.ts');`, 'plan may not import http'],
    ['src/plan/a.ts', `import '../http/b.ts';`, 'plan may not import http'],
    ['src/errors.ts', `import { b } from './pipeline/b.ts';`, 'errors may not import pipeline'],
    ['src/odd/a.ts', `import { b } from '../errors.ts';`, 'the table of imports does not know odd'],
    ['src/cli/a.ts', `import { serve } from '../../test/support/serve.ts';`, 'src/ imports nothing outside itself'],
    ['src/registry/a.ts', `import { request } from 'undici';`, 'only src/http/transport/transport opens sockets'],
    ['src/git/a.ts', `import { connect } from 'node:net';`, 'only src/http/transport/transport opens sockets'],
    ['src/phases/a.ts', `import { readFile } from 'node:fs/promises';`, 'phases do not touch files'],
  ])('refuses in %s: %s', (path, text, problem) => {
    expect(one(path, text)).toEqual([expect.stringMatching(new RegExp(`^${path} imports .*: ${problem}$`))]);
  });

  it.each([
    ['src/phases/a.ts', `process.env['HOME']`, 'process.env'],
    ['src/phases/a.ts', `console.log(1)`, 'console'],
    ['src/phases/a.ts', `await fetch(url)`, 'fetch()'],
    ['src/http/a.ts', `Date.now()`, 'Date.now'],
    ['src/registry/a.ts', `found.push(...page)`, 'a list as arguments'],
    ['src/plan/a.ts', `Math.max(...sizes)`, 'a list as arguments'],
    ['src/http/a.ts', `new Date().toISOString()`, 'new Date()'],
    ['src/http/a.ts', `setTimeout(fire, 1)`, 'setTimeout'],
    ['src/http/a.ts', `setInterval(fire, 1)`, 'setInterval'],
    ['src/http/a.ts', `AbortSignal.timeout(1)`, 'AbortSignal.timeout'],
    ['src/http/a.ts', `performance.now()`, 'performance.now'],
  ])('refuses in %s the words: %s', (path, text, word) => {
    expect(one(path, text)).toEqual([`${path} uses ${word}`]);
  });

  it.each([
    ['src/plan/a.ts', 301, 300],
    ['test/support/a.ts', 301, 300],
    ['src/phases/a.ts', 81, 80],
  ])('refuses %s with %d lines', (path, lines, most) => {
    expect(one(path, 'x\n'.repeat(lines - 1))).toEqual([]);
    expect(one(path, 'x\n'.repeat(lines))).toEqual([`${path} has ${lines} lines, more than ${most}`]);
  });

  it('refuses a folder of more than 16 files, and counts no tests', () => {
    const files = Array.from({ length: 17 }, (_, nth) => ({ path: `src/plan/a${nth}.ts`, text: '' }));
    expect(violations(files)).toEqual(['src/plan has 17 files, more than 16']);
    expect(violations([...files.slice(1), { path: 'src/plan/a1.test.ts', text: '' }])).toEqual([]);
  });

  it('refuses folders within one folder that import each other in a circle', () => {
    const sources = [
      { path: 'src/http/auth/a.ts', text: `import { b } from '../layers/b.ts';` },
      { path: 'src/http/layers/c.ts', text: `import type { D } from '../auth/d.ts';` },
      { path: 'src/http/layers/d.ts', text: `import { e } from '../fetch.ts';` },
      { path: 'src/http/fetch.ts', text: `import { d } from './layers/e.ts';` },
    ];
    expect(violations(sources)).toEqual(['src/http/auth, src/http/layers import each other in a circle']);
    expect(violations(sources.slice(1))).toEqual([]);
  });

  it('refuses files that import each other in a circle, also of types', () => {
    const sources = [
      { path: 'src/errors.ts', text: `import type { Digest } from './image/digest.ts';` },
      { path: 'src/image/digest.ts', text: `import { PromotionError } from '../errors.ts';` },
    ];
    expect(violations(sources)).toEqual([
      'src/errors.ts, src/image/digest.ts import each other in a circle',
      'src/errors.ts, src/image import each other in a circle',
    ]);
    expect(violations(sources.slice(1))).toEqual([]);
  });

  it('reads each form of import, and whether it is of types only', () => {
    const text = `import a from 'a';\nimport type { B } from 'b';\nimport * as c from "c";\nexport type { D } from 'd';\nconst e = () => import('e');`;
    expect(importsOf(text)).toEqual([
      { from: 'a', typeOnly: false },
      { from: 'b', typeOnly: true },
      { from: 'c', typeOnly: false },
      { from: 'd', typeOnly: true },
      { from: 'e', typeOnly: false },
    ]);
  });
});
