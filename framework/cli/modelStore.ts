/** Imported by the tools that read models: "model:NAME:VERSION" may stand for a path in their arguments. */
import { setModelStoreRoot } from "../base/modelPath.js";
import "../serving/store/register.js";
import { wantedModelStore } from "./environment.js";

setModelStoreRoot(wantedModelStore());
