import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ReportDocument } from '../../model/schema.ts';
import { embeddedJson } from '../../../text/escape/embedded.ts';
import { visible } from '../../../text/escape/hidden.ts';
import { xmlText } from '../../../text/escape/xml.ts';
import { verdictOf } from '../../terminal/verdict.ts';
import { pageData } from './data.ts';

/** In order of dependency; concatenated, they are one script. */
const SCRIPTS = [
  'dom',
  'format',
  'problems',
  'change',
  'matrix-rows',
  'matrix',
  'details',
  'timeline',
  'traffic',
  'findings',
  'audit',
  'main',
];

/** Renders a run as one self-contained page: no other file, no network, no server. */
export function htmlReport(document: ReportDocument): string {
  const style = asset('page.css');
  const script = `'use strict';\n(() => {\n${SCRIPTS.map((name) => withoutModules(asset(`${name}.js`))).join('\n')}})();\n`;
  // Only this style and this script may run, whatever text the report contains.
  const policy = [
    "default-src 'none'",
    `style-src '${hashOf(style)}'`,
    `script-src '${hashOf(script)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy.join('; ')}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>kpromo report</title>
<style>${style}</style>
</head>
<body>
<noscript><p>This page is drawn by a script that is inside it. Without it there is this summary; --report FILE.md writes more.</p><pre>${plainText(document)}</pre></noscript>
<script type="application/json" id="data">${embeddedJson(shown(pageData(document)))}</script>
<script>${script}</script>
</body>
</html>
`;
}

/** Returns the content of the page for readers without scripts: the verdict, and the plan or the summary. */
function plainText(document: ReportDocument): string {
  const { title, sentence } = verdictOf(document);
  return xmlText([title, sentence, '', ...document.text.split('\n')].map(visible).join('\n')).replaceAll('&#10;', '\n');
}

/** Escapes characters that would change how the surrounding text is displayed. */
function shown(data: unknown): unknown {
  if (typeof data === 'string') return visible(data);
  if (Array.isArray(data)) return data.map(shown);
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, shown(value)]));
}

function asset(name: string): string {
  return readFileSync(new URL(`page/${name}`, import.meta.url), 'utf8');
}

/** Removes imports and exports: the parts are modules in the source, and one script on the page. */
function withoutModules(code: string): string {
  return code.replaceAll(/^import .*;\n/gm, '').replaceAll(/^export /gm, '');
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
