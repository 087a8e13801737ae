/**
 * esbuild cuts what entries share into one chunk for each set of entries that reach it: fifty for the framework, 0.4 ms
 * of start-up each. An entry that runs only where the framework is loaded imports it whole, and they become a few.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { build } from "esbuild";

/**
 * A plugin for esbuild that adds the import of `framework`.
 * @param options of the build whose entries are meant, those of `import()` included
 * @param framework file of the framework's own entry
 * @param alone files of entries that run without it, in threads of their own
 */
export async function besideFramework(options, framework, alone) {
  const { metafile } = await build({ ...options, write: false, metafile: true });
  const itself = staticClosure(metafile.inputs, framework);
  const entries = Object.values(metafile.outputs).flatMap(({ entryPoint }) => entryPoint ?? []);
  const beside = entries.filter((file) => /\.ts$/.test(file) && !itself.has(file) && !alone.includes(file));
  const paths = new Set(beside.map((file) => resolve(file)));
  const text = `\nimport ${JSON.stringify(resolve(framework))};\n`;
  return {
    name: "beside-framework",
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, ({ path }) =>
        paths.has(path) ? { contents: readFileSync(path, "utf8") + text, loader: "ts" } : undefined,
      );
    },
  };
}

/** The files that are loaded with `entry`. */
function staticClosure(inputs, entry) {
  const reached = new Set([entry]);
  for (const file of reached) {
    for (const { path, kind, external } of inputs[file].imports)
      if (!external && kind !== "dynamic-import") reached.add(path);
  }
  return reached;
}
