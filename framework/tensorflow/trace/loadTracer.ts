/** What only tracing needs, loaded when a function is traced: TensorFlow.js and the table of lowerings. */
import { optionalPackage } from "../../base/optionalPackage.js";
import type { LoweringTable } from "./Recorder.js";
import type { Tfjs } from "./tfjs.js";

/** @throws NotFound naming the package to install where it is missing */
export async function loadTracer(): Promise<{ readonly tfjs: Tfjs; readonly lowerings: LoweringTable }> {
  const user = "tracing functions and Layers models";
  const tfjs = await optionalPackage<Tfjs>(
    "@tensorflow/tfjs-core@4.22.0",
    user,
    () => import("@tensorflow/tfjs-core"),
  );
  const { lowerings } = await import("./lowerings.js");
  return { tfjs, lowerings };
}
