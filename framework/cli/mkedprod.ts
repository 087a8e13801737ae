/** `mkedprod NAME`: writes an EDProducer, a config that runs it and a test of it. */
import { makeSkeleton } from "./skeleton/makeSkeleton.js";

process.exitCode = await makeSkeleton("mkedprod", "EDProducer", process.argv.slice(2));
