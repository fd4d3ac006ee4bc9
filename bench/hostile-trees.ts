import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measure } from './measure.ts';

// node bench/hostile-trees.ts [NAME…]: checks trees of which one file is as large and as bad as a file may be, with
// `kpromo validate`. One line a tree; exit code 1 if one took more than 10 s or 500 MiB.

const [MAX_SECONDS, MAX_MIB] = [10, 500];
/** The largest file that is read. */
const MAX_BYTES = 8 * 1024 * 1024;
const MANIFEST = 'registries:\n- {name: s.test/x, src: true}\n- {name: m.test}\n';

type Files = { readonly images?: string; readonly manifest?: string; readonly policy?: string };

const digest = (index: number): string => `sha256:${String(index).padStart(64, '0')}`;
const each = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('');
/** As many lines as fit. */
const full = (line: string): string => line.repeat(Math.floor((MAX_BYTES - 200) / line.length));

const TREES: Readonly<Record<string, Files>> = {
  'entries that are none': { images: each(890_000, () => '-\n') },
  'unknown keys': { images: `- name: app\n${each(440_000, (index) => `  k${index}: 1\n`)}` },
  'too many entries': { images: full('- 1\n') },
  'bad digests': { images: `- name: app\n  dmap:\n${each(290_000, (index) => `    x${index}: []\n`)}` },
  'a block of a million lines': { images: `- |\n${full(' a\n')}` },
  'a quoted text of a million lines': { images: `- "\n${full('a\n')}"\n` },
  'lists at the left': {
    images: `- name: app\n  dmap:\n${each(90_000, (index) => `    "${digest(index)}": [\nv1\n]\n`)}`,
  },
  'lists at the left that cannot be guessed': { images: `- name: app\n  x: [\n${full('a b c,\n')}` },
  brackets: { images: full('[') },
  'line ends': { images: full('\r') },
  'tags in dispute': {
    images: `- name: app\n  dmap:\n${each(2, (one) => `    "${digest(one)}": [${each(220_000, (index) => `v${index},`)}]\n`)}`,
    manifest: `${MANIFEST}${each(400, (index) => `- {name: m${index}.test}\n`)}`,
  },
  'images times registries': {
    images: each(80_000, (index) => `- {name: a${index}, dmap: {"${digest(1)}": []}}\n`),
    manifest: `${MANIFEST}${each(80_000, (index) => `- {name: m${index}.test}\n`)}`,
  },
  'bad registries': { manifest: `registries:\n${each(170_000, (index) => `- {name: "m ${index}"}\n`)}` },
  'a registry of slashes': { manifest: `registries:\n- {name: "s.test/${full('/').slice(100)}a", src: true}\n` },
  expressions: {
    manifest: `${MANIFEST}provenance:\n  signers:\n${each(190, () => `  - "sigstore(identityMatch=regex)::a::${'(a|b)*'.repeat(400)}"\n`)}`,
  },
  'unknown projects': { policy: `projects:\n${each(400_000, (index) => `  p${index}: {}\n`)}` },
  'bad projects': { policy: `projects:\n${each(110_000, (index) => `  p${index}: {x: 1}\n`)}` },
};

const asked = process.argv.slice(2);
for (const [name, { images = '[]\n', manifest = MANIFEST, policy }] of Object.entries(TREES)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-hostile-'));
  const file = async (path: string, text: string): Promise<void> => {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), text.slice(0, MAX_BYTES));
  };
  try {
    await file('manifests/app/promoter-manifest.yaml', manifest);
    await file('images/app/images.yaml', images);
    if (policy !== undefined) await file('promoter-policy.yaml', policy);
    const program = join(import.meta.dirname, '..', 'bin', 'kpromo');
    const { exit, wallSeconds, peakMiB = 0 } = await measure({ program, args: ['validate', folder] });
    const isOver = wallSeconds > MAX_SECONDS || peakMiB > MAX_MIB || typeof exit !== 'number';
    if (isOver) process.exitCode = 1;
    process.stdout.write(`${name}: exit ${exit}, ${wallSeconds} s, ${peakMiB} MiB${isOver ? ', TOO MUCH' : ''}\n`);
  } finally {
    await rm(folder, { recursive: true });
  }
}
