/** The tokens of protobuf's text format: words and numbers, quoted strings (as bytes), punctuation; comments skipped. */
import { Exception } from "../../base/errors.js";

export interface Token {
  readonly kind: "word" | "string" | "punctuation" | "end";
  readonly text: string;
  /** The line it begins in, from 1. */
  readonly line: number;
}

const space = /(?:\s+|#[^\n]*)*/y;
// Numbers are words too: what a word means depends on its field.
const word = /[-+]?[A-Za-z0-9_.][\w.+-]*/y;
const punctuation = /[{}<>[\]:,;/]|-/y;

const escapes: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  "\\": 92,
  "'": 39,
  '"': 34,
  "?": 63,
};

/** Reads one token after the other; one is looked at ahead. */
export class TextTokens {
  readonly #text: string;
  #at = 0;
  #line = 1;
  #next: Token;

  /** `refusesUnknown`: a field that the schema does not have is a mistake. */
  constructor(
    text: string,
    readonly refusesUnknown = false,
  ) {
    this.#text = text;
    this.#next = this.#scan();
  }

  get next(): Token {
    return this.#next;
  }

  take(): Token {
    const token = this.#next;
    this.#next = this.#scan();
    return token;
  }

  /** Takes the next token if it is this punctuation. */
  accept(text: string): boolean {
    if (this.#next.kind !== "punctuation" || this.#next.text !== text) return false;
    this.take();
    return true;
  }

  #scan(): Token {
    this.#advance(this.#match(space) ?? "");
    const line = this.#line;
    if (this.#at === this.#text.length) return { kind: "end", text: "the end of the file", line };
    const kinds = {
      string: this.#quoted(line),
      word: this.#match(word),
      punctuation: this.#match(punctuation),
    };
    for (const kind of ["string", "word", "punctuation"] as const) {
      const text = kinds[kind];
      if (text === undefined) continue;
      this.#advance(text);
      return { kind, text, line };
    }
    throw textError(line, `unexpected '${this.#text.slice(this.#at, this.#at + 10)}'`);
  }

  /** With its quotes. By hand, because a regular expression would need a stack as deep as a tensor is long. */
  #quoted(line: number): string | undefined {
    const text = this.#text;
    const quote = text[this.#at];
    if (quote !== '"' && quote !== "'") return undefined;
    let end = this.#at + 1;
    for (; end < text.length && text[end] !== quote && text[end] !== "\n"; end++)
      if (text[end] === "\\") end++;
    if (text[end] !== quote) throw textError(line, "a string is not closed");
    return text.slice(this.#at, end + 1);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text)?.[0];
  }

  #advance(text: string): void {
    this.#at += text.length;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) this.#line++;
  }
}

const escapeSequence =
  /\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]))/y;

/** The bytes that a quoted string stands for. @throws InvalidGraphDef for an escape that protobuf does not have. */
export function unquote({ text, line }: Token): Uint8Array {
  const body = text.slice(1, -1);
  // No escape is shorter than the bytes it stands for.
  const bytes = Buffer.alloc(Buffer.byteLength(body));
  let length = 0;
  for (let at = 0; at < body.length; ) {
    if (body[at] !== "\\") {
      const end = body.indexOf("\\", at);
      const plain = end < 0 ? body.slice(at) : body.slice(at, end);
      length += bytes.write(plain, length);
      at += plain.length;
      continue;
    }
    escapeSequence.lastIndex = at;
    const [whole, octal, hex, short, long, letter = ""] = escapeSequence.exec(body) ?? [""];
    if (octal !== undefined) bytes[length++] = Number.parseInt(octal, 8);
    else if (hex !== undefined) bytes[length++] = Number.parseInt(hex, 16);
    else if (short ?? long) length += bytes.write(codePoint(short ?? long ?? "", line), length);
    else bytes[length++] = escapes[letter] ?? unknownEscape(letter, line);
    at += whole.length;
  }
  return bytes.subarray(0, length);
}

function codePoint(hex: string, line: number): string {
  const code = Number.parseInt(hex, 16);
  return code <= 0x10ffff ? String.fromCodePoint(code) : unknownEscape(`U${hex}`, line);
}

function unknownEscape(letter: string, line: number): never {
  throw textError(line, `a string has the escape \\${letter}, which protobuf's text format does not know`);
}

export function textError(line: number, what: string): Exception {
  return new Exception("InvalidGraphDef", `line ${line}: ${what}`);
}
