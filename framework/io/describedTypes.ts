/**
 * The product types that a FileDescriptorSet declares: how a file that was written by another program, with other
 * products, describes itself. Reads protobuf's descriptor.proto by hand, because protobufjs's reflection costs more to
 * load than a file to open.
 */
import type { Reader } from "protobufjs/light.js";
import { Exception } from "../base/errors.js";
import { protobuf } from "../base/protobuf.js";
import { ProductType, type FieldDescription, type ScalarKind } from "../data/ProductType.js";

/** FieldDescriptorProto.Type; 10 (group) is proto2 only. */
const kinds: readonly (ScalarKind | "message" | undefined)[] = [
  undefined,
  "double",
  "float",
  "int64",
  "uint64",
  "int32",
  "fixed64",
  "fixed32",
  "bool",
  "string",
  undefined,
  "message",
  "bytes",
  "uint32",
  "enum",
  "sfixed32",
  "sfixed64",
  "sint32",
  "sint64",
];
const labelRepeated = 3;
const typeMessage = 11;

interface DescribedField {
  name: string;
  id: number;
  label: number;
  type: number;
  typeName: string;
}

interface DescribedMessage {
  name: string;
  fields: DescribedField[];
  nested: DescribedMessage[];
}

interface DescribedFile {
  package: string;
  messages: DescribedMessage[];
  /** Path in the descriptor, e.g. "4,0,2,1" (message 0, field 1), to the comment there. */
  comments: Map<string, string>;
}

interface FoundMessage {
  readonly message: DescribedMessage;
  readonly file: DescribedFile;
  readonly path: string;
}

/**
 * Every top-level message of a base64 FileDescriptorSet as a ProductType of that name.
 * @throws FormatIncompatibility for what products cannot be (groups, messages that contain themselves).
 */
export function describedTypes(fileDescriptorSet: string): Map<string, ProductType<unknown>> {
  const files: DescribedFile[] = [];
  const reader = protobuf().Reader.create(Buffer.from(fileDescriptorSet, "base64"));
  readFields(reader, { 1: () => files.push(readFile(reader)) });
  const found = new Map<string, FoundMessage>();
  for (const file of files) {
    const prefix = file.package ? `.${file.package}` : "";
    for (const [i, message] of file.messages.entries())
      collect({ message, file, path: `4,${i}` }, prefix, found);
  }
  const types = new Map<string, ProductType<unknown>>();
  for (const { message, file, path } of found.values()) {
    if (path.split(",").length > 2) continue;
    const fields = fieldTable({ message, file, path }, found, []);
    types.set(message.name, new ProductType(message.name, fields, fileDescriptorSet));
  }
  return types;
}

/** Enters a message and the messages nested in it under their full names. */
function collect(each: FoundMessage, scope: string, found: Map<string, FoundMessage>): void {
  const { message, file, path } = each;
  const name = `${scope}.${message.name}`;
  found.set(name, each);
  for (const [i, nested] of message.nested.entries()) {
    collect({ message: nested, file, path: `${path},3,${i}` }, name, found);
  }
}

function fieldTable(
  { message, file, path }: FoundMessage,
  known: ReadonlyMap<string, FoundMessage>,
  inside: readonly DescribedMessage[],
): FieldDescription[] {
  if (inside.includes(message)) throw incompatible(`message '${message.name}' contains itself`);
  return message.fields.map((field, i) => {
    const kind = kinds[field.type];
    if (!kind)
      throw incompatible(`field '${message.name}.${field.name}' is of the unknown type ${field.type}`);
    const description = file.comments.get(`${path},2,${i}`) ?? "";
    const base = {
      name: field.name,
      id: field.id,
      kind,
      repeated: field.label === labelRepeated,
      description,
    };
    if (field.type !== typeMessage) return base;
    const nested = known.get(field.typeName);
    if (!nested) throw incompatible(`message '${field.typeName}' of field '${field.name}' is not declared`);
    return { ...base, fields: fieldTable(nested, known, [...inside, message]) };
  });
}

/** Reads a message up to the reader's end (or `end`), skipping the fields without a handler. */
function readFields(reader: Reader, handlers: Record<number, () => unknown>, end = reader.len): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    const handler = handlers[tag >>> 3];
    if (handler) handler();
    else reader.skipType(tag & 7);
  }
}

function readFile(reader: Reader): DescribedFile {
  const file: DescribedFile = { package: "", messages: [], comments: new Map() };
  const handlers = {
    2: () => {
      file.package = reader.string();
    },
    4: () => file.messages.push(readMessage(reader)),
    9: () => readFields(reader, { 1: () => readComment(reader, file.comments) }, subEnd(reader)),
  };
  readFields(reader, handlers, subEnd(reader));
  return file;
}

function readMessage(reader: Reader): DescribedMessage {
  const message: DescribedMessage = { name: "", fields: [], nested: [] };
  const handlers = {
    1: () => {
      message.name = reader.string();
    },
    2: () => message.fields.push(readField(reader)),
    3: () => message.nested.push(readMessage(reader)),
  };
  readFields(reader, handlers, subEnd(reader));
  return message;
}

function readField(reader: Reader): DescribedField {
  const field: DescribedField = { name: "", id: 0, label: 1, type: 0, typeName: "" };
  const handlers = {
    1: () => {
      field.name = reader.string();
    },
    3: () => {
      field.id = reader.int32();
    },
    4: () => {
      field.label = reader.int32();
    },
    5: () => {
      field.type = reader.int32();
    },
    6: () => {
      field.typeName = reader.string();
    },
  };
  readFields(reader, handlers, subEnd(reader));
  return field;
}

/** SourceCodeInfo.Location: `path` (packed) and the comment after (4) or before (3) the declaration. */
function readComment(reader: Reader, comments: Map<string, string>): void {
  const path: number[] = [];
  let comment = "";
  const handlers = {
    1: () => {
      const end = subEnd(reader);
      while (reader.pos < end) path.push(reader.int32());
    },
    3: () => {
      comment ||= reader.string();
    },
    4: () => {
      comment = reader.string();
    },
  };
  readFields(reader, handlers, subEnd(reader));
  comments.set(path.join(","), comment.trim());
}

/** Where the length-delimited message that starts here ends. */
function subEnd(reader: Reader): number {
  const size = reader.uint32();
  return reader.pos + size;
}

function incompatible(what: string): Exception {
  return new Exception(
    "FormatIncompatibility",
    `the file's description of its products cannot be read: ${what}.`,
  );
}
