/** Where smartInit finds values: a checkpoint, or a dictionary of tensors as .npz files are. */
import { suggestion } from "../../base/didYouMean.js";
import { Exception } from "../../base/errors.js";
import { type DType, isDType } from "../dtypes.js";
import { loadNpy, loadNpz } from "../numpy/npz.js";
import { Tensor, type TensorLike } from "../Tensor.js";
import { Checkpoint } from "./Checkpoint.js";

/** Name → value; names with or without ":0". */
export type Dictionary = ReadonlyMap<string, TensorLike> | Readonly<Record<string, TensorLike>>;

export interface ValueSource {
  /** For messages, between quotes. */
  readonly origin: string;
  /** What warnings call it. */
  readonly kind: "checkpoint" | "dictionary";
  /** One for each tensor there is. */
  readonly names: readonly string[];
  has(name: string): boolean;
  /** The variable's name for the one it is stored under. */
  fullName(key: string): string;
  describe(name: string): {
    readonly key: string;
    readonly dtype: DType | undefined;
    readonly typeName: string;
    readonly shape: readonly number[];
    readonly sizeBytes: number;
  };
  read(name: string): TensorLike;
}

/** A path or a dictionary as a source. @throws Configuration for anything else; as Checkpoint and loadNpz */
export function openSource(source: unknown): ValueSource {
  if (typeof source === "string") return openFile(source);
  if (source instanceof Map) return new DictionarySource("the dictionary", source);
  const isPlain = typeof source === "object" && source !== null && !Array.isArray(source);
  if (isPlain && !ArrayBuffer.isView(source) && !(source instanceof Tensor))
    return new DictionarySource("the dictionary", new Map(Object.entries(source)));
  const what = source instanceof Tensor ? "a tensor without a name" : `a ${typeof source}`;
  throw new Exception(
    "Configuration",
    `Invalid argument to SmartInit: ${what}; it takes the path of a checkpoint, of a SavedModel, of an .npz or .npy ` +
      "file, a dictionary of tensors, or a list of these.",
  );
}

function openFile(path: string): ValueSource {
  if (path.endsWith(".npz")) return new DictionarySource(path, loadNpz(path));
  if (!path.endsWith(".npy")) return new CheckpointSource(path);
  const loaded = loadNpy(path);
  if (!(loaded instanceof Tensor)) return new DictionarySource(path, loaded);
  throw new Exception(
    "Configuration",
    `'${path}' holds one array without a name; save arrays by their variables' names with np.savez.`,
  );
}

class CheckpointSource extends Checkpoint implements ValueSource {
  readonly kind = "checkpoint";

  get origin(): string {
    return this.prefix;
  }
}

class DictionarySource implements ValueSource {
  readonly kind = "dictionary";
  readonly #values = new Map<string, TensorLike>();

  constructor(
    readonly origin: string,
    values: ReadonlyMap<unknown, unknown>,
  ) {
    for (const [key, value] of values) {
      const name = String(key).replace(/:0$/, "");
      if (!isTensor(value)) throw invalid(origin, `'${name}' is no tensor (dtype, shape and data)`);
      if (this.#values.has(name)) throw invalid(origin, `it has both '${name}' and '${name}:0'`);
      this.#values.set(name, value);
    }
  }

  get names(): string[] {
    return [...this.#values.keys()];
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  fullName(key: string): string {
    return key;
  }

  describe(name: string) {
    const { dtype, shape, data } = this.read(name);
    const sizeBytes = Array.isArray(data)
      ? data.reduce((sum, { length }) => sum + length, 0)
      : data.byteLength;
    return { key: name, dtype, typeName: dtype, shape, sizeBytes };
  }

  read(name: string): TensorLike {
    const value = this.#values.get(name);
    if (value) return value;
    throw invalid(this.origin, `it has no '${name}'${suggestion(name, this.names)}`);
  }
}

function isTensor(value: unknown): value is TensorLike {
  const { dtype, shape, data } = (value ?? {}) as Partial<TensorLike>;
  return typeof dtype === "string" && isDType(dtype) && Array.isArray(shape) && typeof data === "object";
}

function invalid(origin: string, what: string): Exception {
  return new Exception("Configuration", `Invalid argument to SmartInit: ${origin}: ${what}.`);
}
