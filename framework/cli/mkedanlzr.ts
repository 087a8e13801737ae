/** `mkedanlzr NAME`: writes an EDAnalyzer, a config that runs it and a test of it. */
import { makeSkeleton } from "./skeleton/makeSkeleton.js";

process.exitCode = await makeSkeleton("mkedanlzr", "EDAnalyzer", process.argv.slice(2));
