/** `cmsrun [options] config [config arguments]`: the first file of the main path. */
import { commandLine } from "./cmsrunArguments.js";
import { runJob } from "./runJob.js";

const exitCode = await runJob(await commandLine(process.argv.slice(2)));
process.exit(exitCode & 0xff);
