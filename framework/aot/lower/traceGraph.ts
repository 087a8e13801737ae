/** From a graph, shapes of what is fed and names of what is fetched to tensor IR. */
import { Exception } from "../../base/errors.js";
import { parseTensorName } from "../../tensorflow/names.js";
import { makePlan, type Constants } from "../../tensorflow/reference/makePlan.js";
import { sameShape } from "../../tensorflow/reference/broadcast.js";
import type { GraphIndex } from "../../tensorflow/GraphIndex.js";
import type { Plan } from "../../tensorflow/reference/Plan.js";
import type { DType } from "../../tensorflow/dtypes.js";
import { read } from "../tensor/element.js";
import type { Step } from "../tensor/ir.js";
import { isElementType, Storage, sizeOf, View } from "../tensor/View.js";
import { Tracer } from "./Tracer.js";
import { constantView, Steered, Unsupported } from "./traceValues.js";

/** One tensor that is fed. */
export interface Feed {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** A graph for one batch size. Inputs and outputs are whole storages; each step is in an order that can run. */
export interface TracedGraph {
  readonly inputs: readonly View[];
  readonly outputs: readonly View[];
  readonly steps: readonly Step[];
}

/** More choices by inputs than these are not written out one by one. */
const maxSteering = 3;

/**
 * `index` and `constants`: a loaded graph with its functions written out, as the reference engine has it.
 * @throws Unsupported naming the node that cannot be compiled; InvalidRun, InvalidSession as a run of the graph would
 */
export function traceGraph(
  index: GraphIndex,
  constants: Constants,
  feeds: readonly Feed[],
  fetches: readonly string[],
): TracedGraph {
  const plan = makePlan(
    index,
    constants,
    feeds.map(({ name }) => parseTensorName(name)),
    fetches.map(parseTensorName),
  );
  const inputs = feeds.map(({ name, dtype, shape }) => {
    if (isElementType(dtype)) return View.of(new Storage(name, dtype, sizeOf(shape)), shape);
    throw new Exception(
      "InvalidRun",
      `input '${name}' is of dtype ${dtype}, which compiled code does not have.`,
    );
  });
  const traces = new GraphTraces(plan, inputs, fetches);
  const steps = traces.steered(new Map());
  return { inputs, outputs: traces.outputs, steps };
}

/** The traces of one plan: one, or one for each value of the inputs that choose between branches. */
class GraphTraces {
  readonly outputs: View[] = [];

  constructor(
    readonly plan: Plan,
    readonly inputs: readonly View[],
    readonly fetches: readonly string[],
  ) {}

  /** For the `known` values of inputs that choose, and for both values of the next input that does. */
  steered(known: ReadonlyMap<Storage, boolean>): readonly Step[] {
    try {
      return this.#trace(known);
    } catch (error) {
      if (!(error instanceof Steered)) throw error;
      return [this.#choice(error.input, known)];
    }
  }

  #choice(input: Storage, known: ReadonlyMap<Storage, boolean>): Step {
    const attempt = (value: boolean) => {
      try {
        return this.steered(new Map([...known, [input, value]]));
      } catch (reason) {
        if (reason instanceof Unsupported) return reason;
        throw reason;
      }
    };
    const [then, otherwise] = [attempt(true), attempt(false)];
    if (then instanceof Unsupported && otherwise instanceof Unsupported) throw then;
    return {
      kind: "if",
      origin: input.name,
      condition: View.of(input, []),
      then: stepsOrFault(input, true, then),
      else: stepsOrFault(input, false, otherwise),
    };
  }

  #trace(known: ReadonlyMap<Storage, boolean>): readonly Step[] {
    const steering = known.size < maxSteering ? this.inputs.map(({ storage }) => storage) : [];
    const tracer = new Tracer(new Set(steering));
    for (const [i, input] of this.inputs.entries()) {
      const value = known.get(input.storage);
      const choice = { dtype: "bool", shape: input.shape, data: new Uint8Array([value ? 1 : 0]) } as const;
      const bound = value === undefined ? input : constantView(input.storage.name, choice);
      tracer.bind(this.plan.feeds[i] as number, bound);
    }
    for (const { value, tensor } of this.plan.constants) {
      if (isElementType(tensor.dtype)) tracer.bind(value, constantView("constant", tensor));
    }
    tracer.trace(this.plan.steps);
    for (const [i, id] of this.plan.fetches.entries()) this.#write(tracer, i, id);
    return tracer.steps;
  }

  /** Each trace writes the same outputs. */
  #write(tracer: Tracer, i: number, id: number): void {
    const node = { name: this.fetches[i] as string, op: "output", inputs: [], attrs: {} };
    tracer.at(node, () => {
      const view = tracer.view(id);
      const out = this.outputs[i] ?? View.of(tracer.newStorage(view.dtype, view.count), view.shape);
      if (!sameShape(out.shape, view.shape))
        tracer.unsupported(`its branches give the shapes [${out.shape}] and [${view.shape}]`);
      this.outputs[i] = out;
      tracer.mapInto(out, read(view));
    });
  }
}

function stepsOrFault(input: Storage, value: boolean, side: readonly Step[] | Unsupported): readonly Step[] {
  if (!(side instanceof Unsupported)) return side;
  const message = `only runs with '${input.name}' = ${value} go to the reference engine: ${side.message}`;
  return [{ kind: "fault", origin: input.name, message }];
}
