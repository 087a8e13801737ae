/**
 * A graph to be compiled, in one thread. Once its code is there its constants are in the job's memory, packed: what can
 * be read again from a file is let go, and does not go from thread to thread.
 */
import { Exception } from "../../base/errors.js";
import { WeakValues } from "../../base/WeakValues.js";
import type { GraphDef, NodeDef } from "../../tensorflow/GraphDef.js";
import { GraphIndex } from "../../tensorflow/GraphIndex.js";
import { newData } from "../../tensorflow/dtypes.js";
import type { GraphSource, LoadedModel, Runner } from "../../tensorflow/engines.js";
import { type TensorName, tensorKey } from "../../tensorflow/names.js";
import { ReferenceEngine, type ReferenceModel } from "../../tensorflow/reference/ReferenceEngine.js";
import type { SharedModel } from "../../tensorflow/reference/shareTensors.js";
import { loadGraph } from "../../tensorflow/savedmodel/SavedModel.js";
import type { TargetName } from "../Unit.js";
import { CompiledExecutable } from "./CompiledExecutable.js";
import { graphHash } from "./graphHash.js";
import type { CompilableGraph } from "./units.js";

/** Larger constants are left out of what goes to other threads. */
const maxSharedElements = 1024;

/** Either what reads the graph again and the graph without its large constants, or all of it. */
export type SharedCompiledModel = { readonly target: TargetName; readonly hash: string } & (
  | { readonly source: GraphSource; readonly graph: GraphDef }
  | { readonly whole: SharedModel }
);

/** Whole graphs of this thread, by hash, as long as somebody holds them. */
const wholeGraphs = new WeakValues<string, ReferenceModel>();

export class CompiledModel implements LoadedModel, CompilableGraph {
  readonly engine = "compiled";
  readonly #source: GraphSource | undefined;
  /** Held where it cannot be had again. */
  readonly #whole: ReferenceModel | undefined;

  /** `index`: with functions written out, perhaps without large constants. `whole` is optional where there is a source. */
  constructor(
    readonly index: GraphIndex,
    readonly target: TargetName,
    readonly hash: string,
    source: GraphSource | undefined,
    whole?: ReferenceModel,
  ) {
    this.#source = source;
    this.#whole = whole;
    if (whole) wholeGraphs.set(hash, whole);
  }

  get reference(): ReferenceModel {
    return this.#whole ?? wholeGraphs.get(this.hash) ?? this.#readAgain();
  }

  toShared(): SharedCompiledModel {
    const { target, hash } = this;
    if (this.#source)
      return { target, hash, source: this.#source, graph: withoutLargeConstants(this.index.graph) };
    return { target, hash, whole: this.reference.toShared() };
  }

  createRunner(): Runner {
    return new CompiledRunner(this);
  }

  /** @throws InvalidSession when the file is another by now; as loadGraph */
  #readAgain(): ReferenceModel {
    const { path, options } = this.#source as GraphSource;
    const graph = loadGraph(path, options);
    if (graphHash(graph) !== this.hash)
      throw new Exception(
        "InvalidSession",
        `'${path}' has changed since the job loaded it; start the job again.`,
      );
    const whole = new ReferenceEngine().load(new GraphIndex(graph));
    wholeGraphs.set(this.hash, whole);
    return whole;
  }
}

/** Constants keep dtype and shape; the elements of large ones are left out. */
function withoutLargeConstants(graph: GraphDef): GraphDef {
  const nodes = graph.nodes.map((node): NodeDef => {
    const tensor = node.attrs.value?.tensor;
    if (!tensor || tensor.data.length <= maxSharedElements) return node;
    return {
      ...node,
      attrs: { ...node.attrs, value: { tensor: { ...tensor, data: newData(tensor.dtype, 0) } } },
    };
  });
  return { ...graph, nodes };
}

class CompiledRunner implements Runner {
  readonly #executables: CompiledExecutable[] = [];

  constructor(readonly model: CompiledModel) {}

  /** The arena of compiled code is the thread's: only what the reference engine holds is the stream's. */
  get arenaBytes(): number {
    return this.#executables.reduce((sum, { arenaBytes }) => sum + arenaBytes, 0);
  }

  prepare(feeds: readonly TensorName[], fetches: readonly TensorName[]): CompiledExecutable {
    const executable = new CompiledExecutable(this.model, feeds.map(tensorKey), fetches.map(tensorKey));
    this.#executables.push(executable);
    executable.warmUpRow();
    return executable;
  }

  close(): void {
    for (const executable of this.#executables) executable.close();
  }
}
