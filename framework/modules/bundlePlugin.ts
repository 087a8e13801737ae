/** Makes one loadable file of a plugin and all it imports but the framework. Used at build time and for changed plugins. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import type { Plugin } from "esbuild";
import { Exception } from "../base/errors.js";

/** Part of a cached bundle's key: change it when what bundlePlugin makes of the same sources changes. */
export const bundleVersion = "2";

export interface PluginBundle {
  readonly code: string;
  /** Full path of every file that went into it, with its sha256. */
  readonly inputs: { readonly [file: string]: string };
}

/** @param framework what `#framework` and `cmsrun` become: the built framework's file, or "#framework" to leave it. */
export async function bundlePlugin(file: string, framework: string): Promise<PluginBundle> {
  const { build } = createRequire(import.meta.url)("esbuild") as typeof import("esbuild");
  try {
    const result = await build({
      entryPoints: [file],
      bundle: true,
      write: false,
      metafile: true,
      format: "esm",
      platform: "node",
      target: "node20",
      keepNames: true,
      packages: "external",
      ...(framework !== "#framework" && { alias: { "#framework": framework, cmsrun: framework } }),
      external: [framework],
      plugins: [definitionsAfterClasses],
      sourcemap: "inline",
      sourcesContent: false,
      logLevel: "silent",
      absWorkingDir: "/",
      tsconfigRaw: { compilerOptions: { experimentalDecorators: true, useDefineForClassFields: true } },
    });
    const files = Object.keys(result.metafile.inputs).map((path) =>
      resolve("/", path.replace(/^[a-z-]+:/, "")),
    );
    return {
      code: result.outputFiles[0]?.text ?? "",
      inputs: Object.fromEntries(files.map((path) => [path, fileHash(path)])),
    };
  } catch (error) {
    const failure = error as Error & { errors?: { text: string; location?: { line: number } | null }[] };
    const first = failure.errors?.[0];
    const place = first?.location ? `${file}:${first.location.line}` : file;
    throw new Exception("PluginLibraryLoadError", `${place}: ${first?.text ?? failure.message}`);
  }
}

export function fileHash(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

const decorated =
  /^@(DEFINE_FWK_\w+)(\([^()\n]*\))([ \t\r\n]+export (?:default )?(?:abstract )?class (\w+))/gm;

/**
 * Turns `@DEFINE_FWK_MODULE("X") export class X` into a call behind the class, which is the same. esbuild takes a
 * decorated class's #private members out into WeakMaps: measured, 20 ns an access instead of 1.
 */
const definitionsAfterClasses: Plugin = {
  name: "definitions-after-classes",
  setup({ onLoad }) {
    onLoad({ filter: /\.m?ts$/ }, async ({ path }) => {
      const calls: string[] = [];
      const contents = (await readFile(path, "utf8")).replace(
        decorated,
        (_all, define: string, args: string, head: string, name: string) => {
          calls.push(`${define}${args}(${name});`);
          return head;
        },
      );
      return { contents: `${contents}\n${calls.join("\n")}`, loader: "ts" };
    });
  },
};
