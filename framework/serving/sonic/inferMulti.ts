/** ModelInfer: one request for a rectangular batch, one an entry for a ragged one. Tensors go as raw bytes. */
import { Exception } from "../../base/errors.js";
import { type ProtoInt64, toNumber } from "../../tensorflow/proto/decodeTensor.js";
import { elementCount, showShape } from "../../tensorflow/Tensor.js";
import { rawElements, readRawElements } from "../kserve/rawElements.js";
import { RecoverableException } from "./SonicClient.js";
import type { TritonChannel } from "./TritonChannel.js";
import { type TritonServer, urlOf } from "./TritonServer.js";
import type { BatchState, TritonInputData, TritonOutputData } from "./TritonData.js";

interface InferResponse {
  readonly outputs: readonly {
    readonly name: string;
    readonly datatype: string;
    readonly shape: readonly ProtoInt64[];
  }[];
  readonly raw_output_contents: readonly Uint8Array[];
}

/** Requests of a ragged batch under way at once. */
const maxInFlight = 32;

/** @throws as TritonChannel.call; RecoverableException for an answer that is not what was asked */
export async function inferMulti(
  channel: TritonChannel,
  model: { readonly model_name: string; readonly model_version: string },
  timeoutMs: number,
  { entryCount, isRagged }: BatchState,
  inputs: ReadonlyMap<string, TritonInputData>,
  outputs: ReadonlyMap<string, TritonOutputData>,
): Promise<void> {
  const wanted = [...outputs.keys()].map((name) => ({ name }));
  const one = async (entry: number) => {
    const tensors = [...inputs.values()].map((input) => ({ input, tensor: input.tensor(entry) }));
    const request = {
      ...model,
      inputs: tensors.map(({ input, tensor: { shape } }) => ({
        name: input.name,
        datatype: input.dname,
        shape,
      })),
      outputs: wanted,
      raw_input_contents: tensors.map(({ tensor }) => rawElements(tensor)),
    };
    const what = ` of model '${model.model_name}'`;
    const response = await channel.call<InferResponse>("ModelInfer", request, timeoutMs, what);
    for (const output of outputs.values()) receive(response, output, entry, channel.server);
  };
  if (!isRagged) return one(0);
  let next = 0;
  const worker = async () => {
    while (next < entryCount) await one(next++);
  };
  const settled = await Promise.allSettled(Array.from({ length: Math.min(maxInFlight, entryCount) }, worker));
  for (const result of settled) if (result.status === "rejected") throw result.reason;
}

function receive(
  response: InferResponse,
  output: TritonOutputData,
  entry: number,
  server: TritonServer,
): void {
  const unexpected = (what: string) => {
    const where = `the answer of server '${server.name}' (${urlOf(server)})`;
    const expected = `${output.dname} ${showShape(output.fullShape(entry))}`;
    // Another server may do better.
    return new RecoverableException(
      "TritonFailure",
      `${where} for output '${output.name}': ${what}; expected: ${expected}.`,
    );
  };
  const index = response.outputs.findIndex(({ name }) => name === output.name);
  const raw = response.raw_output_contents[index];
  const found = response.outputs[index];
  if (!found || !raw) throw unexpected("it is not in the answer, or not as raw contents");
  if (found.datatype !== output.dname) throw unexpected(`it is ${found.datatype}`);
  const shape = found.shape.map(toNumber);
  const full = output.fullShape(entry);
  const isAsAsked =
    shape.length === full.length &&
    shape.every((size, i) => {
      // What an earlier answer gave says nothing about this one's open sizes.
      const hasRows = full.length > output.dims.length;
      const expected = hasRows ? (i === 0 ? full[0] : output.dims[i - 1]) : output.dims[i];
      return (expected ?? -1) < 0 || size === expected;
    });
  if (!isAsAsked) throw unexpected(`its shape is ${showShape(shape)}`);
  try {
    const data = readRawElements(output.dtype, elementCount(shape), raw);
    output.receive({ dtype: output.dtype, shape, data }, entry);
  } catch (error) {
    throw error instanceof Exception ? unexpected(error.message) : error;
  }
}
