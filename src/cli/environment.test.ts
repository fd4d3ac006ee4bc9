import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CI_ENVIRONMENT, CREDENTIAL_ENVIRONMENT, ENVIRONMENT, SIGNING_ENVIRONMENT } from './environment.ts';

const SOURCES = join(import.meta.dirname, '..');
const documented = [...ENVIRONMENT, ...CI_ENVIRONMENT, ...SIGNING_ENVIRONMENT, ...CREDENTIAL_ENVIRONMENT].flatMap(
  ([names]) => names.split(', '),
);

/** Variables read by Node.js or by started programs, whose names are not in the sources. */
const PASSED_ON = ['PATH', 'NODE_EXTRA_CA_CERTS'];
/** Variables removed from the environment of scanners. */
const REMOVED = ['GRYPE_FAIL_ON_SEVERITY'];

/** Finds every variable in the sources: `env['X']`, `{ X, Y: y } = env`, and constants with names of variables. */
function readBySources(): ReadonlySet<string> {
  const names = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  const found = files.flatMap((name) => {
    const text = readFileSync(join(SOURCES, name), 'utf8');
    const direct = [...text.matchAll(/\benv\['([A-Z][A-Z0-9_]*)'\]/g)].map(([, variable = '']) => variable);
    const taken = [...text.matchAll(/\{([^{}]*)\} = (?:[\w.]+\.)?env;/g)].flatMap(([, list = '']) =>
      [...list.matchAll(/\b([A-Z][A-Z0-9_]{2,})\b/g)].map(([, variable = '']) => variable),
    );
    const isDynamic = /\benv\[(?!')/.test(text);
    const constants = isDynamic ? [...text.matchAll(/'([A-Z][A-Z0-9]*_[A-Z0-9_]+)'/g)] : [];
    return [...direct, ...taken, ...constants.map(([, variable = '']) => variable)];
  });
  return new Set(found);
}

describe('src/cli/environment.ts', () => {
  it('documents every variable that the sources read', () => {
    const read = [...readBySources()];
    // guards against a search that finds nothing
    expect(read).toEqual(
      expect.arrayContaining(['NO_COLOR', 'KPROMO_LIMITER', 'NO_PROXY', 'GITHUB_TOKEN', 'DOCKER_CONFIG']),
    );
    expect(read.filter((name) => !documented.includes(name) && !REMOVED.includes(name))).toEqual([]);
  });

  it('documents no unused variable, and none twice', () => {
    const read = readBySources();
    expect(documented.filter((name) => !read.has(name) && !PASSED_ON.includes(name))).toEqual([]);
    expect(new Set(documented).size).toBe(documented.length);
  });
});
