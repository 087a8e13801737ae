/** From a graph, shapes of what is fed and names of what is fetched to tensor IR. */
import { Exception } from "../../base/errors.js";
import { parseTensorName } from "../../tensorflow/names.js";
import { makePlan, type Constants } from "../../tensorflow/reference/makePlan.js";
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
  const outputs: View[] = [];
  const steps = traceSteered(plan, inputs, fetches, outputs, new Map());
  return { inputs, outputs, steps };
}

/** Traces for the `known` values of inputs that choose between branches, and for each value of the next that does. */
function traceSteered(
  plan: Plan,
  inputs: readonly View[],
  fetches: readonly string[],
  outputs: View[],
  known: ReadonlyMap<Storage, boolean>,
): readonly Step[] {
  try {
    return traceOnce(plan, inputs, fetches, outputs, known);
  } catch (error) {
    if (!(error instanceof Steered)) throw error;
    const { input } = error;
    const condition = View.of(input, []);
    const attempt = (value: boolean) => {
      try {
        return traceSteered(plan, inputs, fetches, outputs, new Map([...known, [input, value]]));
      } catch (reason) {
        if (reason instanceof Unsupported) return reason;
        throw reason;
      }
    };
    const [then, otherwise] = [attempt(true), attempt(false)];
    if (then instanceof Unsupported && otherwise instanceof Unsupported) throw then;
    const stepsOf = (side: readonly Step[] | Unsupported, value: boolean): readonly Step[] =>
      side instanceof Unsupported
        ? [
            {
              kind: "fault",
              origin: input.name,
              message: `only runs with '${input.name}' = ${value} go to the reference engine: ${side.message}`,
            },
          ]
        : side;
    return [
      {
        kind: "if",
        origin: input.name,
        condition,
        then: stepsOf(then, true),
        else: stepsOf(otherwise, false),
      },
    ];
  }
}

function traceOnce(
  plan: Plan,
  inputs: readonly View[],
  fetches: readonly string[],
  outputs: View[],
  known: ReadonlyMap<Storage, boolean>,
): readonly Step[] {
  const steering = known.size < maxSteering ? inputs.map(({ storage }) => storage) : [];
  const tracer = new Tracer(new Set(steering));
  for (const [i, input] of inputs.entries()) {
    const value = known.get(input.storage);
    const choice = { dtype: "bool", shape: input.shape, data: new Uint8Array([value ? 1 : 0]) } as const;
    tracer.bind(
      plan.feeds[i] as number,
      value === undefined ? input : constantView(input.storage.name, choice),
    );
  }
  for (const { value, tensor } of plan.constants) {
    if (isElementType(tensor.dtype)) tracer.bind(value, constantView("constant", tensor));
  }
  tracer.trace(plan.steps);
  for (const [i, id] of plan.fetches.entries()) {
    const node = { name: fetches[i] as string, op: "output", inputs: [], attrs: {} };
    tracer.at(node, () => {
      const view = tracer.view(id);
      const out = outputs[i] ?? View.of(tracer.newStorage(view.dtype, view.count), view.shape);
      if (out.rank !== view.rank || out.shape.some((size, axis) => size !== view.shape[axis]))
        tracer.unsupported(`its branches give the shapes [${out.shape}] and [${view.shape}]`);
      outputs[i] = out;
      tracer.mapInto(out, read(view));
    });
  }
  return tracer.steps;
}
