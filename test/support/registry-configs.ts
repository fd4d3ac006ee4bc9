/** The text of a configuration: one entry for `a.example` with these lines, from line 4 on. */
export function entryWith(...lines: string[]): string {
  return ['version: 1\nregistries:\n- match: a.example', ...lines].join('\n  ');
}

/** A configuration that uses every key. */
export const EVERY_KEY = `
# All keys.
version: 1
primary: us-docker.pkg.dev
publicNames:
- match: "*.pkg.dev/acme/prod"
  name: images.acme.dev
- { match: "localhost:5000", name: "public.example:443/acme" }
attachments:
- { match: "*.pkg.dev/acme/prod/copied", mode: replicated }
- match: "*.pkg.dev/acme/prod"
  mode: routed
  through: images.acme.dev
  standby: [eu-docker.pkg.dev/acme/prod, "asia-*.pkg.dev"]
registries:
- match: "*.pkg.dev"
  kind: artifact-registry
  credentials: google
  limits: { group: gar, start: 75, floor: 0.5, ceiling: 1000, burst: 10, concurrency: 20 }
  listing: google
  timeouts: { connect: 10s, headers: 1m0.5s, idle: 30s, request: 15m }
  mount: true
- match: "123456789012.dkr.ecr.*.amazonaws.com"
  createRepositories: true
  mount: false
- match: "registry.internal:5000"
  ca: certs/ca.pem
  clientCertificate: { cert: certs/robot.pem, key: certs/robot.key }
  proxy: http://user:secret@proxy.internal:3128
- match: "localhost:*"
  insecure: TRUE
  proxy: none
  credentials: none
`;

/** What is valid, with a name. */
export const VALID: readonly (readonly [name: string, text: string])[] = [
  ['every key', EVERY_KEY],
  ['nothing but the version', 'version: 1'],
  [
    'empty lists',
    'version: 1\nregistries: []\npublicNames: []\nattachments: [{ match: a, mode: routed, through: b.example, standby: [] }]',
  ],
  ['settings without any', entryWith('limits: {}', 'timeouts: {}')],
  ['flow style over several lines', 'version: 1\nregistries: [\n  {match: a.example,\n   mount: false}]'],
];

/** What is wrong, what is said of it, and whether the schema sees it, too. */
export const INVALID: readonly (readonly [
  name: string,
  text: string,
  said: string,
  schema: 'refuses' | 'cannot tell',
])[] = [
  [
    'nothing',
    '',
    '1:1: the registry configuration is empty, not a mapping; write a mapping with the keys version, primary, publicNames, attachments, registries',
    'refuses',
  ],
  [
    'a text',
    'hello',
    '1:1: the registry configuration is "hello", not a mapping; write a mapping with the keys version, primary, publicNames, attachments, registries',
    'refuses',
  ],
  [
    'a list',
    '- version: 1',
    '1:1: the registry configuration is a list, not a mapping; write a mapping with the keys version, primary, publicNames, attachments, registries',
    'refuses',
  ],
  [
    'no version',
    'registries: []',
    '1:1: the registry configuration has no "version"; add the key "version"',
    'refuses',
  ],
  ['another version', 'version: 2', '1:10: "version" is "2", not 1; write 1, without quotes', 'refuses'],
  ['a version in quotes', 'version: "1"', '1:10: "version" is the text "1", not 1; write 1, without quotes', 'refuses'],
  [
    'a misspelt key',
    'version: 1\nregistres: []',
    '2:1: the registry configuration has the unknown key "registres"; write "registries"',
    'refuses',
  ],
  [
    'a misspelt key deep down',
    entryWith('timeouts: { conect: 10s }'),
    '4:15: "timeouts" has the unknown key "conect"; write "connect"',
    'refuses',
  ],
  [
    'an unknown key',
    entryWith('xyz: 1'),
    '4:3: an entry of "registries" has the unknown key "xyz"; the keys are "match", "kind", "insecure", "ca", "clientCertificate", "proxy", "credentials", "limits", "listing", "mount", "timeouts", "createRepositories"',
    'refuses',
  ],
  [
    'a key that stands twice',
    entryWith('mount: true', 'mount: false'),
    '5:3: an entry of "registries" has the key "mount" twice; keep one of them',
    'refuses',
  ],
  [
    'a missing pattern',
    'version: 1\nregistries:\n- mount: true',
    '3:3: an entry of "registries" has no "match"; add the key "match"',
    'refuses',
  ],
  [
    'a pattern with a scheme',
    'version: 1\nregistries: [{ match: "https://a.example" }]',
    '2:23: "match" is not a pattern: pattern "https://a.example" has a scheme; registries are named without one; write host[:port][/path], for example "*.pkg.dev/acme/**"',
    'refuses',
  ],
  [
    'a pattern with a path',
    'version: 1\nregistries: [{ match: a.example/b }]',
    '2:23: "match" is "a.example/b", which has a path; settings are for a whole host: write host[:port] only',
    'refuses',
  ],
  [
    'a pattern twice',
    entryWith('mount: true').concat('\n- match: A.example'),
    '5:3: an entry of "registries" repeats the pattern "a.example"; the first match wins: put all its settings there',
    'cannot tell',
  ],
  [
    'a number for a text',
    'version: 1\nprimary: 5000',
    '2:10: "primary" is "5000", not a text; write a text, or leave the key out',
    'refuses',
  ],
  [
    'a key without a value',
    'version: 1\nprimary:',
    '2:1: "primary" is empty, not a text; write a text, or leave the key out',
    'refuses',
  ],
  [
    'a list without entries',
    'version: 1\nregistries:',
    '2:1: "registries" is empty, not a list; put "-" before each entry, or leave the key out',
    'refuses',
  ],
  [
    'a mapping for a list',
    'version: 1\nregistries: {}',
    '2:13: "registries" is a mapping, not a list; put "-" before each entry, or leave the key out',
    'refuses',
  ],
  [
    'an empty block',
    entryWith('limits:'),
    '4:3: "limits" is empty, not a mapping; write a mapping with the keys group, start, floor, ceiling, burst, concurrency',
    'refuses',
  ],
  [
    'a word of old YAML',
    entryWith('mount: yes'),
    '4:10: "mount" is "yes", not true or false; write true or false, without quotes',
    'refuses',
  ],
  [
    'a bool in quotes',
    entryWith('mount: "true"'),
    '4:10: "mount" is the text "true", not true or false; write true or false, without quotes',
    'refuses',
  ],
  [
    'a length of time without a unit',
    entryWith('timeouts: { idle: "10" }'),
    '4:21: "idle" is "10", which is not a duration; write a number with a unit, for example "30s", "15m" or "1m30s"',
    'refuses',
  ],
  [
    'a bare number for a length of time',
    entryWith('timeouts: { idle: 10 }'),
    '4:21: "idle" is "10", not a text; write a number with a unit, for example "30s", "15m" or "1m30s"',
    'refuses',
  ],
  [
    'a negative length of time',
    entryWith('timeouts: { idle: -10s }'),
    '4:21: "idle" is "-10s", which is not a duration; write a number with a unit, for example "30s", "15m" or "1m30s"',
    'refuses',
  ],
  [
    'no time at all',
    entryWith('timeouts: { idle: 0s }'),
    '4:21: "idle" is "0s", which is not a duration; write a number with a unit, for example "30s", "15m" or "1m30s"',
    'cannot tell',
  ],
  [
    'a rate of nothing',
    entryWith('limits: { start: 0 }'),
    '4:20: "start" is "0", not a number of at least 0.1; write a number of at least 0.1, without quotes',
    'refuses',
  ],
  [
    'half a slot',
    entryWith('limits: { concurrency: 4.5 }'),
    '4:26: "concurrency" is "4.5", not a whole number of at least 3; write a whole number of at least 3, without quotes',
    'refuses',
  ],
  [
    'too few slots',
    entryWith('limits: { concurrency: 2 }'),
    '4:26: "concurrency" is "2", not a whole number of at least 3; write a whole number of at least 3, without quotes',
    'refuses',
  ],
  [
    'limits that contradict each other',
    entryWith('limits: { start: 10, ceiling: 5 }'),
    '4:11: "limits" contradicts itself; floor is at most start, and start at most ceiling',
    'cannot tell',
  ],
  [
    'an unknown source of credentials',
    entryWith('credentials: gcloud'),
    '4:16: "credentials" is "gcloud", which is unknown; write docker, google, ecr, acr, ghcr, gitlab or none',
    'refuses',
  ],
  [
    'an unknown listing',
    entryWith('listing: fast'),
    '4:12: "listing" is "fast", which is unknown; write auto, google or tags',
    'refuses',
  ],
  [
    'half a client certificate',
    entryWith('clientCertificate: { cert: a.pem }'),
    '4:22: "clientCertificate" has no "key"; add the key "key"',
    'refuses',
  ],
  [
    'a proxy of another kind',
    entryWith('proxy: socks5://user:secret@p'),
    '4:10: "proxy" is not the address of a proxy; write http://host:port or https://host:port, or none',
    'refuses',
  ],
  [
    'certificates for plain HTTP',
    entryWith('insecure: true', 'ca: a.pem'),
    '3:3: an entry of "registries" has certificates for plain HTTP; leave out "insecure", or "ca" and "clientCertificate"',
    'cannot tell',
  ],
  [
    'repositories of another cloud',
    entryWith('kind: quay', 'createRepositories: true'),
    '3:3: an entry of "registries" creates repositories of the kind quay; only "kind: ecr" can; leave out "createRepositories"',
    'cannot tell',
  ],
  [
    'a public name that is none',
    'version: 1\npublicNames: [{ match: a, name: "A b" }]',
    '2:33: "name" has no valid host before the first "/" ("A b": a part between dots is letters, digits and "-", and neither begins nor ends with "-"); write host[:port][/path], for example "images.example.com"',
    'cannot tell',
  ],
  [
    'a route to no name',
    'version: 1\nattachments: [{ match: a, mode: routed }]',
    '2:15: an entry of "attachments" is routed through no name; add "through": the name that clients use',
    'cannot tell',
  ],
  [
    'a standby of what is replicated',
    'version: 1\nattachments: [{ match: a, standby: [b] }]',
    '2:15: an entry of "attachments" has "standby" without being routed; add "mode: routed", or leave "through" and "standby" out',
    'cannot tell',
  ],
  [
    'an unknown way of attachments',
    'version: 1\nattachments: [{ match: a, mode: mirrored }]',
    '2:33: "mode" is "mirrored", which is unknown; write replicated or routed',
    'refuses',
  ],
  [
    'two documents',
    'version: 1\n---\nversion: 1',
    '2:1: the file holds more than one YAML document; keep one document and remove the "---" between them',
    'refuses',
  ],
];
