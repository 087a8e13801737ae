/**
 * Reads the one pickle that weights come in, np.save of a dictionary of arrays. Nothing is executed: the few names that
 * NumPy's own pickles call are understood, any other is refused.
 */
import { Exception } from "../../base/errors.js";
import { ByteReader } from "../checkpoint/ByteReader.js";
import type { Tensor } from "../Tensor.js";
import { tensorOf } from "./arrayBytes.js";

/** numpy.dtype, its state applied. */
class PickledType {
  constructor(public description: string) {}
}

/** An array while its state is not yet there; arrays of objects hold a list. */
class PickledArray {
  value: Tensor | readonly unknown[] | undefined;
}

/** A name that the pickle calls. */
class PickledName {
  constructor(readonly name: string) {}
}

const mark = Symbol("mark");

/** @throws InvalidSession naming what the pickle has beyond arrays in a dictionary, or that it is cut short */
export function readPickle(bytes: Uint8Array): Map<string, Tensor> {
  let root = new Unpickler(bytes).run();
  if (root instanceof PickledArray && Array.isArray(root.value)) root = root.value[0];
  if (!(root instanceof Map)) throw refused("something that is no dictionary");
  return new Map(
    [...root].map(([key, value]) => {
      const tensor = value instanceof PickledArray ? value.value : undefined;
      if (tensor && "dtype" in tensor) return [textOf(key), tensor];
      throw refused(`'${textOf(key)}', which is no array of numbers or strings,`);
    }),
  );
}

class Unpickler {
  readonly #in: ByteReader;
  readonly #stack: unknown[] = [];
  readonly #memo = new Map<number, unknown>();

  constructor(bytes: Uint8Array) {
    this.#in = new ByteReader(bytes);
  }

  run(): unknown {
    // Every step takes a byte, so the end of the bytes is the end of it.
    for (;;) {
      const code = String.fromCharCode(this.#in.byte());
      if (code === ".") return this.#pop();
      const value = values[code];
      const step = steps[code];
      if (value) this.push(value(this.#in));
      else if (step) step(this, this.#in);
      else throw refused(`an operation (${JSON.stringify(code)}) that arrays do not need`);
    }
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  top(): unknown {
    return this.#stack.at(-1);
  }

  pop(count: number): unknown[] {
    return Array.from({ length: count }, () => this.#pop()).reverse();
  }

  popToMark(): unknown[] {
    const at = this.#stack.lastIndexOf(mark);
    if (at < 0) throw damaged();
    return this.#stack.splice(at).slice(1);
  }

  remember(at = this.#memo.size): void {
    this.#memo.set(at, this.top());
  }

  recall(at: number): void {
    if (!this.#memo.has(at)) throw damaged();
    this.push(this.#memo.get(at));
  }

  #pop(): unknown {
    if (this.#stack.length === 0) throw damaged();
    return this.#stack.pop();
  }
}

/** Operations that push what stands in the bytes. */
const values: Readonly<Record<string, (bytes: ByteReader) => unknown>> = {
  "(": () => mark,
  N: () => null, // NONE
  "\x88": () => true,
  "\x89": () => false,
  ")": () => [], // EMPTY_TUPLE
  "]": () => [], // EMPTY_LIST
  "}": () => new Map(), // EMPTY_DICT
  J: (bytes) => bytes.littleEndian(4) | 0, // BININT
  K: (bytes) => bytes.byte(), // BININT1
  M: (bytes) => bytes.littleEndian(2), // BININT2
  G: (bytes) => bytes.bytes(8).length, // BINFLOAT, which no array needs: refused by its key
  X: (bytes) => Buffer.from(counted(bytes, 4)).toString("utf8"), // BINUNICODE
  "\x8c": (bytes) => Buffer.from(counted(bytes, 1)).toString("utf8"), // SHORT_BINUNICODE
  B: (bytes) => counted(bytes, 4), // BINBYTES
  C: (bytes) => counted(bytes, 1), // SHORT_BINBYTES
  T: (bytes) => counted(bytes, 4), // BINSTRING
  U: (bytes) => counted(bytes, 1), // SHORT_BINSTRING
  "\x8e": (bytes) => counted(bytes, 8), // BINBYTES8
  "\x96": (bytes) => counted(bytes, 8), // BYTEARRAY8
  c: (bytes) => new PickledName(`${line(bytes)}.${line(bytes)}`), // GLOBAL
};

/** Operations on what was pushed. */
const steps: Readonly<Record<string, (to: Unpickler, bytes: ByteReader) => void>> = {
  "\x80": (_, bytes) => void bytes.byte(), // PROTO
  "\x95": (_, bytes) => void bytes.bytes(8), // FRAME
  t: (to) => to.push(to.popToMark()), // TUPLE
  "\x85": (to) => to.push(to.pop(1)), // TUPLE1
  "\x86": (to) => to.push(to.pop(2)), // TUPLE2
  "\x87": (to) => to.push(to.pop(3)), // TUPLE3
  q: (to, bytes) => to.remember(bytes.byte()), // BINPUT
  r: (to, bytes) => to.remember(bytes.littleEndian(4)), // LONG_BINPUT
  "\x94": (to) => to.remember(), // MEMOIZE
  h: (to, bytes) => to.recall(bytes.byte()), // BINGET
  j: (to, bytes) => to.recall(bytes.littleEndian(4)), // LONG_BINGET
  a: (to) => extend(to, to.pop(1)), // APPEND
  e: (to) => extend(to, to.popToMark()), // APPENDS
  s: (to) => setItems(to, to.pop(2)), // SETITEM
  u: (to) => setItems(to, to.popToMark()), // SETITEMS
  "\x93": (to) => to.push(new PickledName(to.pop(2).map(textOf).join("."))), // STACK_GLOBAL
  R: (to) => to.push(call(...(to.pop(2) as [unknown, unknown]))), // REDUCE
  b: (to) => setState(to), // BUILD
};

function counted(bytes: ByteReader, lengthBytes: number): Uint8Array {
  return bytes.bytes(bytes.littleEndian(lengthBytes));
}

/** What is called: NumPy before and after version 2, in the forms of all protocols. */
function call(callee: unknown, given: unknown): unknown {
  const name = callee instanceof PickledName ? callee.name.replace("numpy._core.", "numpy.core.") : "";
  const args = Array.isArray(given) ? given : [];
  if (name === "numpy.core.multiarray._reconstruct") return new PickledArray();
  if (name === "numpy.dtype" && !(args[0] instanceof PickledName)) return new PickledType(textOf(args[0]));
  if (name === "numpy.core.multiarray.scalar") return arrayOf([], args[0], args[1], false);
  if (name === "numpy.core.numeric._frombuffer")
    return arrayOf(args[2], args[1], args[0], textOf(args[3]) === "F");
  if (name === "_codecs.encode" && /^latin-?1$/.test(textOf(args[1])))
    return Buffer.from(textOf(args[0]), "latin1");
  if (name === "collections.OrderedDict" && args.length === 0) return new Map();
  const inner = args[0] instanceof PickledName ? ` of ${args[0].name}` : "";
  throw refused(`${name || "a call of something without a name"}${inner}`);
}

function setState(to: Unpickler): void {
  const [state] = to.pop(1);
  const target = to.top();
  if (!Array.isArray(state)) throw damaged();
  if (target instanceof PickledType) {
    const order = textOf(state[1]);
    target.description = order + target.description.replace(/^[<>|=]/, "");
  } else if (target instanceof PickledArray) {
    const [, shape, type, isFortranOrder, contents] = state as unknown[];
    target.value = Array.isArray(contents)
      ? contents
      : arrayOf(shape, type, contents, isFortranOrder === true).value;
  } else throw refused("an object with a state of its own");
}

function arrayOf(shape: unknown, type: unknown, contents: unknown, isFortranOrder: boolean): PickledArray {
  const sizes = Array.isArray(shape) ? (shape as number[]) : [];
  if (!(type instanceof PickledType && contents instanceof Uint8Array)) throw damaged();
  const array = new PickledArray();
  array.value = tensorOf({ description: type.description, shape: sizes, isFortranOrder }, contents);
  return array;
}

function extend(to: Unpickler, values: readonly unknown[]): void {
  const list = to.top();
  if (!Array.isArray(list)) throw damaged();
  for (const item of values) list.push(item);
}

function setItems(to: Unpickler, items: readonly unknown[]): void {
  const dictionary = to.top();
  if (!(dictionary instanceof Map) || items.length % 2 !== 0) throw damaged();
  for (let i = 0; i < items.length; i += 2) dictionary.set(textOf(items[i]), items[i + 1]);
}

/** Python 2 wrote names as bytes. */
function textOf(thing: unknown): string {
  if (typeof thing === "string") return thing;
  if (thing instanceof Uint8Array) return Buffer.from(thing).toString("utf8");
  throw refused("a key or name that is no text");
}

function line(bytes: ByteReader): string {
  let read = "";
  for (let byte = bytes.byte(); byte !== 10; byte = bytes.byte()) read += String.fromCharCode(byte);
  return read;
}

function refused(what: string): Exception {
  return new Exception("InvalidSession", `a pickle with ${what} is not read; save the arrays with np.savez`);
}

function damaged(): Exception {
  return new Exception("InvalidSession", "the pickle in it is damaged");
}
