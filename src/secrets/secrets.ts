import { folding, type Folded } from './fold.ts';
import { formsOf, type Forms } from './forms.ts';

/** All secrets of the process; each output passes `hide` or a stream. */
export type Secrets = {
  /**
   * Hides this text from now on, by itself and in its escaped forms, base64 and hexadecimal. Shorter ones than 6 characters are left: they would make
   * nonsense of an output, and protect nothing.
   */
  learn(secret: string | undefined): void;
  /** The same for a text that is a secret for a while only. If there are too many, the oldest are forgotten. */
  learnPassing(token: string): void;
  /** The text with `…` for each secret. */
  hide(text: string): string;
  /** Hides secrets in a text that comes in pieces: keeps an unfinished line back. */
  stream(): SecretStream;
};

/** Both functions return what may be shown by now; after `end` nothing is kept back. */
export type SecretStream = { write(text: string): string; end(): string };

/** In characters of a folded text: from so many on a secret is hidden within words, too. */
const WITHIN_WORDS = 8;
/** What is longer is looked for in parts of so many characters: messages cut what they quote, after 100 characters for instance. */
const PART = 16;
/** Tokens come by the thousand. */
const PASSING_PART = 32;
/** Characters that are looked at together. */
const BLOCK = 65_536;
/** A part with each character escaped (`&#x27;`, `\u0027`) is shorter, in characters. */
const KEPT_BACK = 8192;

const MARK = '…';

type Span = readonly [start: number, end: number];

/** Knows no secret at first. */
export function openSecrets(): Secrets {
  const fold = folding(BLOCK);
  // The same token goes with each request.
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
      // A server may put names into what it calls a token: they stay in our outputs.
      const parts = partsOf(token.trim(), PASSING_PART).filter((part) => !NAME.test(part));
      for (const part of parts) forms.add(folded(part), true);
    },
    hide: (text) => hidden(text, spans),
    stream: () => streamOf(spans),
  };
}

/** Names of hosts, repositories, tags and digests. */
const NAME = /^[a-z0-9._:@/-]*[./:@][a-z0-9._:@/-]*$/;

/** The places of all secrets in a block, in order and apart. */
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

/** What may be shown of a block, and how many of its characters that are: of an unfinished line the end waits. */
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

/** The lines of a secret, without the frame of PEM: none holds a line break, so that each line of an output can be judged alone. */
function linesOf(secret: string): readonly string[] {
  const isPem = secret.includes('-----BEGIN ');
  // Who puts PEM into one line writes `\n`, or spaces.
  return secret.split(isPem ? PEM_LINES : /[\r\n]+/).map((line) => line.trim());
}

/** A line in parts of this length; the last one is as long, and may begin within the one before. */
function partsOf<T extends string | Uint8Array>(line: T, length: number): readonly T[] {
  const parts: T[] = [];
  for (let at = 0; at < line.length; at += length) {
    const start = Math.max(0, Math.min(at, line.length - length));
    parts.push(line.slice(start, start + length) as T);
  }
  return parts;
}

/** Hexadecimal, and base64 alone and within a longer text: of each alignment what does not depend on the neighbours. */
function encodingsOf(text: string): readonly string[] {
  const bytes = Buffer.from(text, 'utf8');
  const aligned = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
  });
  const alone = bytes.toString('base64').replaceAll('=', '');
  return [bytes.toString('hex'), alone, ...aligned].filter((form) => form.length >= WITHIN_WORDS);
}

/** The places of all secrets in a text, in order and apart. */
function spansIn(text: string, folded: Folded, forms: Forms): readonly Span[] {
  const { bytes, starts, length } = folded;
  const found: Span[] = [];
  forms.find(bytes, length, (start, end, { isPassing }) => {
    if (end - start < WITHIN_WORDS && (isLetter(text, folded, start - 1) || isLetter(text, folded, end))) return;
    const span: Span = [starts[start] ?? 0, starts[end] ?? text.length];
    // A digest is no secret, though a server may say so: reports would name no image.
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

/** Whether a letter or a digit stands there; an escape is neither, whatever it is written with. */
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
