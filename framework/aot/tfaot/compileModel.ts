/** Compiles the SavedModel of an aot_config for all its batch sizes; what comes out is still in memory. */
import { Exception } from "../../base/errors.js";
import type { GraphDef } from "../../tensorflow/GraphDef.js";
import { loadGraph } from "../../tensorflow/savedmodel/SavedModel.js";
import type { CodeOptions } from "../compile.js";
import type { Feed } from "../lower/traceGraph.js";
import type { CodeLayout, CompiledCode, TargetName } from "../Unit.js";
import type { AotConfig } from "./aotConfig.js";
import type { TensorDescription } from "./descriptor.js";
import { ServingSignature } from "./ServingSignature.js";
import { shortest } from "./toolFile.js";
import { sortXlaFlags, type XlaFlags } from "./xlaFlags.js";

/** The compiler (framework/aot/compile.ts). @throws an Exception that names the node and the op it cannot compile */
export type CompileGraph = (
  graph: GraphDef,
  feeds: readonly Feed[],
  fetches: readonly string[],
  target: TargetName,
  options?: CodeOptions,
) => CompiledCode;

export interface CompileOptions {
  readonly compileGraph: CompileGraph;
  readonly target: TargetName;
  /** XLA flags beyond those of the config. */
  readonly additionalFlags?: readonly string[];
  /** Takes lines for the user: progress, and what he should know. */
  readonly say: (line: string) => void;
  readonly warn: (line: string) => void;
}

export interface CompiledModel {
  readonly config: AotConfig;
  readonly target: TargetName;
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
  readonly flags: XlaFlags;
  /** By batch size, ascending. */
  readonly codes: ReadonlyMap<number, CompiledCode>;
}

/** @throws InvalidMetaGraphDef for the model, or what the compiler throws, each with the model and the batch size */
export function compileModel(config: AotConfig, options: CompileOptions): CompiledModel {
  const { model, compilation } = config;
  const { compileGraph, target, say, warn, additionalFlags = [] } = options;
  const flags = sortXlaFlags([...compilation.tfXlaFlags, ...compilation.xlaFlags, ...additionalFlags]);
  if (flags.fastMath && target === "wasm")
    warn("--xla_cpu_enable_fast_math=true changes nothing for target wasm, whose arithmetic is strict");
  for (const flag of flags.ignored)
    warn(`flag ${flag} is ignored: it is XLA's own and has no counterpart here`);
  if (!compilation.batchSizes.includes(1)) {
    const least = compilation.batchSizes[0];
    warn(`batch_sizes lacks 1: a single example will run as a padded batch of ${least}`);
  }
  const graph = loadGraph(model.savedModel, { signature: model.servingKey });
  say(`saved model at '${shortest(model.savedModel)}'`);
  const signature = new ServingSignature(graph);
  const codes = new Map<number, CompiledCode>();
  for (const batchSize of compilation.batchSizes) {
    say(`compiling for batch size ${batchSize}`);
    codes.set(batchSize, compileOne(graph, signature, batchSize, target, compileGraph, flags));
  }
  const uncompiled = new Set([...codes.values()].flatMap(({ layout }) => layout.uncompiled));
  for (const branch of uncompiled) warn(`a run that takes this branch will fail: ${branch}`);
  const layouts = new Map([...codes].map(([size, { layout }]): [number, CodeLayout] => [size, layout]));
  const outputs = signature.describeOutputs(layouts);
  return { config, target, inputs: signature.describeInputs(), outputs, flags, codes };
}

/** One batch size of a signature. */
export function compileOne(
  graph: GraphDef,
  signature: ServingSignature,
  batchSize: number,
  target: TargetName,
  compileGraph: CompileGraph,
  options?: CodeOptions,
): CompiledCode {
  const feeds = signature.feeds(batchSize);
  try {
    return compileGraph(graph, feeds, signature.fetches, target, options);
  } catch (error) {
    throw Exception.from(error).addContext(`Compiling '${graph.origin}' for batch size ${batchSize}`);
  }
}
