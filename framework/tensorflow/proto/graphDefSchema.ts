/**
 * The part of TensorFlow's protobuf schema that describes graphs, with the field numbers of its public .proto files
 * (graph.proto, node_def.proto, attr_value.proto, tensor.proto, tensor_shape.proto, function.proto, versions.proto,
 * types.proto). Both encodings are read by it, binary and text; unknown fields are skipped, as protobuf prescribes.
 */
import type { INamespace, Root, Type } from "protobufjs/light.js";
import { protobuf } from "../../base/protobuf.js";

const field = (id: number, type: string) => ({ id, type });
const repeated = (id: number, type: string) => ({ id, type, rule: "repeated" });
const packed = (id: number, type: string) => ({ id, type, rule: "repeated", options: { packed: true } });
const map = (id: number, type: string, keyType = "string") => ({ id, type, keyType });

/** In the order of their numbers, which begin with 0; text files have these names. */
const dataTypes =
  "INVALID FLOAT DOUBLE INT32 UINT8 INT16 INT8 STRING COMPLEX64 INT64 BOOL QINT8 QUINT8 QINT32 BFLOAT16 QINT16 " +
  "QUINT16 UINT16 COMPLEX128 HALF RESOURCE VARIANT UINT32 UINT64 FLOAT8_E5M2 FLOAT8_E4M3FN";
/** A reference to a variable's value (TensorFlow 1) has the number of its type plus this. */
const referenceOffset = 100;

function dataTypeNumbers(): Record<string, number> {
  const plain = dataTypes.split(" ").map((name, number): [string, number] => [`DT_${name}`, number]);
  const references = plain.map(([name, number]): [string, number] => [
    `${name}_REF`,
    number + referenceOffset,
  ]);
  return Object.fromEntries([...plain, ...references.slice(1)]);
}

const schema: INamespace = {
  nested: {
    DataType: { values: dataTypeNumbers() },
    GraphDef: {
      fields: {
        node: repeated(1, "NodeDef"),
        library: field(2, "FunctionDefLibrary"),
        version: field(3, "int32"),
        versions: field(4, "VersionDef"),
      },
    },
    NodeDef: {
      fields: {
        name: field(1, "string"),
        op: field(2, "string"),
        input: repeated(3, "string"),
        device: field(4, "string"),
        attr: map(5, "AttrValue"),
      },
    },
    VersionDef: {
      fields: {
        producer: field(1, "int32"),
        min_consumer: field(2, "int32"),
        bad_consumers: packed(3, "int32"),
      },
    },
    AttrValue: {
      oneofs: {
        value: { oneof: ["list", "s", "i", "f", "b", "type", "shape", "tensor", "placeholder", "func"] },
      },
      fields: {
        list: field(1, "ListValue"),
        s: field(2, "bytes"),
        i: field(3, "int64"),
        f: field(4, "float"),
        b: field(5, "bool"),
        type: field(6, "DataType"),
        shape: field(7, "TensorShapeProto"),
        tensor: field(8, "TensorProto"),
        placeholder: field(9, "string"),
        func: field(10, "NameAttrList"),
      },
    },
    ListValue: {
      fields: {
        s: repeated(2, "bytes"),
        i: packed(3, "int64"),
        f: packed(4, "float"),
        b: packed(5, "bool"),
        type: packed(6, "DataType"),
        shape: repeated(7, "TensorShapeProto"),
        tensor: repeated(8, "TensorProto"),
        func: repeated(9, "NameAttrList"),
      },
    },
    NameAttrList: { fields: { name: field(1, "string"), attr: map(2, "AttrValue") } },
    TensorShapeProto: { fields: { dim: repeated(2, "Dim"), unknown_rank: field(3, "bool") } },
    Dim: { fields: { size: field(1, "int64"), name: field(2, "string") } },
    TensorProto: {
      fields: {
        dtype: field(1, "DataType"),
        tensor_shape: field(2, "TensorShapeProto"),
        version_number: field(3, "int32"),
        tensor_content: field(4, "bytes"),
        float_val: packed(5, "float"),
        double_val: packed(6, "double"),
        int_val: packed(7, "int32"),
        string_val: repeated(8, "bytes"),
        scomplex_val: packed(9, "float"),
        int64_val: packed(10, "int64"),
        bool_val: packed(11, "bool"),
        dcomplex_val: packed(12, "double"),
        half_val: packed(13, "int32"),
        uint32_val: packed(16, "uint32"),
        uint64_val: packed(17, "uint64"),
        float8_val: field(18, "bytes"),
      },
    },
    FunctionDefLibrary: {
      fields: { function: repeated(1, "FunctionDef"), gradient: repeated(2, "GradientDef") },
    },
    GradientDef: { fields: { function_name: field(1, "string"), gradient_func: field(2, "string") } },
    FunctionDef: {
      fields: {
        signature: field(1, "OpDef"),
        attr: map(5, "AttrValue"),
        node_def: repeated(3, "NodeDef"),
        ret: map(4, "string"),
        control_ret: map(6, "string"),
        arg_attr: map(7, "ArgAttrs", "uint32"),
        resource_arg_unique_id: map(8, "uint32", "uint32"),
      },
    },
    ArgAttrs: { fields: { attr: map(1, "AttrValue") } },
    OpDef: {
      fields: {
        name: field(1, "string"),
        input_arg: repeated(2, "ArgDef"),
        output_arg: repeated(3, "ArgDef"),
        attr: repeated(4, "AttrDef"),
        deprecation: field(8, "OpDeprecation"),
        is_aggregate: field(16, "bool"),
        is_stateful: field(17, "bool"),
        is_commutative: field(18, "bool"),
        allows_uninitialized_input: field(19, "bool"),
        control_output: repeated(20, "string"),
        is_distributed_communication: field(21, "bool"),
      },
    },
    AttrDef: {
      fields: {
        name: field(1, "string"),
        type: field(2, "string"),
        default_value: field(3, "AttrValue"),
        has_minimum: field(5, "bool"),
        minimum: field(6, "int64"),
        allowed_values: field(7, "AttrValue"),
      },
    },
    OpDeprecation: { fields: { version: field(1, "int32"), explanation: field(2, "string") } },
    ArgDef: {
      fields: {
        name: field(1, "string"),
        type: field(3, "DataType"),
        type_attr: field(4, "string"),
        number_attr: field(5, "string"),
        type_list_attr: field(6, "string"),
        is_ref: field(16, "bool"),
      },
    },
  },
};

let root: Root | undefined;

/** "complex64" for 8: for messages about types that no tensor here can have. */
export function dataTypeName(number: number): string {
  const name = dataTypes.split(" ")[number];
  return name === undefined ? `type number ${number}` : name.toLowerCase();
}

/** Further messages are added to it where they are read (savedModelSchema.ts). */
export function schemaRoot(): Root {
  root ??= protobuf().Root.fromJSON(schema);
  return root;
}

/** The message type GraphDef; the tests use it to encode graphs. */
export const graphDefType = (): Type => schemaRoot().lookupType("GraphDef");
export const tensorType = (): Type => schemaRoot().lookupType("TensorProto");
