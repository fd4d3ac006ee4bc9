import { parseYaml, type YamlProblem } from '../yaml/document.ts';
import { problemList } from '../yaml/problem-list.ts';
import { sourceText } from '../yaml/source-text.ts';
import type { RuleReading } from '../yaml/rule.ts';
import { REGISTRY_CONFIG, type WrittenRegistry } from './rules.ts';

/** A configuration as written, with the places of its parts, or everything that is wrong with it. */
export type ParsedConfig = { readonly written: WrittenConfig } | { readonly problems: readonly YamlProblem[] };
export type WrittenConfig = NonNullable<ReturnType<(typeof REGISTRY_CONFIG)['read']>>;

/** Reads the text of a registry configuration; `file` is the name under which people know it. Never throws. */
export function parseRegistryConfig(file: string, bytes: Uint8Array): ParsedConfig {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return problemAt(file, 'the file is not UTF-8 text', 'save it as UTF-8');
  }
  const document = parseYaml(file, text);
  if (!('root' in document)) return { problems: [document] };
  if (text.trim() === '')
    return problemAt(file, 'the file is empty', 'write "version: 1" and what differs from the defaults');
  const problems = problemList<YamlProblem>();
  const reading: RuleReading = {
    at: document.at,
    problems,
    refuse: problems.push,
    spent: { expressions: 0 },
  };
  const written = REGISTRY_CONFIG.read(document.root, 'the registry configuration', reading);
  if (written === undefined || problems.length > 0) return { problems: problems.told().toSorted(byPlace) };
  const twice = repeated(written.registries ?? []);
  if (twice === undefined) return { written };
  const message = `the pattern ${JSON.stringify(twice.match.text)} stands twice in "registries"`;
  return {
    problems: [{ message, hint: 'the first match wins: put all its settings there', position: twice.position }],
  };
}

/** In the order of the file, whatever the order in which keys are read. */
function byPlace({ position: one }: YamlProblem, { position: other }: YamlProblem): number {
  return one.line - other.line || one.column - other.column;
}

function repeated(registries: readonly WrittenRegistry[]): WrittenRegistry | undefined {
  const seen = new Set<string>();
  return registries.find(({ match }) => seen.has(match.text) || !seen.add(match.text));
}

function problemAt(file: string, message: string, hint: string): ParsedConfig {
  return { problems: [{ message, hint, position: sourceText(file, '').at(0) }] };
}
