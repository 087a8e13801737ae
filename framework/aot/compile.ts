/** The compiler from one end to the other: a graph, the shapes of what is fed, a target → code. */
import type { GraphDef } from "../tensorflow/GraphDef.js";
import { GraphIndex } from "../tensorflow/GraphIndex.js";
import { foldConstants } from "../tensorflow/reference/foldConstants.js";
import { lowerFunctions } from "../tensorflow/reference/functions/lowerFunctions.js";
import type { Constants } from "../tensorflow/reference/makePlan.js";
import { Exception } from "../base/errors.js";
import type { Assembled } from "./Assembly.js";
import { assemble } from "./assemble.js";
import { kernelsOf, type Target } from "./kernel/ir.js";
import { type Feed, type TracedGraph, traceGraph } from "./lower/traceGraph.js";
import { Unsupported } from "./lower/traceValues.js";
import { compileC } from "./native/compileC.js";
import { assembleStepwise, type StepwiseCode } from "./stepwise/assembleStepwise.js";
import { compilerVersion, featuresOf, machineCompiler } from "./targets.js";
import type { View } from "./tensor/View.js";
import type { CodeLayout, CompiledCode, SlotLayout, TargetName } from "./Unit.js";
import { printWasm } from "./wasm/printWasm.js";

const wasmTarget: Target = { name: "wasm", lanes: 4, hasFma: false, vectorRegisters: 16 };

/** A graph as the compiler takes it: functions written out, constants computed. */
export interface LoadedGraph {
  readonly index: GraphIndex;
  readonly constants: Constants;
}

export function loadForCompiler(graph: GraphDef): LoadedGraph {
  const index = new GraphIndex(lowerFunctions(graph));
  return { index, constants: foldConstants(index) };
}

export interface CodeOptions {
  /**
   * Native code only: a product and a sum may be rounded once, wherever they stand. Rows then need not have the same
   * bits in every batch.
   */
  readonly fastMath?: boolean;
}

/**
 * Code that computes `fetches` from tensors of exactly these shapes.
 * @throws InvalidSession naming the node that cannot be compiled and why
 */
export function compileGraph(
  graph: GraphDef,
  feeds: readonly Feed[],
  fetches: readonly string[],
  target: TargetName,
  options?: CodeOptions,
): CompiledCode {
  try {
    return compileLoaded(loadForCompiler(graph), feeds, fetches, target, options);
  } catch (error) {
    if (error instanceof Unsupported) throw new Exception("InvalidSession", `${error.message}.`);
    throw error;
  }
}

/** As compileGraph. @throws Unsupported */
export function compileLoaded(
  { index, constants }: LoadedGraph,
  feeds: readonly Feed[],
  fetches: readonly string[],
  target: TargetName,
  { fastMath = false }: CodeOptions = {},
): CompiledCode {
  const native = target === "native" ? machineCompiler() : undefined;
  const graph = traceGraph(index, constants, feeds, fetches);
  const assembled = assemble(graph, native?.target ?? wasmTarget);
  return codeOf(assembled, graph, { feeds, fetches, fastMath }, native);
}

/**
 * As compileLoaded, with the steps of the code given to the caller, who runs them one by one: how they are timed. They
 * are the kernels of the same steps in the same order. @throws Unsupported
 */
export function compileStepwise(
  { index, constants }: LoadedGraph,
  feeds: readonly Feed[],
  fetches: readonly string[],
  target: TargetName,
): StepwiseCode & { readonly code: CompiledCode } {
  const native = target === "native" ? machineCompiler() : undefined;
  const graph = traceGraph(index, constants, feeds, fetches);
  const { assembled, ...stepwise } = assembleStepwise(graph, native?.target ?? wasmTarget);
  return { ...stepwise, code: codeOf(assembled, graph, { feeds, fetches, fastMath: false }, native) };
}

function codeOf(
  { program, hashes, faults, uncompiled }: Assembled,
  graph: TracedGraph,
  asked: { readonly feeds: readonly Feed[]; readonly fetches: readonly string[]; readonly fastMath: boolean },
  native: ReturnType<typeof machineCompiler> | undefined,
): CompiledCode {
  const { feeds, fetches, fastMath } = asked;
  const slots = (views: readonly View[], names: readonly string[]) =>
    views.map(({ dtype, shape, storage }, i): SlotLayout => {
      return { name: names[i] as string, dtype, shape, offset: storage.block?.place ?? 0 };
    });
  const flags = fastMath ? ["-ffp-contract=fast"] : [];
  const code = native ? compileC(program, native, { flags }) : printWasm(program);
  const layout: CodeLayout = {
    compiler: compilerVersion,
    target: program.target.name,
    features: featuresOf(program.target.name),
    inputs: slots(
      graph.inputs,
      feeds.map(({ name }) => name),
    ),
    outputs: slots(graph.outputs, fetches),
    arenaBytes: program.arenaBytes,
    codeBytes: code.length,
    kernels: kernelsOf(program.main).length - 1,
    constants: hashes.map((hash, i) => ({ hash, sizeBytes: program.constants[i]?.bytes.length ?? 0 })),
    faults,
    uncompiled,
  };
  return { layout, code, constants: program.constants.map(({ bytes }) => bytes) };
}
