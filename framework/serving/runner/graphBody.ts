/** A graph that a session runs, as what a method computes: for runners of SavedModels and for models of a folder. */
import { newData } from "../../tensorflow/dtypes.js";
import type { PreparedCall } from "../../tensorflow/PreparedCall.js";
import type { Session } from "../../tensorflow/Session.js";
import { elementCount, type TensorLike } from "../../tensorflow/Tensor.js";
import { badRequest } from "../servingErrors.js";
import type { MethodBody } from "./MethodBody.js";

/** What is known of a method beside the graph that computes it. */
export type GraphOptions = Omit<MethodBody, "isCompiled" | "run" | "compile" | "close">;

/** @param call in the order of the inputs and outputs; the session is closed with the body */
export function graphBody(session: Session, call: PreparedCall, options: GraphOptions): MethodBody {
  const [dimension] = options.batchDim;
  return {
    ...options,
    isCompiled: session.engine === "compiled",
    run: (feeds) => {
      const outputs = call.run(feeds);
      return outputs.length > 0 ? outputs : withoutElements(feeds, options);
    },
    // Only of the first dimension the compiler knows that it counts rows.
    compile: async (sizes) => (dimension === 0 ? call.warmUpInBackground(sizes) : undefined),
    close: () => session.close(),
  };
}

/** A model is not run for nothing; what it would have given has no elements either. */
function withoutElements(feeds: readonly TensorLike[], options: GraphOptions): readonly TensorLike[] {
  const { inputs, outputs, batchable, batchDim } = options;
  const rowed = inputs.findIndex(({ shape }) => shape[batchDim[0]] === -1);
  const rows = batchable ? (feeds[rowed]?.shape[batchDim[0]] ?? 0) : 0;
  return outputs.map(({ name, dtype, shape }) => {
    const full = shape.map((size, axis) => (size >= 0 ? size : axis === batchDim[1] ? rows : 0));
    if (elementCount(full) > 0)
      throw badRequest(`an input without elements gives nothing to compute '${name}' from`);
    return { dtype, shape: full, data: newData(dtype, 0) };
  });
}
