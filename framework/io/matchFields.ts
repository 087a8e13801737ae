/**
 * Schema evolution: which fields of a message in a file fill which fields of the reader's message. Matched by protobuf
 * number, so a field may be renamed; a new one is empty, a removed one is dropped, a changed kind is refused.
 */
import { Exception } from "../base/errors.js";
import type { FieldDescription } from "../data/ProductType.js";
import { defaultValue, storageOf } from "./storage.js";

/** How to read one message. */
export interface MessagePlan {
  /** The reader's fields, in its order; those absent from the file have a default and stay as `defaults` makes them. */
  readonly names: readonly string[];
  readonly defaults: readonly (() => unknown)[];
  /** The file's fields, in the file's order. */
  readonly fields: readonly FieldPlan[];
}

export interface FieldPlan {
  readonly field: FieldDescription;
  /** Index in `names`, undefined for a field that the reader does not know. */
  readonly slot: number | undefined;
  /** How to read a nested message; its own slots are all undefined when this field is dropped. */
  readonly nested: MessagePlan | undefined;
}

/**
 * @param path what errors call the message.
 * @throws FormatIncompatibility naming the field whose kind changed.
 */
export function matchFields(
  inFile: readonly FieldDescription[],
  wanted: readonly FieldDescription[],
  path: string,
): MessagePlan {
  const fields = inFile.map((field): FieldPlan => {
    const index = wanted.findIndex((candidate) => candidate.id === field.id);
    const target = wanted[index];
    const fieldPath = `${path} field '${field.name}'`;
    if (target) refuseChangedKind(field, target, fieldPath);
    const isMessage = field.kind === "message";
    const nested = isMessage ? matchFields(field.fields ?? [], target?.fields ?? [], fieldPath) : undefined;
    return { field, slot: target ? index : undefined, nested };
  });
  return { names: wanted.map((f) => f.name), defaults: wanted.map((f) => () => defaultValue(f)), fields };
}

function refuseChangedKind(field: FieldDescription, target: FieldDescription, path: string): void {
  if (storageOf(field) === storageOf(target) && field.repeated === target.repeated) return;
  throw new Exception(
    "FormatIncompatibility",
    `${path} (number ${field.id}) is '${declared(field)}' in the file but '${declared(target)}' in this program; ` +
      "a changed field needs a new number in the .proto file.",
  );
}

function declared(field: FieldDescription): string {
  return `${field.repeated ? "repeated " : ""}${field.kind} ${field.name}`;
}
