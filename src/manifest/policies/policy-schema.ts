import { z } from 'zod';
import { day, jsonSchema, list, mapping, not, notBlank, numberOf, text } from '../../yaml/schema-parts.ts';
import { quote } from '../../yaml/source-text.ts';
import { PROVENANCE } from './provenance-schema.ts';

// https://www.rfc-editor.org/rfc/rfc6838#section-4.2
const MEDIA_TYPE = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*$/;

const mediaType = text((written) => {
  if (MEDIA_TYPE.test(written)) return undefined;
  const hint = 'write one such as application/vnd.cncf.helm.config.v1+json';
  return { message: `is ${quote(written)}, which is not a media type`, hint };
}, MEDIA_TYPE.source);

const exception = mapping({
  id: notBlank.describe('The vulnerability, for example CVE-2026-1.'),
  until: day.describe('The last day (UTC) on which the exception counts. Default: no end.').exactOptional(),
  reason: notBlank.describe('Why the vulnerability does not reject images.'),
});

/** The keys of the policy of one project. */
const PROJECT_KEYS = {
  provenance: PROVENANCE.describe('Who must have built and signed images, and from which sources.').exactOptional(),
  artifactTypes: list(mediaType)
    .describe('The types of artifact that may be promoted in addition to container images.')
    .exactOptional(),
  vulnerabilities: mapping({
    threshold: numberOf([-1, 0, 1, 2, 3, 4, 5])
      .describe(
        'The lowest severity that rejects an image, as in --vuln-severity-threshold; with -1 nothing is scanned.',
      )
      .exactOptional(),
    exceptions: list(exception).describe('Findings that do not reject an image.').default([]),
  })
    .describe('The vulnerabilities that reject an image.')
    .exactOptional(),
};

/** The policy of one project. */
export const PROJECT = mapping(PROJECT_KEYS);

export type WrittenPolicy = z.output<typeof PROJECT>;

/** The file promoter-policy.yaml. */
export const TREE_POLICY = mapping({
  ...PROJECT_KEYS,
  projects: z
    .record(z.string(), PROJECT, not('a mapping', 'write "<project>:" below it'))
    .describe('Differences of single projects: a key here replaces the whole value of the same key above.')
    .exactOptional(),
});

/** Returns the JSON schema of promoter-policy.yaml. */
export function policySchema(): string {
  return jsonSchema(TREE_POLICY, 'The policy of a manifest tree of kpromo (promoter-policy.yaml)');
}
