/** Puts the compiler among the inference engines: imported by what plugins import, and by worker threads. */
import { registerEngine } from "../../tensorflow/engines.js";
import { CompiledEngine } from "./CompiledEngine.js";

registerEngine(new CompiledEngine());
