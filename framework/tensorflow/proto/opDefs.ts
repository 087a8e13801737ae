/**
 * TensorFlow 2.15's own definitions of its ops (opDefs.pb.gz, made by scripts/makeOpDefs.py): read when the first is
 * asked for, each decoded when it is asked for, because most jobs need none and no job needs all.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { protobuf } from "../../base/protobuf.js";
import { schemaRoot } from "./graphDefSchema.js";

export interface OpArg {
  readonly name: string;
  /** A DataType number; 0 where an attribute says it. */
  readonly type: number;
  readonly type_attr: string;
  readonly number_attr: string;
  readonly type_list_attr: string;
  readonly is_ref: boolean;
}

/** A message OpDef, as protobufjs decodes and encodes it. */
export interface OpDef {
  readonly name: string;
  readonly input_arg: readonly OpArg[];
  readonly output_arg: readonly OpArg[];
  readonly attr: readonly { readonly name: string; readonly type: string }[];
  readonly is_stateful: boolean;
}

/** The bytes of each op's definition, by its name. */
let encoded: ReadonlyMap<string, Uint8Array> | undefined;
const decoded = new Map<string, OpDef>();

/** The names of all ops. */
export function opNames(): Iterable<string> {
  return table().keys();
}

export function isOp(name: string): boolean {
  return table().has(name);
}

/** Undefined for an op that TensorFlow does not have by itself. */
export function opDef(name: string): OpDef | undefined {
  const known = decoded.get(name);
  if (known) return known;
  const bytes = table().get(name);
  if (!bytes) return undefined;
  const definition = schemaRoot().lookupType("OpDef").decode(bytes) as unknown as OpDef;
  decoded.set(name, definition);
  return definition;
}

/** The messages of an OpList (a MetaGraphDef's stripped_op_list), by name; ops that TensorFlow does not have are left out. */
export function opDefs(names: Iterable<string>): OpDef[] {
  return [...new Set(names)].sort().flatMap((name) => opDef(name) ?? []);
}

/** OpList { repeated OpDef op = 1 }, of which OpDef { string name = 1 } comes first. */
function table(): ReadonlyMap<string, Uint8Array> {
  if (encoded) return encoded;
  const { Reader } = protobuf();
  // The build puts a copy beside its bundles.
  const path = fileURLToPath(new URL("./opDefs.pb.gz", import.meta.url));
  const reader = Reader.create(gunzipSync(readFileSync(path)));
  const found = new Map<string, Uint8Array>();
  while (reader.pos < reader.len) {
    reader.uint32();
    const bytes = reader.bytes();
    const inner = Reader.create(bytes);
    inner.uint32();
    found.set(inner.string(), bytes);
  }
  encoded = found;
  return found;
}
