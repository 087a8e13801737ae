/** `cmsrun [options] config [config arguments]`: the first file of the main path. */
import { commandLine } from "./cmsrunArguments.js";
import { runJob } from "./runJob.js";

const exitCode = await runJob(await commandLine(process.argv.slice(2)));
// What stands before an empty write is written when that is: process.exit would cut it off on a slow pipe.
for (const stream of [process.stdout, process.stderr]) {
  await new Promise<void>((resolve) => stream.write("", () => resolve()));
}
process.exit(exitCode & 0xff);
