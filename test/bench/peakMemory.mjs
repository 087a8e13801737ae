/** Runs a job in a child and prints its peak resident size in MB: node peakMemory.mjs PROGRAM ARGUMENT… */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [program, ...args] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "cmsrun-memory-"));
const reporter =
  "process.on('exit', () => process.stderr.write('\\nPEAK ' + process.resourceUsage().maxRSS + '\\n'))";
const preload = `data:text/javascript,${encodeURIComponent(reporter)}`;
const jobArguments = args.map((argument) =>
  argument.startsWith("outputFile=") ? `outputFile=${join(folder, "out.edm")}` : argument,
);
const { stderr, status } = spawnSync(process.execPath, ["--import", preload, program, ...jobArguments], {
  encoding: "utf8",
  maxBuffer: 1 << 26,
});
rmSync(folder, { recursive: true });
const peak = /PEAK (\d+)/.exec(stderr);
if (status !== 0 || !peak) throw new Error(`the job ended with ${status}: ${stderr.slice(-500)}`);
process.stdout.write(String(Number(peak[1]) / 1024));
