import { loadAll } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { route } from '../src/cli/route.ts';
import { PAGES, blocksOf, readPage, stepsOf, type Block } from './support/pages/pages.ts';
import { commandsIn, type Words } from './support/pages/shell.ts';

/** Programs that pages may use besides kpromo: what a reader has, or what the page says to install. */
const PROGRAMS =
  'apt-get aws az cat cosign cp curl docker gcloud gh git jq kubectl ls mkdir node npm npx openssl oras podman slsa-verifier trivy'.split(
    ' ',
  );

/** Returns what the program says against a command line, undefined if it would run. */
function problemOf([program = '', ...argv]: Words): string | undefined {
  if (program !== 'kpromo')
    return PROGRAMS.includes(program) ? undefined : `${program} is not among the programs of pages`;
  try {
    // digests are shortened on pages, but flags and arguments are not
    route(argv.map((word) => word.replace(/(?<=sha256:)[0-9a-f]*…/, '0'.repeat(64))));
    return undefined;
  } catch (error) {
    return `kpromo ${argv.join(' ')}: ${String(error)}`;
  }
}

async function problemsOf(script: string): Promise<readonly string[]> {
  const { commands, problem } = await commandsIn(script);
  return [problem, ...commands.map(problemOf)].filter((one) => one !== undefined);
}

const scriptsOf = (block: Block): readonly string[] => {
  if (block.language === 'sh') return [block.text];
  return block.language === 'console' ? stepsOf(block).map(({ command }) => command) : [];
};

/** Returns the texts for a shell, and the commands as lists of words, in a YAML document. */
function commandsOfYaml(node: unknown): readonly (string | Words)[] {
  if (Array.isArray(node)) {
    const words = node.map(String);
    return words[0] === 'kpromo' ? [words] : node.flatMap(commandsOfYaml);
  }
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) =>
    (key === 'run' || key === 'script') && typeof value === 'string' ? [value] : commandsOfYaml(value),
  );
}

async function problemsOfYaml(command: string | Words): Promise<readonly string[]> {
  // an expression of GitHub Actions is one word
  if (typeof command === 'string') return problemsOf(command.replaceAll(/\$\{\{.*?\}\}/g, 'X'));
  return [problemOf(command)].filter((problem) => problem !== undefined);
}

describe('commandsIn', () => {
  it('returns commands as bash splits and expands them, and starts none of them', async () => {
    const script = [
      'export TAG=v1   # a comment',
      'if true; then bin/kpromo add --tag "$TAG" \\',
      "  --image 'a b' && git diff; fi",
      'A=1 kpromo report merge shard-{0..2}.json "$FILE" acme.example/kpromo/kpromo | jq -r ".x" > out.json',
      'echo $(kpromo version) <<END\nkpromo in a text\nEND',
    ].join('\n');
    const { commands, problem } = await commandsIn(script);
    expect(problem).toBeUndefined();
    // the two sides of a pipe are written down in any order
    expect(commands.map((words) => words.join('|')).toSorted()).toEqual([
      'git|diff',
      'jq|-r|.x',
      'kpromo|add|--tag|v1|--image|a b',
      'kpromo|report|merge|shard-0.json|shard-1.json|shard-2.json|FILE|acme.example/kpromo/kpromo',
      'kpromo|version',
    ]);
  });

  it.each(['kpromo cip "', 'if kpromo', 'kpromo version > /tmp/x', 'cat x >> ~/y'])('reports %j', async (script) => {
    expect((await commandsIn(script)).problem).toBeDefined();
  });
});

describe('problemsOf', () => {
  it('returns an unknown flag, a missing one, a wrong value and an unknown program', async () => {
    const script =
      'kpromo cip --manifests . --bogus\nkpromo add\nkpromo cip --manifests . --threads=x\nmake\nnpm test\n';
    expect(await problemsOf(script)).toEqual([
      expect.stringContaining('--bogus'),
      expect.stringContaining('--manifests is required'),
      expect.stringContaining('--threads'),
      'make is not among the programs of pages',
    ]);
  });
});

describe('the pages', () => {
  it('mark each block that contains commands as sh or console', () => {
    const unmarked = PAGES.flatMap((page) =>
      blocksOf(readPage(page))
        .filter(({ language, text }) => language === '' && /^(?:\$ |kpromo |bin\/)/m.test(text))
        .map(({ line }) => `${page}:${line}`),
    );
    expect(unmarked).toEqual([]);
  });

  it.each(PAGES)('show in %s only commands that would run', async (page) => {
    const problems = blocksOf(readPage(page)).map(async (block) =>
      (await Promise.all(scriptsOf(block).map(problemsOf)))
        .flat()
        .map((problem) => `${page}:${block.line}: ${problem}`),
    );
    expect((await Promise.all(problems)).flat()).toEqual([]);
  });

  it.each(PAGES)('show in %s only YAML and JSON that parse, with commands that would run', async (page) => {
    const blocks = blocksOf(readPage(page)).filter(({ language }) => language === 'yaml' || language === 'json');
    const problems = blocks.map(async ({ text, line }) => {
      const commands = loadAll(text).flatMap(commandsOfYaml);
      const found = await Promise.all(commands.map((one) => problemsOfYaml(one)));
      return found.flat().map((problem) => `${page}:${line}: ${problem}`);
    });
    expect((await Promise.all(problems)).flat()).toEqual([]);
  });

  it('name in their text only commands and flags that exist', () => {
    // an old command may be in the changelog, and the reference names placeholders
    const pages = PAGES.filter((page) => page !== 'CHANGELOG.md' && page !== 'docs/cli.md');
    const wrong = pages.flatMap((page) =>
      [
        ...readPage(page)
          .replaceAll(/```[\s\S]*?```/g, '')
          .matchAll(/`(?:bin\/)?kpromo ([a-z][^`]*)`/g),
      ]
        .map(([, command = '']) => command.split(/\s+/))
        .flatMap((argv) => problemOf(['kpromo', ...argv.filter((word) => word !== '…')]) ?? [])
        .filter((problem) => /unknown|takes no|invalid/.test(problem))
        .map((problem) => `${page}: ${problem}`),
    );
    expect(wrong).toEqual([]);
  });
});
