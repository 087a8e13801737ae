/**
 * fingerprint.pb: the hashes by which TensorFlow 2.15 tells SavedModels apart (saved_model_checksum, and hashes of the
 * graph, the signatures and the variables' index that do not change with what depends on the machine).
 */
import { fingerprint64 } from "../../base/fingerprint64.js";
import { dtypeNumber } from "../dtypes.js";
import { graphDefType } from "../proto/graphDefSchema.js";
import { fingerprintType, signatureType } from "../proto/savedModelSchema.js";
import { serializeDeterministic } from "../proto/serializeDeterministic.js";

/** The version of the fingerprint that TensorFlow 2.15 writes. */
const fingerprintProducer = 1;

/** As messages, in the form that protobufjs decodes. */
export interface FingerprintedGraph {
  readonly graph_def: { readonly node: readonly FingerprintedNode[] };
  readonly signature_def: Readonly<Record<string, object>>;
}

interface FingerprintedNode {
  readonly op: string;
  readonly attr: Readonly<Record<string, FingerprintedAttr>>;
}

interface FingerprintedAttr {
  readonly type?: number;
  readonly func?: { readonly name: string } | null;
}

/**
 * The bytes of fingerprint.pb.
 * @param savedModel those of saved_model.pb
 * @param index those of variables/variables.index; undefined where there are no variables
 */
export function encodeFingerprint(
  savedModel: Uint8Array,
  metaGraph: FingerprintedGraph,
  index: Uint8Array | undefined,
): Uint8Array {
  return serializeDeterministic(fingerprintType(), {
    saved_model_checksum: fingerprint64(savedModel),
    graph_def_program_hash: programHash(metaGraph),
    signature_def_hash: signaturesHash(metaGraph),
    checkpoint_hash: index === undefined ? 0n : fingerprint64(index),
    version: { producer: fingerprintProducer },
  });
}

/** Without functions, versions and the values of text constants, which may name files. */
function programHash({ graph_def }: FingerprintedGraph): bigint {
  const regular = { node: graph_def.node.map(regularized), library: {}, versions: {} };
  return fingerprint64(serializeDeterministic(graphDefType(), regular));
}

function regularized(node: FingerprintedNode): object {
  const { op, attr } = node;
  if (op === "Const" && attr.dtype?.type === dtypeNumber("string"))
    return { ...node, attr: { ...attr, value: {} } };
  if (op !== "PartitionedCall" && op !== "StatefulPartitionedCall") return node;
  const name = attr.f?.func?.name.replace(/(^|_)\d+$/, "$1");
  const config = attr.config_proto === undefined ? {} : { config_proto: { s: Buffer.alloc(0) } };
  return { ...node, attr: { ...attr, f: { func: { ...attr.f?.func, name } }, ...config } };
}

function signaturesHash({ signature_def }: FingerprintedGraph): bigint {
  const sorted = Object.entries(signature_def).sort(([a], [b]) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  );
  return sorted.reduce((hash, [key, signature]) => {
    const bytes = serializeDeterministic(signatureType(), signature);
    return concatenated(concatenated(hash, fingerprint64(Buffer.from(key))), fingerprint64(bytes));
  }, 0n);
}

/** TensorFlow's FingerprintCat64. */
function concatenated(first: bigint, second: bigint): bigint {
  const multiplier = 0xc6a4a7935bd1e995n;
  const times = (value: bigint) => BigInt.asUintN(64, value * multiplier);
  const mixed = (value: bigint) => value ^ (value >> 47n);
  const joined = times(first ^ multiplier ^ times(mixed(times(second))));
  return mixed(times(mixed(joined)));
}
