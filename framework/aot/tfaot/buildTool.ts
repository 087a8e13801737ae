/** `cms_tfaot_compile`: from an aot_config to a directory that npm can install, with the words that the user sees. */
import { statSync } from "node:fs";
import { Exception } from "../../base/errors.js";
import type { TargetName } from "../Unit.js";
import { readAotConfig } from "./aotConfig.js";
import { type CompiledModel, type CompileGraph, compileModel } from "./compileModel.js";
import { packageFiles, toolNameOf } from "./packageFiles.js";
import { shortest } from "./toolFile.js";
import { realDirectory, writeDirectory } from "./writeDirectory.js";

export interface BuildOptions {
  readonly aotConfig: string;
  readonly outputDirectory: string;
  readonly target: TargetName;
  /** For use where it is built: folders, sources known, next steps printed. */
  readonly dev: boolean;
  /** lib/ and include/ without --dev, for a tool that is installed as it is. */
  readonly hasFolders?: boolean;
  readonly toolName?: string | undefined;
  readonly toolBase?: string | undefined;
  readonly additionalFlags?: readonly string[];
}

/** Where the work is done and told. */
export interface Workshop {
  readonly compileGraph: CompileGraph;
  readonly say: (line: string) => void;
  readonly warn: (line: string) => void;
}

const lineWidth = 80;

/**
 * Compiles and writes one model; the directory is replaced whole.
 * @throws the errors of readAotConfig, compileModel and writeDirectory
 */
export function buildTool(options: BuildOptions, workshop: Workshop): void {
  const { dev, outputDirectory, hasFolders = dev } = options;
  const directory = realDirectory(outputDirectory);
  if (statSync(directory, { throwIfNoEntry: false })?.isFile())
    throw new Exception("Configuration", `output directory '${outputDirectory}' is a file.`);
  const config = readAotConfig(options.aotConfig);
  const tool = options.toolName ?? toolNameOf(config.model.name);
  const model = compileModel(config, { ...workshop, ...options });
  const files = packageFiles(model, { ...options, directory, hasFolders, namesSources: dev });
  writeDirectory(outputDirectory, tool, files);
  const sizes = [...model.codes.keys()].join(",");
  workshop.say("-".repeat(lineWidth));
  workshop.say(`successfully AOT compiled model '${config.model.name}' for batch sizes: ${sizes}`);
  if (dev) workshop.say(nextSteps(model, tool, outputDirectory));
}

function nextSteps({ config, inputs }: CompiledModel, tool: string, directory: string): string {
  const { name } = config.model;
  const place = shortest(realDirectory(directory));
  const path = place.startsWith("/") ? place : `./${place}`;
  return `
  1. install it into the package of your plugin (the counterpart of 'scram setup'):
     > npm install ${path}

  2. it is now among the "dependencies" of your package.json (the counterpart of <use name="${tool}"/>):
     "${tool}": "file:${place}"

  3. import the model in your plugin:
     import { ${name} } from "${tool}/model";

  4. create an AOT model instance, a member of the plugin, and run it:
     readonly #model = new tfaot.Model(${name});
     const outputs = this.#model.run(batchSize, ${inputs.map((input) => input.name).join(", ")});
`;
}
