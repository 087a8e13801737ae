/** A compiler for tests of what is around it: its code is the graph itself, which the reference engine runs. */
import { Exception } from "../../../../framework/base/errors.js";
import type { CodeLayout, CompiledCode, Slot, Unit } from "../../../../framework/aot/Unit.js";
import type { CompileGraph } from "../../../../framework/aot/tfaot/compileModel.js";
import { sha256 } from "../../../../framework/aot/tfaot/toolFile.js";
import { bytesPerElement, newData } from "../../../../framework/tensorflow/dtypes.js";
import { parseGraphDef } from "../../../../framework/tensorflow/GraphDef.js";
import { createSession } from "../../../../framework/tensorflow/Session.js";
import { elementCount, Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { encodeGraphDef } from "../../../../framework/tensorflow/proto/encodeGraph.js";

export const compilerVersion = "test-1";
const unsupported = "Erf";

export const compileGraph: CompileGraph = (graph, feeds, fetches, target): CompiledCode => {
  const odd = graph.nodes.find(({ op }) => op === unsupported);
  if (odd)
    throw new Exception("InvalidSession", `node '${odd.name}': op ${odd.op} cannot be compiled; use Tanh.`);
  const session = createSession(graph, { engine: "reference" });
  const zeros = feeds.map(({ name, dtype, shape }): [string, Tensor] => [name, new Tensor(dtype, shape)]);
  const results = session.run(zeros, fetches);
  const slots = (tensors: readonly { name: string; dtype: Tensor["dtype"]; shape: readonly number[] }[]) =>
    tensors.map(({ name, dtype, shape }) => ({ name, dtype, shape, offset: 0 }));
  const weights = graph.nodes.flatMap(({ attrs }) => attrs.value?.tensor?.data ?? []);
  const constants = weights.flatMap((data) =>
    Array.isArray(data) ? [] : [new Uint8Array(data.buffer, data.byteOffset, data.byteLength)],
  );
  const layout: CodeLayout = {
    compiler: compilerVersion,
    target,
    features: "simd128",
    inputs: slots(feeds),
    outputs: slots(results.map(({ dtype, shape }, i) => ({ name: fetches[i] as string, dtype, shape }))),
    arenaBytes: [...feeds, ...results].reduce(
      (bytes, { dtype, shape }) => bytes + elementCount(shape) * bytesPerElement(dtype),
      0,
    ),
    codeBytes: 0,
    kernels: graph.nodes.length,
    constants: constants.map((bytes) => ({ hash: sha256(bytes), sizeBytes: bytes.length })),
    faults: [],
    uncompiled: graph.nodes.filter(({ op }) => op === "Log").map(({ name }) => `node '${name}' (Log)`),
  };
  return { layout, code: encodeGraphDef(graph), constants };
};

export function loadUnit({ layout, code, constants }: CompiledCode): Unit {
  for (const [i, { hash }] of layout.constants.entries()) {
    if (sha256(constants[i] as Uint8Array) !== hash) throw new Error(`constant ${i} is not the one compiled`);
  }
  const session = createSession(parseGraphDef(code, "unit"), { engine: "reference" });
  const slot = ({ name, dtype, shape }: CodeLayout["inputs"][number]): Slot => {
    return { name, dtype, shape, data: newData(dtype, elementCount(shape)) };
  };
  const inputs = layout.inputs.map(slot);
  const outputs = layout.outputs.map(slot);
  return {
    layout,
    inputs,
    outputs,
    run() {
      const feeds = inputs.map(({ name, dtype, shape, data }): [string, Tensor] => [
        name,
        new Tensor(dtype, shape, data),
      ]);
      const results = session.run(
        feeds,
        outputs.map(({ name }) => name),
      );
      for (const [i, { data }] of results.entries())
        (outputs[i] as { data: Float32Array }).data.set(data as Float32Array);
    },
    close: () => session.close(),
  };
}
