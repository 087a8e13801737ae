/** The module of a compiled model that plugins import: readable TypeScript, and what Node and the type checker read. */
import type { TensorDescription } from "./descriptor.js";
import type { ToolFile } from "./toolFile.js";

/** model.ts, and without the assertion model.js. */
export function moduleText(tool: ToolFile, place: string, assertion: string): string {
  const { model, revision, batchSizes, inputs, outputs } = tool;
  const list = (tensors: readonly TensorDescription[]) =>
    tensors.map((tensor) => `    ${literal(tensor)},\n`).join("");
  return `${headline(tool)}
import { fileURLToPath } from "node:url";

export const ${model.name} = Object.freeze({
  name: ${JSON.stringify(model.name)},
  version: ${JSON.stringify(model.version)},
  revision: ${JSON.stringify(revision)},
  toolFile: fileURLToPath(new URL(${JSON.stringify(place)}, import.meta.url)),
  batchSizes: ${literal(batchSizes)},
  inputs: [
${list(inputs)}  ],
  outputs: [
${list(outputs)}  ],
}${assertion});
`;
}

/** model.d.ts: the same as literal types, which tfaot.Model infers its own from. */
export function declarationText(tool: ToolFile): string {
  const { model, revision, batchSizes, inputs, outputs } = tool;
  const list = (tensors: readonly TensorDescription[]) =>
    tensors
      .map(({ name, dtype, shape }) => {
        const members = [`name: ${JSON.stringify(name)}`, `dtype: ${JSON.stringify(dtype)}`];
        return `    { ${members.map((member) => `readonly ${member}; `).join("")}readonly shape: readonly ${literal(shape)} },\n`;
      })
      .join("");
  return `${headline(tool)}
export declare const ${model.name}: {
  readonly name: ${JSON.stringify(model.name)};
  readonly version: ${JSON.stringify(model.version)};
  readonly revision: ${JSON.stringify(revision)};
  readonly toolFile: string;
  readonly batchSizes: readonly ${literal(batchSizes)};
  readonly inputs: readonly [
${list(inputs)}  ];
  readonly outputs: readonly [
${list(outputs)}  ];
};
`;
}

function headline({ model, batchSizes, target }: ToolFile): string {
  const description = model.description.replaceAll("*/", "*\\/").replace(/\s+/g, " ").trim();
  const about = description === "" ? "" : `\n * ${description}`;
  const made = `compiled ahead of time for batch sizes ${batchSizes.join(", ")} (${target})`;
  return `/**
 * ${model.name} ${model.version}: ${made}.${about}
 * Written by cms_tfaot_compile; null stands for the batch dimension.
 */`;
}

/** JSON as one writes it in a program: spaces, and bare keys where they may be. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) => `${key}: ${literal(member)}`);
  return `{ ${members.join(", ")} }`;
}
