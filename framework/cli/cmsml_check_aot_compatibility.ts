/** `cmsml_check_aot_compatibility SAVED_MODEL`: whether a model can be compiled ahead of time, found by compiling it. */
import { compileGraph } from "../aot/compile.js";
import { supportedOps } from "../aot/tfaot/supportedOps.js";
import { checkCompatibility, verdict } from "../aot/tfaot/checkCompatibility.js";
import { opTable } from "../aot/tfaot/opTable.js";
import { print } from "./compareOutput.js";
import { runTool } from "./runTool.js";
import { toolArguments, withUsage, wrongArguments } from "./toolArguments.js";

const name = "cmsml_check_aot_compatibility";

const usage = `$0 SAVED_MODEL [--serving-key KEY] [--devices cpu]
$0 --table

Tells whether a SavedModel can be compiled ahead of time, by compiling it for batch sizes 1 and 2.
Prints its ops and whether each is compatible; when the model is not, the reason names the node.
With --table it prints every op that the compiler has.

The exit code is 0 when the model can be compiled, 1 when it cannot.`;

process.exitCode = await runTool(check);

async function check(): Promise<number> {
  const parsed = await parse(process.argv.slice(2));
  if (!parsed) return 0;
  const given = [...parsed._.map(String), ...[parsed["model-path"] ?? []].flat()];
  if (given.length > 1) throw wrongArguments(name, `it takes one model, not ${given.length}.`);
  const devices = parsed.devices.split(",").map((device) => device.trim());
  const other = devices.find((device) => device !== "cpu");
  if (other !== undefined) throw wrongArguments(name, `there is no device '${other}', only cpu.`);
  const known = new Set(supportedOps());
  if (parsed.table) {
    await print(`${opTable(new Map([...known].map((op) => [op, true])))}\n`);
    return 0;
  }
  const [model] = given;
  if (model === undefined) throw wrongArguments(name, "either '--model-path PATH' or '--table' must be set");
  const found = checkCompatibility(model, parsed["serving-key"], compileGraph, known);
  const branches = found.uncompiled.map((branch) => `a run that takes this branch will fail: ${branch}`);
  const reasons = [...branches, ...(found.problem === undefined ? [] : [found.problem])];
  await print(`${[opTable(found.ops), "", ...reasons, verdict(found)].join("\n")}\n`);
  return found.problem === undefined ? 0 : 1;
}

async function parse(argv: readonly string[]) {
  return toolArguments(name, argv, (parser) =>
    withUsage(parser, usage)
      .option("model-path", { type: "string", requiresArg: true, describe: "the SavedModel's directory" })
      .option("serving-key", {
        type: "string",
        requiresArg: true,
        alias: "k",
        default: "serving_default",
        describe: "the signature to compile",
      })
      .option("devices", {
        type: "string",
        requiresArg: true,
        alias: "d",
        default: "cpu",
        describe: "devices, separated by commas: there is cpu",
      })
      .option("table", {
        type: "boolean",
        alias: "t",
        default: false,
        describe: "print every op that the compiler has",
      })
      .example("$0 data/models/jet_btag/saved_model", "its ops and the verdict")
      .example("$0 --table", "all ops that can be compiled"),
  );
}
