/** Where the entries of a document stand: in a list that is all of it, or under these keys in lists or objects. */
export type Shape = 'list' | Readonly<Record<string, 'list' | 'map'>>;

/** Takes what a document holds, one value at a time. */
export type EntrySink = {
  /** The list or object under this key begins; it may be empty. */
  begin(key: string): void;
  /** One entry of the list or object under this key (of a list that is the document, ''); `name` is its key in an object. */
  entry(key: string, value: unknown, name: string): void;
  /** What stands under any other key, or under one of the shape's that holds something else. */
  field(key: string, value: unknown): void;
  /** Says that this is wrong with the document. */
  refuse(what: string, cause?: unknown): never;
};

/** A document that comes in chunks. `end` refuses one that is not complete. */
export type EntryReader = { push(chunk: Uint8Array): void; end(): void };

/** No entry needs this many bytes; a value that is made to be large would be in memory as a whole. */
const MAX_VALUE_BYTES = 1024 * 1024;

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** What may come next. Between the entries it is known where the reader stands; each value is read by JSON.parse. */
type Expected = 'start' | 'key' | 'first key' | 'colon' | 'value' | 'first value' | 'comma' | 'nothing';

type State = {
  readonly shape: Shape;
  readonly sink: EntrySink;
  expected: Expected;
  /** The key at the top, and whether the reader is below it, in an object or in a list. */
  key: string;
  inside: 'list' | 'map' | undefined;
  name: string;
  token: Token | undefined;
  readonly repeated: Set<string>;
};

/** A string, an object, a list, or anything else whose end only the next byte shows. */
type Token = {
  readonly kind: 'string' | 'nested' | 'plain';
  readonly parts: Uint8Array[];
  size: number;
  depth: number;
  inString: boolean;
  escaped: boolean;
};

/** Reads JSON entry by entry, so that no more than one of them need be in memory; refuses what is not of the shape. */
export function jsonEntries(shape: Shape, sink: EntrySink): EntryReader {
  const state: State = {
    shape,
    sink,
    expected: 'start',
    key: '',
    inside: undefined,
    name: '',
    token: undefined,
    repeated: new Set(),
  };
  return {
    push: (chunk) => {
      let at = 0;
      while (at < chunk.length)
        at = state.token === undefined ? step(state, chunk, at) : take(state, state.token, chunk, at);
    },
    end: () => {
      if (state.expected !== 'nothing') sink.refuse('is not JSON');
    },
  };
}

/** Looks at one byte between tokens; returns where to go on. */
function step(state: State, chunk: Uint8Array, at: number): number {
  const byte = chunk[at] ?? 0;
  if (isSpace(byte)) return at + 1;
  const { expected } = state;
  if (expected === 'start') begin(state, byte);
  else if (expected === 'colon') expect(state, byte === COLON, 'value');
  else if (expected === 'comma') afterValue(state, byte);
  else if (expected === 'nothing') state.sink.refuse('is not JSON');
  else if (byte === closing(state) && expected.startsWith('first')) close(state);
  else if (expected === 'value' || expected === 'first value') return startValue(state, byte, at);
  else if (byte === QUOTE) return startToken(state, 'string', at);
  else state.sink.refuse('is not JSON');
  return at + 1;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function expect(state: State, isRight: boolean, next: Expected): void {
  if (!isRight) state.sink.refuse('is not JSON');
  state.expected = next;
}

function begin(state: State, byte: number): void {
  if (state.shape === 'list') {
    if (byte !== OPEN_LIST) state.sink.refuse(isStart(byte) ? 'is not a JSON list' : 'is not JSON');
    enter(state, 'list');
    return;
  }
  if (byte !== OPEN_OBJECT) state.sink.refuse(isStart(byte) ? 'is not a JSON object' : 'is not JSON');
  state.expected = 'first key';
}

/** Whether a JSON value may begin so. */
function isStart(byte: number): boolean {
  return '{["-0123456789tfn'.includes(String.fromCharCode(byte));
}

function enter(state: State, inside: 'list' | 'map'): void {
  state.inside = inside;
  state.expected = inside === 'list' ? 'first value' : 'first key';
}

function closing({ inside }: State): number {
  return inside === 'list' ? CLOSE_LIST : CLOSE_OBJECT;
}

/** Leaves the entries, or the document. */
function close(state: State): void {
  state.expected = state.inside === undefined || state.shape === 'list' ? 'nothing' : 'comma';
  state.inside = undefined;
}

function afterValue(state: State, byte: number): void {
  if (byte === closing(state)) close(state);
  else expect(state, byte === COMMA, state.inside === 'list' ? 'value' : 'key');
}

function startValue(state: State, byte: number, at: number): number {
  const { inside, shape, key } = state;
  const holds = inside === undefined && shape !== 'list' && Object.hasOwn(shape, key) ? shape[key] : undefined;
  if (holds !== undefined && byte === (holds === 'list' ? OPEN_LIST : OPEN_OBJECT)) {
    enter(state, holds);
    state.sink.begin(key);
    return at + 1;
  }
  const isNested = byte === OPEN_LIST || byte === OPEN_OBJECT;
  return startToken(state, byte === QUOTE ? 'string' : isNested ? 'nested' : 'plain', at);
}

function startToken(state: State, kind: Token['kind'], at: number): number {
  state.token = { kind, parts: [], size: 0, depth: 0, inString: false, escaped: false };
  return at;
}

/** Takes as much of a token as the chunk holds; returns where to go on. */
function take(state: State, token: Token, chunk: Uint8Array, from: number): number {
  const end = endOf(token, chunk, from);
  const part = chunk.subarray(from, end ?? chunk.length);
  token.size += part.length;
  if (token.size > MAX_VALUE_BYTES) state.sink.refuse(`has a value of more than ${MAX_VALUE_BYTES} bytes`);
  token.parts.push(part);
  if (end === undefined) return chunk.length;
  state.token = undefined;
  finish(state, parsed(state, token));
  return end;
}

/** Where the token ends in this chunk, if it does. */
function endOf(token: Token, chunk: Uint8Array, from: number): number | undefined {
  for (let at = from; at < chunk.length; at += 1) {
    const byte = chunk[at] ?? 0;
    if (token.inString) {
      if (token.escaped) token.escaped = false;
      else if (byte === BACKSLASH) token.escaped = true;
      else if (byte === QUOTE) {
        token.inString = false;
        if (token.kind === 'string') return at + 1;
      }
    } else if (token.kind === 'plain') {
      if (byte === COMMA || byte === CLOSE_LIST || byte === CLOSE_OBJECT || isSpace(byte)) return at;
    } else if (byte === QUOTE) token.inString = true;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) token.depth += 1;
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
      token.depth -= 1;
      if (token.depth === 0) return at + 1;
    }
  }
  return undefined;
}

function parsed({ sink }: State, { parts, size }: Token): unknown {
  const [first = new Uint8Array()] = parts;
  const bytes = parts.length === 1 ? first : Buffer.concat(parts, size);
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch (error) {
    return sink.refuse('is not JSON', error);
  }
}

/** A key is remembered, a value handed on. */
function finish(state: State, value: unknown): void {
  const { expected, inside, key, sink } = state;
  if (expected === 'key' || expected === 'first key') {
    const name = String(value);
    if (inside === undefined) startField(state, name);
    else state.name = name;
    state.expected = 'colon';
    return;
  }
  state.expected = 'comma';
  if (inside === undefined) sink.field(key, value);
  else sink.entry(key, value, inside === 'map' ? state.name : '');
}

/** Of two lists under one key each reader would believe another one. */
function startField(state: State, name: string): void {
  state.key = name;
  if (state.shape === 'list' || !Object.hasOwn(state.shape, name)) return;
  if (state.repeated.has(name)) state.sink.refuse(`has "${name}" twice`);
  state.repeated.add(name);
}
