/** The values of a template: fields such as `.Sync.Source`, and variables of the environment. */
export type TemplateData = {
  readonly fields: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string | undefined>>;
};

type Value = string | number | readonly string[];

/** A template or function that is not evaluated. */
class Unsupported extends Error {}

/**
 * Evaluates a Go template of regsync with fields, pipes and the functions `env`, `split`, `join`, `index`, `lower`, `upper`,
 * `trimSpace` and `default`. Returns undefined for any other one, such as `if`, `range`, `file` and `time`.
 */
export function expandTemplate(text: string, data: TemplateData): string | undefined {
  const trimmed = text.replace(/\s*\{\{- /g, '{{ ').replace(/ -\}\}\s*/g, ' }}');
  if (trimmed.replace(ACTION, '').includes('{{')) return undefined;
  try {
    return trimmed.replace(ACTION, (_, inner: string) => textOf(evaluate(inner, data)));
  } catch (error) {
    if (error instanceof Unsupported) return undefined;
    throw error;
  }
}

/** One action in double braces; a text in it may have braces. */
const ACTION = /\{\{((?:"(?:[^"\\]|\\.)*"|`[^`]*`|[^}"`]|\}(?!\}))*)\}\}/g;

/** Returns true if the text has a template. */
export function hasTemplate(text: string): boolean {
  return text.includes('{{');
}

function textOf(value: Value): string {
  if (typeof value === 'object') throw new Unsupported();
  return String(value);
}

function evaluate(text: string, data: TemplateData): Value {
  const tokens = tokensOf(text);
  const value = pipeline(tokens, data);
  if (tokens.length > 0) throw new Unsupported();
  return value;
}

function tokensOf(text: string): string[] {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|`[^`]*`|\.[\w.]+|\w+|[()|]|\S/g);
  return tokens === null ? [] : [...tokens];
}

/** The value of each command is the last argument of the next. */
function pipeline(tokens: string[], data: TemplateData): Value {
  let value = command(tokens, data, []);
  while (tokens[0] === '|') {
    tokens.shift();
    value = command(tokens, data, [value]);
  }
  return value;
}

function command(tokens: string[], data: TemplateData, piped: readonly Value[]): Value {
  const name = tokens.shift() ?? '';
  if (!/^[a-z]\w*$/i.test(name)) {
    if (piped.length > 0) throw new Unsupported();
    return operand(name, tokens, data);
  }
  const given: Value[] = [];
  for (let next = tokens[0]; next !== undefined && next !== '|' && next !== ')'; next = tokens[0]) {
    tokens.shift();
    given.push(operand(next, tokens, data));
  }
  return call(name, [...given, ...piped], data);
}

function operand(token: string, tokens: string[], data: TemplateData): Value {
  if (token === '(') {
    const value = pipeline(tokens, data);
    if (tokens.shift() !== ')') throw new Unsupported();
    return value;
  }
  if (token.startsWith('"')) return unquoted(token);
  if (token.startsWith('`')) return token.slice(1, -1);
  if (/^\d+$/.test(token)) return Number(token);
  const field = token.startsWith('.') ? data.fields[token.slice(1)] : undefined;
  if (field === undefined) throw new Unsupported();
  return field;
}

function unquoted(token: string): string {
  try {
    return JSON.parse(token) as string;
  } catch {
    throw new Unsupported();
  }
}

// https://github.com/regclient/regclient/blob/v0.11.7/pkg/template/template.go
const FUNCTIONS: Readonly<Record<string, (values: readonly Value[], data: TemplateData) => Value | undefined>> = {
  env: ([name], { env }) => (typeof name === 'string' ? (env[name] ?? '') : undefined),
  lower: ([text]) => (typeof text === 'string' ? text.toLowerCase() : undefined),
  upper: ([text]) => (typeof text === 'string' ? text.toUpperCase() : undefined),
  trimSpace: ([text]) => (typeof text === 'string' ? text.trim() : undefined),
  split: ([text, by]) => (typeof text === 'string' && typeof by === 'string' ? text.split(by) : undefined),
  join: ([list, by]) => (typeof list === 'object' && typeof by === 'string' ? list.join(by) : undefined),
  index: ([list, at]) => (typeof list === 'object' && typeof at === 'number' ? list[at] : undefined),
  default: ([fallback, value]) => (value === '' || value === 0 ? fallback : value),
};

function call(name: string, values: readonly Value[], data: TemplateData): Value {
  const result = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name]?.(values, data) : undefined;
  if (result === undefined) throw new Unsupported();
  return result;
}
