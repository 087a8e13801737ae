/** `edmProducts FILE.proto…`: product types of a user's own, as TypeScript for their plugins to import. */
import { writeFileSync } from "node:fs";
import { generateProducts } from "../../scripts/generateProducts.mjs";
import { Exception } from "../base/errors.js";
import { currentPackage } from "./currentPackage.js";
import { runTool } from "./runTool.js";
import { toolArguments, wrongArguments } from "./toolArguments.js";

const usage = `$0 FILE.proto... [-o products.ts]

Writes a TypeScript module with a product type for each message, to be used as consumes(MyJets, tag) and
produces(MyJets). Run it again when a message changes. Every field has a comment with its unit in brackets:

syntax = "proto3";
// Jets after my selection, one element a jet.
message MyJets {
repeated float pt = 1; // transverse momentum [GeV]
repeated uint32 index = 2; // position in the input collection [1]
}`;

process.exitCode = await runTool(async () => {
  const given = await toolArguments("edmProducts", process.argv.slice(2), (parser) =>
    parser
      .usage(usage)
      .option("output", {
        alias: "o",
        type: "string",
        requiresArg: true,
        default: "products.ts",
        describe: "the file to write",
      })
      .example("$0 jets.proto -o plugins/products.ts", "plugins import ./products.js"),
  );
  if (given) write(given._.map(String), given.output);
  return 0;
});

function write(protoFiles: readonly string[], output: string): void {
  if (protoFiles.length === 0) throw wrongArguments("edmProducts", "name at least one .proto file.");
  const text = generated(protoFiles);
  try {
    writeFileSync(output, text);
  } catch (error) {
    throw new Exception(
      "FileWriteError",
      `edmProducts: ${(error as Error).message}; name another file with --output.`,
    );
  }
  const names = [...text.matchAll(/^export const (\w+) = /gm)].map((match) => match[1]);
  process.stdout.write(`${output}: ${names.join(", ")}\n`);
}

function generated(protoFiles: readonly string[]): string {
  try {
    return generateProducts(protoFiles, { import: currentPackage().isCmsrun ? "#framework" : "cmsrun" });
  } catch (error) {
    // The generator, which the build runs too, knows no categories; its messages say file and line.
    throw new Exception("Configuration", `edmProducts: ${(error as Error).message}`);
  }
}
