import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { root } from "../run.js";

/** What the built framework says when a package cannot be found. */
function without(missing: string, call: string): string {
  const hooks = `export async function resolve(specifier, context, next) {
    if (specifier === ${JSON.stringify(missing)}) throw Object.assign(new Error("gone"), { code: "ERR_MODULE_NOT_FOUND" });
    return next(specifier, context);
  }`;
  const program = `import { register } from "node:module";
    register("data:text/javascript," + encodeURIComponent(${JSON.stringify(hooks)}));
    const { getPredictor } = await import(${JSON.stringify(join(root, "dist", "index.js"))});
    await ${call}.catch(({ category, message }) => console.log(category + ": " + message));`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    cwd: root,
    encoding: "utf8",
    timeout: 20_000,
  });
  return stdout + stderr;
}

it.each(["@tensorflow/tfjs-core", "@tensorflow/tfjs-layers"])("%s", (name) => {
  const model = `{ inputs: [], inputNames: ["x"], outputs: [], outputNames: ["y"], layers: [] }`;
  expect(without(name, `getPredictor(${model})`)).toBe(
    `NotFound: getPredictor needs the package ${name}, which is not installed; install it: npm install ${name}@4.22.0.\n`,
  );
});
