import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { flagsOf } from '../src/cli/options/commands/command.ts';
import { commandNamed } from '../src/cli/options/commands/index.ts';
import { CREDS_KEYS, DEFAULTS_KEYS, SYNC_KEYS } from '../src/foreign/regsync/keys.ts';
import { REGISTRY_KEYS } from '../src/foreign/skopeo.ts';
import { REMOVED_FLAGS } from '../src/cli/unknown.ts';
import { UPSTREAM } from '../src/watch/log-lines/upstream.ts';

const read = (name: string): string => readFileSync(join(import.meta.dirname, '..', 'docs', `${name}.md`), 'utf8');
/** The texts in backticks of the rows of tables. */
const termsOf = (page: string): readonly string[] =>
  page
    .split('\n')
    .flatMap((line) =>
      line.startsWith('|')
        ? [...line.matchAll(/(`+)([^`]+(?:`[^`]+)*?)\1/g)].map(([, , text = '']) => text.trim())
        : [],
    );

/** The flags of upstream's commands (promo-tools 63ddc9f7 and v4.6), and of earlier versions that are accepted. */
const UPSTREAM_FLAGS = {
  cip: 'confirm manifest thin-manifest-dir use-prow-manifest-diff manifest-diff-since parse-only snapshot snapshot-tag minimal-snapshot output manifest-based-snapshot-of signer-account certificate-identity certificate-identity-regexp certificate-oidc-issuer certificate-oidc-issuer-regexp sign max-signature-ops vuln-severity-threshold max-image-size log-level verification-summaries summary-signer-account threads max-signature-copies',
  sigcheck:
    'confirm signer-account max-signature-ops from-days to-days attestations-since limit certificate-identity certificate-identity-regexp certificate-oidc-issuer certificate-oidc-issuer-regexp log-level',
  pr: 'fork tag project staging-repo image digests reviewers interactive use-ssh update-repo log-level',
};

describe('docs/migrating-from-promo-tools.md', () => {
  const page = read('migrating-from-promo-tools');

  it.each(Object.entries(UPSTREAM_FLAGS))(
    'compares every flag of kpromo %s, which the program accepts',
    (command, flags) => {
      const [, section = ''] = page.split(`### kpromo ${command}\n`);
      const listed = termsOf(section.split('\n### ')[0] ?? '').filter((term) => term.startsWith('--'));
      const known = flagsOf(commandNamed(command)?.flags ?? {}).map(({ name }) => name);
      const missing = flags.split(' ').filter((flag) => !listed.includes(`--${flag}`) || !known.includes(flag));
      expect(missing).toEqual([]);
    },
  );

  it('names every flag that upstream removed', () => {
    expect([...REMOVED_FLAGS.keys()].filter((flag) => !page.includes(`\`--${flag}\``))).toEqual([]);
  });

  it('lists every log line that is upstream’s', () => {
    const terms = termsOf(page);
    const lines = Object.values(UPSTREAM).map((line) =>
      typeof line === 'string' ? line : (/`([^`]*)`/.exec(line.toString())?.[1] ?? '').replaceAll(/\$\{[^}]*\}/g, '…'),
    );
    expect(lines.length).toBeGreaterThan(20);
    expect(lines.filter((line) => !terms.includes(line))).toEqual([]);
  });
});

describe('docs/migrating-from-regsync.md', () => {
  it('says of every setting what becomes of it', () => {
    const terms = new Set(termsOf(read('migrating-from-regsync')));
    const keys = [DEFAULTS_KEYS, SYNC_KEYS, CREDS_KEYS].flatMap((known) => Object.keys(known));
    expect(keys.filter((key) => !terms.has(key) && !['type', 'registry'].includes(key))).toEqual([]);
  });
});

describe('docs/migrating-from-skopeo-sync.md', () => {
  it('says of every key what becomes of it', () => {
    const terms = termsOf(read('migrating-from-skopeo-sync'));
    expect(Object.keys(REGISTRY_KEYS).filter((key) => !terms.some((term) => term.startsWith(key)))).toEqual([]);
  });
});
