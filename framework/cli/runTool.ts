/** What the program of a small tool does around its work: an error is told as cmsrun tells it. */
import { report } from "./runJob.js";

/** The exit code: what `tool` gives, 0 where it gives none, that of its exception where it throws. */
export async function runTool(tool: () => number | undefined | Promise<number | undefined>): Promise<number> {
  try {
    return (await tool()) ?? 0;
  } catch (error) {
    return report(error) & 0xff;
  }
}
