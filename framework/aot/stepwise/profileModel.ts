/**
 * Where a model's time goes: its runs timed as a whole, then with a clock around each node of the reference engine, or
 * around each kernel of the compiled code.
 */
import { Exception } from "../../base/errors.js";
import type { DType } from "../../tensorflow/dtypes.js";
import type { Executable } from "../../tensorflow/engines.js";
import type { GraphDef } from "../../tensorflow/GraphDef.js";
import { GraphIndex } from "../../tensorflow/GraphIndex.js";
import { parseTensorName } from "../../tensorflow/names.js";
import { fullNames } from "../../tensorflow/cost/fullNames.js";
import type { Options } from "../../tensorflow/Options.js";
import { ReferenceEngine, type ReferenceModel } from "../../tensorflow/reference/ReferenceEngine.js";
import { createSession } from "../../tensorflow/Session.js";
import type { Tensor, TensorLike } from "../../tensorflow/Tensor.js";
import { clockMicroseconds, median, type Profile, type ProfileRow } from "../../tensorflow/cost/Profile.js";
import { type GraphCost, recordRun } from "../../tensorflow/cost/recordRun.js";
import { TimedPlan } from "../../tensorflow/cost/TimedPlan.js";
import { compileStepwise } from "../compile.js";
import { compiledParts, type PlacedPart } from "../engine/compiledParts.js";
import { compilerSettings } from "../engine/settings.js";
import type { Feed } from "../lower/traceGraph.js";
import { machineCompiler } from "../targets.js";
import type { TargetName } from "../Unit.js";
import { StepwiseUnit } from "./StepwiseUnit.js";

export interface ProfileOptions extends Options {
  /** How many runs are timed: 100 where not given. */
  readonly runs?: number;
}

/** Runs that are not counted, for so long at least: V8 compiles what is hot, and WebAssembly too. */
const warmUpRuns = 60;
const warmUpMs = 150;
/** A slow model is warm after less. */
const longestWarmUpMs = 3000;

/** A part of the model with its timers. */
interface TimedPart extends Executable {
  readonly arenaBytes: number;
  readonly constantBytes: number;
  forget(): void;
  allRows(): readonly ProfileRow[];
}

/**
 * `feeds` and `outputs` under the names that a session takes.
 * @throws as createSession and Session.run; UnimplementedFeature for an engine whose inside cannot be timed
 */
export function profileModel(
  graph: GraphDef,
  feeds: readonly (readonly [name: string, tensor: TensorLike])[],
  outputs: readonly string[],
  options: ProfileOptions = {},
): Profile {
  const { runs = 100 } = options;
  const tensors = feeds.map(([, tensor]) => tensor);
  const { engine, run } = wholeCall(graph, feeds, outputs, options);
  const model = new ReferenceEngine().load(new GraphIndex(graph));
  const names = fullNames(
    graph,
    feeds.map(([name]) => name),
    outputs,
  );
  const fed = names.feeds.map((name, i) => ({
    name: parseTensorName(name),
    tensor: tensors[i] as TensorLike,
  }));
  const cost = recordRun(model.index, fed, names.fetches.map(parseTensorName));
  const parts = engine === "reference" ? [whole(names, tensors)] : partsOf(model, names, tensors, cost);
  const target = targetOf(options);
  const timed = parts.map((part) => timedPart(model, part, cost, target));
  const pass = passThrough(parts, timed, names.feeds, tensors);
  warmUp(pass);
  for (const part of timed) part.forget();
  const totals = new Float64Array(runs);
  // In turns, so that what else the machine does falls on both alike.
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    run();
    totals[i] = 1000 * (performance.now() - start);
    pass();
  }
  return {
    engine,
    runs,
    totalUs: median(totals),
    rows: timed.flatMap((part) => part.allRows()),
    arenaBytes: timed.reduce((sum, { arenaBytes }) => sum + arenaBytes, 0),
    constantBytes: timed.reduce((sum, { constantBytes }) => sum + constantBytes, 0),
    notes: notesOn(parts, target),
  };
}

/** As any user runs it; refuses what is wrong with the feeds. */
function wholeCall(
  graph: GraphDef,
  feeds: readonly (readonly [name: string, tensor: TensorLike])[],
  outputs: readonly string[],
  options: ProfileOptions,
): { readonly engine: string; readonly run: () => void } {
  const session = createSession(graph, options);
  const { engine } = session;
  if (engine !== "compiled" && engine !== "reference")
    throw new Exception(
      "UnimplementedFeature",
      `engine '${engine}' cannot be timed node by node; take engine 'compiled' or 'reference'.`,
    );
  const call = session.prepare(
    feeds.map(([name]) => name),
    outputs,
  );
  const tensors = feeds.map(([, tensor]) => tensor);
  const results: Tensor[] = [];
  const run = () => void call.run(tensors, results);
  run();
  if (results.length < outputs.length)
    throw new Exception("InvalidRun", "there is nothing to time: an input has no elements.");
  warmUp(run);
  return { engine, run };
}

type Names = ReturnType<typeof fullNames>;

function whole({ feeds, fetches }: Names, tensors: readonly TensorLike[]): PlacedPart {
  const feedTypes = feeds.map((name, i) => typeOf(name, tensors[i] as TensorLike));
  return { kind: "reference", feeds, fetches, feedTypes };
}

function partsOf(
  model: ReferenceModel,
  names: Names,
  tensors: readonly TensorLike[],
  cost: GraphCost,
): readonly PlacedPart[] {
  return compiledParts(model, whole(names, tensors).feedTypes, names.fetches, (name) => {
    const type = cost.types.get(name);
    if (type && type.dtype !== "list") return { name, dtype: type.dtype, shape: type.shape };
    throw new Exception("LogicError", `tensor '${name}' lies between two parts and was not seen.`);
  });
}

function typeOf(name: string, { dtype, shape }: { dtype: DType; shape: readonly number[] }): Feed {
  return { name, dtype, shape };
}

function timedPart(model: ReferenceModel, part: PlacedPart, cost: GraphCost, target: TargetName): TimedPart {
  if (part.kind === "reference") {
    const [feeds, fetches] = [part.feeds.map(parseTensorName), part.fetches.map(parseTensorName)];
    const plan = new TimedPlan(model, feeds, fetches, clockMicroseconds());
    return Object.assign(plan, { allRows: () => plan.rows(cost) });
  }
  // What is written to an output is traced for its tensor.
  const nodeOf = (origin: string) => model.index.node(parseTensorName(origin).node);
  const unit = new StepwiseUnit(compileStepwise(model, part.feedTypes, part.fetches, target));
  return Object.assign(unit, { allRows: () => unit.rows(nodeOf) });
}

/** One run through all parts, tensors between them by name. */
function passThrough(
  parts: readonly PlacedPart[],
  timed: readonly TimedPart[],
  feeds: readonly string[],
  tensors: readonly TensorLike[],
): () => void {
  const known = new Map(feeds.map((name, i) => [name, tensors[i] as TensorLike]));
  return () => {
    for (const [i, part] of parts.entries()) {
      const given = part.feeds.map((name) => known.get(name) as TensorLike);
      const results = (timed[i] as TimedPart).run(given);
      for (const [at, name] of part.fetches.entries()) {
        const { dtype, shape, data } = results[at] as TensorLike;
        // The next part may be compiled code in the same arena.
        if (parts.length > 1) known.set(name, { dtype, shape: [...shape], data: data.slice() });
      }
    }
  };
}

function warmUp(run: () => void): void {
  const start = performance.now();
  for (let i = 0; ; i++) {
    const ms = performance.now() - start;
    if (ms > longestWarmUpMs || (i >= warmUpRuns && ms > warmUpMs)) return;
    run();
  }
}

/** As the compiled engine chooses it. */
function targetOf({ engineTarget = "auto" }: Options): TargetName {
  const wanted = engineTarget === "auto" ? compilerSettings().target : engineTarget;
  if (wanted !== "auto") return wanted;
  try {
    machineCompiler();
    return "native";
  } catch {
    return "wasm";
  }
}

function notesOn(parts: readonly PlacedPart[], target: TargetName): string[] {
  const reasons = [...new Set(parts.flatMap(({ reason }) => reason ?? []))].map((reason) => `${reason}.`);
  if (!parts.some(({ kind }) => kind === "compiled")) return reasons;
  return [
    `Compiled (${target}): a row is a kernel, named after the last of the nodes that are fused in it; its operations ` +
      "are counted from the kernel's own expressions.",
    ...reasons,
  ];
}
