/** Location of the entries in a document: the whole document is a list, or these keys hold lists or objects. */
export type Shape = 'list' | Readonly<Record<string, 'list' | 'map'>>;

/** Receives the contents of a document, one value at a time. */
type EntrySink = {
  /** The list or object under this key begins; it may be empty. */
  begin(key: string): void;
  /**
   * One entry of the list or object under this key ('' for a list that is the document); `name` is its key in an
   * object.
   */
  entry(key: string, value: unknown, name: string): void;
  /** The value under any other key, or a value of the wrong type under a key of the shape. */
  field(key: string, value: unknown): void;
  /** Throws an error that says what is wrong with the document. */
  refuse(what: string, cause?: unknown): never;
};

/** Parses a document that arrives in chunks. `end` throws if it is incomplete. */
type EntryReader = { push(chunk: Uint8Array): void; end(): void };

/** No entry needs this many bytes; a deliberately large value would be in memory as a whole. */
const MAX_VALUE_BYTES = 1024 * 1024;

/** Entries are parsed together up to this many bytes: one call of JSON.parse for each takes four times as long. */
const TOGETHER = 64 * 1024;

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * What ends a piece: a colon ends a key; a comma or the end of the document ends a value; the end of the list, or a
 * comma after many, ends entries.
 */
type PieceKind = 'key' | 'value' | 'list' | 'map';

/** A part of the document that JSON.parse parses as a whole; its end is found without parsing it. */
type Piece = {
  readonly kind: PieceKind;
  readonly parts: Uint8Array[];
  size: number;
  depth: number;
  inString: boolean;
  escaped: boolean;
};

/** State of the parser outside of a piece. */
type Place = 'start' | 'before value' | 'after entries' | 'end';

type State = {
  readonly shape: Shape;
  readonly sink: EntrySink;
  at: Place | Piece;
  /** The current key at the top level. */
  key: string;
  /** True after a comma: a key or an entry must follow. */
  needsMore: boolean;
  readonly repeated: Set<string>;
};

/**
 * Parses JSON, and throws if the document does not have the shape. A short document is parsed as a whole, which takes
 * half the time. A longer one is parsed entry by entry, so that only few entries are in memory at a time.
 */
export function jsonEntries(shape: Shape, sink: EntrySink): EntryReader {
  const parts: Uint8Array[] = [];
  let size = 0;
  let long: EntryReader | undefined;
  const splitParts = (): EntryReader => {
    const reader = splitEntries(shape, sink);
    for (const part of parts.splice(0)) reader.push(part);
    return reader;
  };
  return {
    push: (chunk) => {
      if (long !== undefined) return long.push(chunk);
      parts.push(chunk);
      size += chunk.length;
      if (size > TOGETHER) long = splitParts();
    },
    end: () => {
      if (long === undefined && passWhole(shape, sink, textOf(parts, size))) return;
      (long ?? splitParts()).end();
    },
  };
}

/** Passes on a parsed document; returns false, and passes on nothing, if it must be split to see what is wrong with it. */
function passWhole(shape: Shape, sink: EntrySink, text: string): boolean {
  if (mayRepeat(shape, text)) return false;
  const whole = parsedOrNot(text);
  if (typeof whole !== 'object' || whole === null || Array.isArray(whole) !== (shape === 'list')) return false;
  if (shape === 'list') passEntries(sink, '', whole);
  else for (const [key, value] of Object.entries(whole)) passField(shape, sink, key, value);
  return true;
}

/**
 * Returns false if no key of the shape is in the text twice. JSON.parse would use the last of two lists. With a backslash
 * a key may be written in another way.
 */
function mayRepeat(shape: Shape, text: string): boolean {
  if (shape === 'list') return false;
  // Not with `lastIndexOf`, which takes several times as long.
  const isTwice = (key: string): boolean => {
    const name = `"${key}"`;
    const first = text.indexOf(name);
    return first !== -1 && text.includes(name, first + name.length);
  };
  return text.includes('\\') || Object.keys(shape).some(isTwice);
}

function parsedOrNot(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function passField(shape: Exclude<Shape, 'list'>, sink: EntrySink, key: string, value: unknown): void {
  const holds = Object.hasOwn(shape, key) ? shape[key] : undefined;
  if (holds === undefined || typeof value !== 'object' || value === null || Array.isArray(value) !== (holds === 'list'))
    return sink.field(key, value);
  sink.begin(key);
  passEntries(sink, key, value);
}

function passEntries(sink: EntrySink, key: string, read: object): void {
  if (Array.isArray(read)) for (const value of read) sink.entry(key, value, '');
  else for (const [name, value] of Object.entries(read)) sink.entry(key, value, name);
}

/** Parses a document entry by entry. */
function splitEntries(shape: Shape, sink: EntrySink): EntryReader {
  const state: State = { shape, sink, at: 'start', key: '', needsMore: false, repeated: new Set() };
  return {
    push: (chunk) => {
      let at = 0;
      while (at < chunk.length)
        at = typeof state.at === 'string' ? step(state, state.at, chunk, at) : take(state, state.at, chunk, at);
    },
    end: () => {
      if (state.at !== 'end') sink.refuse('is not JSON');
    },
  };
}

/** Processes one byte between pieces; returns the position to continue at. */
function step(state: State, place: Place, chunk: Uint8Array, at: number): number {
  const byte = chunk[at] ?? 0;
  if (isSpace(byte)) return at + 1;
  if (place === 'before value') return startValue(state, byte, at);
  if (place === 'start') startDocument(state, byte);
  else if (place === 'end' || !(byte === COMMA || byte === CLOSE_OBJECT)) state.sink.refuse('is not JSON');
  else afterField(state, byte);
  return at + 1;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function startDocument(state: State, byte: number): void {
  const isList = state.shape === 'list';
  if (byte === (isList ? OPEN_LIST : OPEN_OBJECT)) return start(state, isList ? 'list' : 'key', false);
  state.sink.refuse(isStart(byte) ? `is not a JSON ${isList ? 'list' : 'object'}` : 'is not JSON');
}

/** Returns true if a JSON value may begin with this byte. */
function isStart(byte: number): boolean {
  return '{["-0123456789tfn'.includes(String.fromCharCode(byte));
}

function start(state: State, kind: PieceKind, needsMore: boolean): void {
  state.needsMore = needsMore;
  state.at = { kind, parts: [], size: 0, depth: 0, inString: false, escaped: false };
}

function afterField(state: State, byte: number): void {
  if (byte === COMMA) start(state, 'key', true);
  else state.at = 'end';
}

function startValue(state: State, byte: number, at: number): number {
  const { shape, key } = state;
  const holds = shape !== 'list' && Object.hasOwn(shape, key) ? shape[key] : undefined;
  if (holds === undefined || byte !== (holds === 'list' ? OPEN_LIST : OPEN_OBJECT)) {
    start(state, 'value', true);
    return at;
  }
  start(state, holds, false);
  state.sink.begin(key);
  return at + 1;
}

/** Consumes as much of a piece as the chunk holds; returns the position to continue at. */
function take(state: State, piece: Piece, chunk: Uint8Array, from: number): number {
  const end = endOf(piece, chunk, from);
  const part = chunk.subarray(from, end ?? chunk.length);
  piece.size += part.length;
  if (piece.size > MAX_VALUE_BYTES) state.sink.refuse(`has a value of more than ${MAX_VALUE_BYTES} bytes`);
  piece.parts.push(part);
  if (end === undefined) return chunk.length;
  finish(state, piece, chunk[end] ?? 0);
  return end + 1;
}

/** Returns the position of the byte that ends the piece; undefined if it is not in this chunk. */
function endOf(piece: Piece, chunk: Uint8Array, from: number): number | undefined {
  const many = piece.kind === 'value' ? 0 : from + TOGETHER - piece.size;
  let at = piece.inString ? pastString(piece, chunk, from) : from;
  for (; at < chunk.length; at += 1) {
    const byte = chunk[at];
    if (byte === QUOTE) at = pastString(piece, chunk, at + 1) - 1;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) piece.depth += 1;
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
      if (piece.depth === 0) return at;
      piece.depth -= 1;
    } else if (byte === COLON && piece.depth === 0 && piece.kind === 'key') return at;
    else if (byte === COMMA && piece.depth === 0 && at >= many) return at;
  }
  return undefined;
}

/** Returns the position after a string, which may continue in the next chunk. */
function pastString(piece: Piece, chunk: Uint8Array, from: number): number {
  const first = from + (piece.escaped ? 1 : 0);
  let quote = chunk.indexOf(QUOTE, first);
  while (quote !== -1 && isEscaped(chunk, first, quote)) quote = chunk.indexOf(QUOTE, quote + 1);
  piece.inString = quote === -1;
  piece.escaped = piece.inString && isEscaped(chunk, first, chunk.length);
  return piece.inString ? chunk.length : quote + 1;
}

function isEscaped(chunk: Uint8Array, from: number, at: number): boolean {
  let first = at;
  while (first > from && chunk[first - 1] === BACKSLASH) first -= 1;
  return (at - first) % 2 === 1;
}

/** Parses a piece, and continues after the byte that ended it. */
function finish(state: State, piece: Piece, end: number): void {
  const { kind, parts, size } = piece;
  const text = textOf(parts, size);
  if (kind === 'key') finishKey(state, text, end);
  else if (kind === 'value') finishValue(state, text, end);
  else finishEntries(state, kind, text, end);
}

function textOf(parts: readonly Uint8Array[], size: number): string {
  const [first = new Uint8Array()] = parts;
  const bytes = parts.length === 1 ? first : Buffer.concat(parts, size);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function finishKey(state: State, text: string, end: number): void {
  if (end === CLOSE_OBJECT && !state.needsMore && text.trim() === '') {
    state.at = 'end';
    return;
  }
  const name = parsed(state, text);
  if (end !== COLON || typeof name !== 'string') state.sink.refuse('is not JSON');
  startField(state, name);
}

/** With two lists under one key, different readers would use different ones. */
function startField(state: State, name: string): void {
  state.at = 'before value';
  state.key = name;
  if (state.shape === 'list' || !Object.hasOwn(state.shape, name)) return;
  if (state.repeated.has(name)) state.sink.refuse(`has "${name}" twice`);
  state.repeated.add(name);
}

function finishValue(state: State, text: string, end: number): void {
  if (end === CLOSE_LIST) state.sink.refuse('is not JSON');
  state.sink.field(state.key, parsed(state, text));
  afterField(state, end);
}

function finishEntries(state: State, kind: 'list' | 'map', text: string, end: number): void {
  const { key, sink } = state;
  if (end !== COMMA && end !== (kind === 'list' ? CLOSE_LIST : CLOSE_OBJECT)) sink.refuse('is not JSON');
  const read = parsed(state, kind === 'list' ? `[${text}]` : `{${text}}`) as object;
  if ((state.needsMore || end === COMMA) && Object.keys(read).length === 0) sink.refuse('is not JSON');
  passEntries(sink, key, read);
  if (end === COMMA) start(state, kind, true);
  else state.at = state.shape === 'list' ? 'end' : 'after entries';
}

function parsed({ sink }: State, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return sink.refuse('is not JSON', error);
  }
}
