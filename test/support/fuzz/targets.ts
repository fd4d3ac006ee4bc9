import fc from 'fast-check';
import { parseBaseline } from '../../../src/baseline/load.ts';
import { parseRegistryConfig } from '../../../src/config/parse.ts';
import { PromotionError } from '../../../src/errors.ts';
import type { Foreign } from '../../../src/foreign/model.ts';
import { readRegsync } from '../../../src/foreign/regsync/read.ts';
import { readSkopeo } from '../../../src/foreign/skopeo.ts';
import { registryMessage } from '../../../src/http/response/error.ts';
import { chooseScheme, parseChallenges } from '../../../src/http/auth/challenge.ts';
import { nextLink } from '../../../src/http/link.ts';
import { parseRef } from '../../../src/image/asked-ref.ts';
import { MEDIA_TYPES } from '../../../src/image/descriptor.ts';
import { digestOf } from '../../../src/image/digest.ts';
import { manifestTypeOf } from '../../../src/image/manifest-type.ts';
import { readOci } from '../../../src/image/oci.ts';
import { compilePattern } from '../../../src/image/pattern.ts';
import { repositoryProblem } from '../../../src/image/reference.ts';
import { parsePlain } from '../../../src/manifest/parse.ts';
import { policyIn } from '../../../src/manifest/policies/policy-file.ts';
import { completePolicies } from '../../../src/manifest/policies/project-policies.ts';
import { parseTreePolicy } from '../../../src/manifest/policies/tree-policy.ts';
import { parseSigner } from '../../../src/policy/signer.ts';
import { parseYaml } from '../../../src/yaml/document.ts';
import { hostileChallenge, hostileLink, hostileText } from './headers.ts';

/** A reader of foreign text: throws only what is wrong with itself. */
type FuzzTarget = { readonly text: fc.Arbitrary<string>; readonly read: (text: string) => void };

const DIGEST = `sha256:${'a'.repeat(64)}`;

/** Texts made of these words, and of whatever else there is. */
function madeOf(...words: readonly string[]): fc.Arbitrary<string> {
  const word = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...words) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
  );
  return fc.array(word, { maxLength: 40 }).map((parts) => parts.join(''));
}

const YAML = [
  '- ',
  '? ',
  ': ',
  ':\n',
  '[',
  ']',
  '{',
  '}',
  ',',
  '\n',
  '\n  ',
  '\n    ',
  '\r',
  '\t',
  '"',
  "'",
  '|\n',
  '>-\n',
];
const MORE = [
  '&a ',
  '*a',
  '<<: *a',
  '!!str ',
  '!!binary ',
  '! ',
  '---\n',
  '...\n',
  '%YAML 1.2\n',
  '#',
  '~',
  'a',
  '1',
  '@',
];
const yaml = madeOf(...YAML, ...MORE);
const manifest = madeOf(
  ...YAML,
  ...MORE,
  'registries:\n',
  '- name: a.io/x\n  src: true\n',
  '- {name: b.io/y}\n',
  'images:\n',
  '- name: app\n',
  '  dmap:\n',
  `    "${DIGEST}": ["v1"]\n`,
  'provenance: {mode: require}\n',
);
const policy = madeOf(
  ...YAML,
  ...MORE,
  'provenance:\n',
  '  mode: require\n',
  '  signers: [',
  '"sigstore::https://a::b"',
  '"sigstore(identityMatch=regex)::https://a::(a|b)*{9}"',
  '  builders: [{id: "https://b", level: 3}]\n',
  'vulnerabilities: {threshold: 4}\n',
  'exceptions: [{id: C, reason: r}]',
  'projects:\n  app: {}\n',
  'artifactTypes: [a/b]\n',
);
const foreign = madeOf(
  ...YAML,
  ...MORE,
  'creds:\n- registry: a.io\n  tls: disabled\n',
  'defaults: {parallel: 2}\n',
  'sync:\n',
  '- source: a.io/x:v1\n',
  '  target: b.io/{{ index (split .Sync.Source "/") 1 }}\n',
  '  type: repository\n',
  '  tags: {allow: ["v.*"], semverRange: [">=1"]}\n',
  'a.io:\n  images:\n    x: []\n',
  '  images-by-tag-regex: {x: "(a"}\n',
  '  images-by-semver: {x: ">= 1 || ~2"}\n',
);
const config = madeOf(
  ...YAML,
  ...MORE,
  'version: 1\n',
  'primary: a.io\n',
  'publicNames:\n- {match: a.io, name: b.io}\n',
  'registries:\n',
  '- match: "*.io"\n',
  '  limits: {start: 1}\n',
  '  timeouts: {connect: 1s}\n',
);
const name = madeOf(
  'a',
  'a.io',
  '127.1',
  '0x7f',
  '[::1]',
  'LOCALHOST',
  ':',
  '5000',
  '/',
  '//',
  '.',
  '..',
  '-',
  '_',
  '__',
  '@',
  '*',
  '**',
  DIGEST,
);
const image = madeOf(
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"schemaVersion":2,',
  '"mediaType":"application/vnd.oci.image.index.v1+json",',
  '"config":',
  '"layers":',
  '"manifests":',
  `{"digest":"${DIGEST}","size":1,"platform":{"os":"linux"}}`,
  '"annotations":{"a":"b"}',
  '"data":"e30="',
  '1e9',
  'null',
);
const signer = madeOf(
  'sigstore',
  '(identityMatch=regex)',
  '::',
  'https://a',
  '(a|b)*',
  '{1,9}',
  '\\pL',
  '[^a]',
  '|',
  '$',
  '(?i)',
);

/** Every reader of text that somebody else wrote; others join here. */
export const TARGETS: Readonly<Record<string, FuzzTarget>> = {
  yaml: { text: yaml, read: (text) => void parseYaml('f', text) },
  manifests: {
    text: manifest,
    read: (text) => void parsePlain('f', { file: 'f', bytes: Buffer.from(text) }, undefined),
  },
  policies: { text: policy, read: readPolicy },
  configuration: { text: config, read: (text) => void parseRegistryConfig('f', Buffer.from(text)) },
  baselines: { text: config, read: (text) => void parseBaseline('f', Buffer.from(text)) },
  'configurations of regsync': {
    text: foreign,
    read: (text) => readForeign(() => readRegsync('f', Buffer.from(text), {})),
  },
  'files of skopeo': {
    text: foreign,
    read: (text) =>
      readForeign(() => readSkopeo('f', Buffer.from(text), { destination: 'b.io', scoped: false, suffix: '' })),
  },
  references: { text: name, read: readReference },
  challenges: { text: hostileChallenge, read: (text) => void chooseScheme(parseChallenges([text])) },
  links: { text: hostileLink, read: (text) => void nextLink(text) },
  'error texts': { text: hostileText, read: (text) => void registryMessage(text, 'application/json') },
  images: { text: image, read: readImage },
  signers: { text: signer, read: (text) => void parseSigner(text.slice(0, 5_000)) },
};

function readImage(text: string): void {
  const bytes = Buffer.from(text);
  const digest = digestOf(bytes);
  for (const mediaType of [MEDIA_TYPES.ociManifest, MEDIA_TYPES.ociIndex])
    readOci({ bytes, descriptor: { mediaType, digest, size: bytes.length } });
  manifestTypeOf(bytes);
}

function readPolicy(text: string): void {
  const bytes = Buffer.from(text);
  const parsed = parsePlain(
    'app',
    { file: 'm', bytes: Buffer.from(`registries: [{name: a.io, src: true}, {name: b.io}]`) },
    undefined,
  );
  completePolicies([{ parsed, tree: parseTreePolicy({ file: 'f', bytes }) }]);
  saidInWords(() => policyIn({ file: 'f', bytes }));
}

function readReference(text: string): void {
  parseRef(text);
  repositoryProblem(text);
  saidInWords(() => compilePattern(text));
}

/** Lets pass what is an error of ours, with words and a way out. */
function saidInWords(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    if (error instanceof PromotionError && error.code !== 'INTERNAL' && error.hint !== undefined) return;
    throw error;
  }
}

/** Applies the rules of a file, too; a file that is not YAML is refused. */
function readForeign(read: () => Foreign): void {
  try {
    for (const { select } of read().rules) if (select.kind === 'tags') select.matches('v1.2.3-rc.1');
  } catch (error) {
    if (!(error instanceof PromotionError)) throw error;
  }
}
