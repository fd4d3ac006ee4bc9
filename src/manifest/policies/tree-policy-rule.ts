import type { ArtifactTypes, ProjectPolicy } from '../../policy/policies.ts';
import type { VulnerabilityException, VulnerabilityPolicy } from '../../policy/vulnerabilities/vulnerabilities.ts';
import type { Position } from '../../errors.ts';
import type { YamlProblem } from '../../yaml/document.ts';
import { pairsOf } from '../../yaml/fields.ts';
import { explained, list, mapping, numberOf, text, type Rule, type RuleReading } from '../../yaml/rule.ts';
import { MOST_PROBLEMS } from '../../yaml/problem-list.ts';
import { nameOf, readText } from '../../yaml/scalars.ts';
import { quote } from '../../yaml/source-text.ts';
import { PROVENANCE } from './provenance-rule.ts';

// https://www.rfc-editor.org/rfc/rfc6838#section-4.2
const MEDIA_TYPE = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*$/;

const mediaType = text<string>(
  (written) =>
    MEDIA_TYPE.test(written)
      ? { value: written }
      : {
          message: `is ${quote(written)}, which is no media type`,
          hint: 'write one such as application/vnd.cncf.helm.config.v1+json',
        },
  MEDIA_TYPE.source,
);

const types = list(mediaType, 'an entry of "artifactTypes"');
const ARTIFACT_TYPES: Rule<ArtifactTypes> = {
  schema: types.schema,
  read: (node, what, reading) => {
    const read = types.read(node, what, reading);
    return read === undefined ? undefined : { types: read, at: reading.at(node.offset) };
  },
};

const DAY = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;

const day: Rule<string> = {
  schema: { type: 'string', pattern: DAY.source },
  read: (node, what, reading) => {
    const written = readText(node);
    // a day that is not in the calendar is another one, or none
    const isDay = typeof written === 'string' && DAY.test(written) && !Number.isNaN(Date.parse(written));
    if (isDay && new Date(written).toISOString().startsWith(written)) return written;
    const shown = typeof written === 'string' ? `is ${quote(written)}, which is no day` : written.reason;
    const hint = 'write year-month-day, for example 2026-12-31';
    reading.refuse({ message: `${what} ${shown}`, hint, position: reading.at(node.offset) });
    return undefined;
  },
};

const plain = text<string>((written) =>
  written.trim() === '' ? { message: 'is blank', hint: 'write what people should read there' } : { value: written },
);

const exception = mapping(
  {
    id: explained(plain, 'The vulnerability, for example CVE-2026-1.'),
    until: explained(day, 'The last day on which the exception counts (UTC); without it there is no end.'),
    reason: explained(plain, 'Why it holds nothing back.'),
  },
  ['id', 'reason'],
);

const vulnerabilityKeys = mapping(
  {
    threshold: explained(
      numberOf([-1, 0, 1, 2, 3, 4, 5]),
      'The lowest severity that holds an image back, as --vuln-severity-threshold counts; with -1 nothing is scanned.',
    ),
    exceptions: explained(list(exception, 'an entry of "exceptions"'), 'Findings that hold nothing back.'),
  },
  [],
);

const VULNERABILITIES: Rule<VulnerabilityPolicy> = {
  schema: vulnerabilityKeys.schema,
  read: (node, what, reading) => {
    const read = vulnerabilityKeys.read(node, what, reading);
    if (read === undefined) return undefined;
    const { threshold, exceptions = [], position } = read;
    const all = exceptions.map(({ position: at, ...rest }): VulnerabilityException => ({ ...rest, at }));
    return { ...(threshold !== undefined && { threshold }), exceptions: all, at: position };
  },
};

const PROJECT_KEYS = {
  provenance: explained(PROVENANCE, 'Who must have built and signed images, and from what.'),
  artifactTypes: explained(ARTIFACT_TYPES, 'The types of artifact that may be promoted besides container images.'),
  vulnerabilities: explained(VULNERABILITIES, 'Which vulnerabilities hold an image back.'),
} as const;
const PROJECT = mapping(PROJECT_KEYS, []);

/** What the file says of one project, or what is wrong with that: it takes out this project only. */
export type WrittenProject = {
  readonly name: string;
  readonly position: Position;
  readonly policy?: ProjectPolicy;
  readonly problems: readonly YamlProblem[];
};

const PROJECTS: Rule<readonly WrittenProject[]> = {
  schema: { type: 'object', additionalProperties: PROJECT.schema },
  read: (node, what, reading) => {
    const position = reading.at(node.offset);
    if (node.kind !== 'mapping') {
      reading.refuse({
        message: `${what} is a ${nameOf(node)}, not a mapping`,
        hint: 'write "<project>:" below it',
        position,
      });
      return undefined;
    }
    const kept: YamlProblem[] = [];
    let isOver = false;
    return [...pairsOf(node, reading)].map(({ key, value }) => {
      const problems: YamlProblem[] = [];
      const refuse = (problem: YamlProblem): void => {
        problems.push(problem);
        if (kept.length < MOST_PROBLEMS) {
          kept.push(problem);
          return;
        }
        // with more than are told, the whole file is unusable, and tells them
        if (!isOver) for (const one of kept) reading.refuse(one);
        isOver = true;
        reading.refuse(problem);
      };
      const own: RuleReading = { ...reading, problems, refuse };
      const name = readText(key);
      const at = reading.at(key.offset);
      if (typeof name !== 'string')
        own.refuse({ message: `a project ${name.reason}`, hint: 'write its name', position: at });
      const policy = PROJECT.read(value, `the project ${typeof name === 'string' ? quote(name) : '?'}`, own);
      return { name: typeof name === 'string' ? name : '', position: at, problems, ...(policy && { policy }) };
    });
  },
};

/** The whole of promoter-policy.yaml. */
export const TREE_POLICY = mapping(
  {
    ...PROJECT_KEYS,
    projects: explained(
      PROJECTS,
      'What differs for single projects: a key here replaces the whole of the same key above.',
    ),
  },
  [],
);

/** The JSON schema of promoter-policy.yaml, made from the rules that read it. */
export function policySchema(): string {
  const head = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'The policy of a manifest tree of kpromo (promoter-policy.yaml)',
  };
  return `${JSON.stringify({ ...head, ...TREE_POLICY.schema }, null, 2)}\n`;
}
