import { folding, type Folded } from './fold.ts';
import { formsOf, type Forms } from './forms.ts';

/** All secrets of the process; every output passes through `hide` or a stream. */
export type Secrets = {
  /**
   * Hides this text from now on, including its escaped forms, base64 and hexadecimal. Ignores secrets of fewer than 6
   * characters: hiding them would garble the output and protect nothing.
   */
  learn(secret: string | undefined): void;
  /** Like `learn` for a temporary secret. If there are too many, the oldest are dropped. */
  learnPassing(token: string): void;
  /** Returns the text with `…` for each secret. */
  hide(text: string): string;
  /** Hides secrets in a text that comes in pieces; holds an unfinished line back. */
  stream(): SecretStream;
};

/** Both functions return the text that may be shown now; after `end` nothing is held back. */
type SecretStream = { write(text: string): string; end(): string };

/** Minimum length at which a secret is also hidden within words, in characters of a folded text. */
const WITHIN_WORDS = 8;
/** A longer secret is searched for in parts of this many characters, because messages truncate quotations. */
const PART = 16;
/** The same for temporary tokens, which come by the thousand. */
const PASSING_PART = 32;
/** Characters that are processed together. */
const BLOCK = 65_536;
/** Longest part with every character escaped (`&#x27;`, `\u0027`), in characters. */
const KEPT_BACK = 8192;

const MARK = '…';

type Span = readonly [start: number, end: number];

/** Starts without secrets. */
export function openSecrets(): Secrets {
  const fold = folding(BLOCK);
  // The same token is sent with each request.
  const [lasting, passing] = [new Set<string>(), new Set<string>()];
  const forms = formsOf(() => passing.clear());
  const folded = (text: string): Uint8Array => {
    const { bytes, length } = fold(text.slice(0, BLOCK));
    return bytes.subarray(0, length);
  };
  const spans: Spans = (text) => (forms.isEmpty() ? [] : spansIn(text, fold(text), forms));
  return {
    learn: (secret = '') => {
      if (lasting.has(secret)) return;
      lasting.add(secret);
      for (const form of linesOf(secret).flatMap((line) => [line, ...encodingsOf(line)]))
        for (const part of partsOf(folded(form), PART)) forms.add(part, false);
    },
    learnPassing: (token) => {
      if (passing.has(token)) return;
      passing.add(token);
      // A server may put names into a token: they must stay readable in our outputs.
      const parts = partsOf(token.trim(), PASSING_PART).filter((part) => !NAME.test(part));
      for (const part of parts) forms.add(folded(part), true);
    },
    hide: (text) => hidden(text, spans),
    stream: () => streamOf(spans),
  };
}

/** Names of hosts, repositories, tags and digests. */
const NAME = /^[a-z0-9._:@/-]*[./:@][a-z0-9._:@/-]*$/;

/** Returns the spans of all secrets in a block, sorted and merged. */
type Spans = (block: string) => readonly Span[];

function hidden(text: string, spans: Spans): string {
  const parts: string[] = [];
  for (let at = 0; at < text.length;) {
    const block = text.slice(at, at + BLOCK);
    const lines = at + block.length === text.length ? block.length : block.lastIndexOf('\n') + 1;
    const { shown, used } =
      lines === 0 ? hiddenPart(block, false, spans) : hiddenPart(block.slice(0, lines), true, spans);
    parts.push(shown);
    at += used;
  }
  return parts.join('');
}

/** Returns the part of a block that may be shown, and its length; the end of an unfinished line waits. */
function hiddenPart(text: string, isWhole: boolean, spans: Spans): { readonly shown: string; readonly used: number } {
  const end = isWhole ? text.length : text.length - KEPT_BACK;
  let [shown, used] = ['', 0];
  for (const [start, stop] of spans(text)) {
    if (start >= end) break;
    shown += text.slice(used, start) + MARK;
    used = stop;
  }
  return used < end ? { shown: shown + text.slice(used, end), used: end } : { shown, used };
}

const PEM_LINES = /[\r\n]+|\\n|-----(?:BEGIN|END) [A-Z0-9 ]*-----/;

/**
 * Returns the lines of a secret without the PEM frame: no line contains a line break, so that each line of an output
 * can be checked alone.
 */
function linesOf(secret: string): readonly string[] {
  const isPem = secret.includes('-----BEGIN ');
  // PEM on one line contains `\n` or spaces.
  return secret.split(isPem ? PEM_LINES : /[\r\n]+/).map((line) => line.trim());
}

/** Splits a line into parts of this length; the last one may overlap the one before. */
function partsOf<T extends string | Uint8Array>(line: T, length: number): readonly T[] {
  const parts: T[] = [];
  for (let at = 0; at < line.length; at += length) {
    const start = Math.max(0, Math.min(at, line.length - length));
    parts.push(line.slice(start, start + length) as T);
  }
  return parts;
}

/**
 * Returns the hexadecimal form and base64, alone and inside a longer text: for each alignment the part that does not
 * depend on its neighbours.
 */
function encodingsOf(text: string): readonly string[] {
  const bytes = Buffer.from(text, 'utf8');
  const aligned = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
  });
  const alone = bytes.toString('base64').replaceAll('=', '');
  return [bytes.toString('hex'), alone, ...aligned].filter((form) => form.length >= WITHIN_WORDS);
}

/** Returns the spans of all secrets in a text, sorted and merged. */
function spansIn(text: string, folded: Folded, forms: Forms): readonly Span[] {
  const { bytes, starts, length } = folded;
  const found: Span[] = [];
  forms.find(bytes, length, (start, end, { isPassing }) => {
    if (end - start < WITHIN_WORDS && (isLetter(text, folded, start - 1) || isLetter(text, folded, end))) return;
    const span: Span = [starts[start] ?? 0, starts[end] ?? text.length];
    // A digest is never a secret, even if a server calls it one: otherwise reports would not name the image.
    if (isPassing && isInDigest(text, span[0])) return;
    found.push(span);
  });
  found.sort(([one], [other]) => one - other);
  const apart: [number, number][] = [];
  for (const [start, end] of found) {
    const last = apart.at(-1);
    if (last === undefined || start > last[1]) apart.push([start, end]);
    else last[1] = Math.max(last[1], end);
  }
  return apart;
}

function isInDigest(text: string, place: number): boolean {
  let start = place;
  while (start > 0 && place - start < HEX_OF_SHA512 && /[0-9a-f]/.test(text.charAt(start - 1))) start -= 1;
  return text.endsWith('sha256:', start) || text.endsWith('sha512:', start);
}

const HEX_OF_SHA512 = 128;

/** Returns true if there is a letter or a digit at this position; an escape is neither. */
function isLetter(text: string, { starts, length }: Folded, at: number): boolean {
  if (at < 0 || at >= length) return false;
  const [start = 0, end = 0] = [starts[at], starts[at + 1]];
  return end - start === 1 && /[A-Za-z0-9]/.test(text.charAt(start));
}

function streamOf(spans: Spans): SecretStream {
  let waiting = '';
  return {
    write: (text) => {
      waiting += text;
      const line = text.lastIndexOf('\n') + 1;
      const whole = line === 0 ? 0 : waiting.length - text.length + line;
      let shown = hidden(waiting.slice(0, whole), spans);
      waiting = waiting.slice(whole);
      while (waiting.length >= BLOCK) {
        const { shown: more, used } = hiddenPart(waiting.slice(0, BLOCK), false, spans);
        shown += more;
        waiting = waiting.slice(used);
      }
      return shown;
    },
    end: () => {
      const rest = waiting;
      waiting = '';
      return hidden(rest, spans);
    },
  };
}
