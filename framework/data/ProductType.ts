/**
 * What kind of product a token names. A product that can be written is a protobuf message declared in
 * data/products/*.proto, one ProductType each, generated at build; a transient one has no message and stays in memory.
 */

/** Protobuf's scalar kinds; an enum is an int32 in memory and on file. */
export type ScalarKind =
  | "double"
  | "float"
  | "int32"
  | "int64"
  | "uint32"
  | "uint64"
  | "sint32"
  | "sint64"
  | "fixed32"
  | "fixed64"
  | "sfixed32"
  | "sfixed64"
  | "bool"
  | "string"
  | "bytes"
  | "enum";

/** One field of a message, in the order of the .proto file. */
export interface FieldDescription {
  readonly name: string;
  /** Protobuf's field number. */
  readonly id: number;
  readonly kind: ScalarKind | "message";
  readonly repeated: boolean;
  /** The fields of a nested message (kind "message"). */
  readonly fields?: readonly FieldDescription[];
  /** The comment in the .proto file, with the unit. */
  readonly description: string;
}

/**
 * The type of a product, used as `consumes(JetCollection, tag)` and `produces(JetCollection)`.
 * In memory a product is a plain object: repeated numeric fields are typed arrays (64-bit ones BigInt64Array or
 * BigUint64Array, bool a Uint8Array), numeric scalars numbers, 64-bit scalars bigints, bool a boolean.
 */
export class ProductType<T> {
  static readonly #declared = new Map<string, ProductType<unknown>>();
  /** Carries T for inference only; never set. */
  declare readonly product: T;

  constructor(
    /** The friendly type name in branch names and keep/drop rules: letters and digits. */
    readonly name: string,
    /** Absent for a transient product. */
    readonly fields?: readonly FieldDescription[],
    /** Base64 of the FileDescriptorSet that declares the message, written into event files. */
    readonly fileDescriptorSet?: string,
  ) {
    // The first stays: what an event file describes comes later than what the code declares.
    if (fields && !ProductType.#declared.has(name)) ProductType.#declared.set(name, this);
  }

  /** Types with a message that this thread knows, by name: the framework's, and those of the plugins that are loaded. */
  static get declared(): ReadonlyMap<string, ProductType<unknown>> {
    return ProductType.#declared;
  }

  get isTransient(): boolean {
    return this.fields === undefined;
  }
}

/** A product type that lives in memory only: any value, never written to a file. */
export function transient<T>(name: string): ProductType<T> {
  return new ProductType<T>(name);
}
