/** Whether TensorFlow as an engine, which not every machine has, is tested. */
import { missingAddon } from "../framework/tensorflow/tfjs/addon.js";

/** True where it is; otherwise that is said aloud. @throws where CMSRUN_REQUIRE_TENSORFLOW says that it must be there */
export function hasTensorflowAddon(file: string): boolean {
  const absent = missingAddon();
  if (absent === undefined) return true;
  if (process.env.CMSRUN_REQUIRE_TENSORFLOW) throw new Error(`the engine has to be tested here: ${absent}`);
  console.warn(`\n${file}: the tensorflow engine is NOT TESTED: ${absent}\n`);
  return false;
}
