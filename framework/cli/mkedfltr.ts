/** `mkedfltr NAME`: writes an EDFilter, a config that runs it and a test of it. */
import { makeSkeleton } from "./skeleton/makeSkeleton.js";

process.exitCode = await makeSkeleton("mkedfltr", "EDFilter", process.argv.slice(2));
