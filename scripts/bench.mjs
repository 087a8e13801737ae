/**
 * npm run bench [-- NAME …] [--json]: speed against named peers, measured side by side in one run. Prints one line a
 * case; with --json one object a line. Exit code 1 when a target is missed.
 */
import { parseArgs } from "node:util";
import { batching } from "../test/bench/batching.mjs";
import { compileTime } from "../test/bench/compile.mjs";
import { eventLoop } from "../test/bench/event-loop.mjs";
import { inTheLoop } from "../test/bench/in-the-loop.mjs";
import { inference } from "../test/bench/inference.mjs";
import { memory } from "../test/bench/memory.mjs";
import { overloaded } from "../test/bench/overload.mjs";
import { saving } from "../test/bench/saving.mjs";
import { serving } from "../test/bench/serving.mjs";
import { startup } from "../test/bench/startup.mjs";
import { threads } from "../test/bench/threads.mjs";

const benches = {
  "event-loop": eventLoop,
  threads,
  startup,
  memory,
  inference,
  "inference-in-the-loop": inTheLoop,
  batching,
  compile: compileTime,
  saving,
  serving,
  overload: overloaded,
};
/** Those with a value are read by the inference benchmark: test/bench/inference/options.mjs. */
const options = {
  json: { type: "boolean" },
  help: { type: "boolean" },
  batches: { type: "string" },
  models: { type: "string" },
  engines: { type: "string" },
  peers: { type: "string" },
};
const { values, positionals: names } = parseArgs({ options, allowPositionals: true });
const isJson = values.json === true;
const unknown = names.filter((name) => !(name in benches));
if (values.help || unknown.length > 0) {
  const text =
    `npm run bench [-- NAME …] [--json]\nNAMEs: ${Object.keys(benches).join(", ")}; all when none is given.\n` +
    "inference: --batches 1,8 --models simple,cnn --engines compiled/wasm,compiled/native,reference,tensorflow\n" +
    "compile: --models\n";
  if (unknown.length > 0) process.stderr.write(`unknown benchmark: ${unknown.join(", ")}\n`);
  process.stdout.write(text);
  process.exit(unknown.length > 0 ? 2 : 0);
}

const number = (value) => (value === null ? "-" : value >= 100 ? value.toFixed(0) : value.toFixed(2));

/** A case without a target, or that could not be run here, misses nothing. */
function isMet({ value, ratio, target, of, better, skipped }) {
  if (skipped !== undefined || target === null) return true;
  const measured = of === "ratio" ? ratio : value;
  return better === "lower" ? measured <= target : measured >= target;
}

let allMet = true;
for (const name of names.length > 0 ? names : Object.keys(benches)) {
  for await (const result of await benches[name]()) {
    const met = isMet(result);
    allMet &&= met;
    if (isJson) {
      process.stdout.write(`${JSON.stringify(result)}\n`);
      continue;
    }
    const { case: title, value, unit, peer, ratio, target, of, better, skipped } = result;
    if (skipped !== undefined) {
      process.stdout.write(`${title.padEnd(44)} skipped: ${skipped}\n`);
      continue;
    }
    const goal = `target ${better === "lower" ? "<=" : ">="} ${target}${of === "ratio" ? "x" : ` ${unit}`} ${met ? "met" : "MISSED"}`;
    const comparison = peer === null ? "" : `x${number(ratio)} of ${peer}`;
    process.stdout.write(
      `${`${title.padEnd(44)} ${number(value).padStart(8)} ${unit.padEnd(3)} ${comparison.padEnd(26)} ${target === null ? "" : goal}`.trimEnd()}\n`,
    );
  }
}
process.exitCode = allMet ? 0 : 1;
