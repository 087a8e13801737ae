/** Bundles the page of cmsml_open_tf_graph into one script and one style, which the tool puts into every page it writes. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const page = fileURLToPath(new URL("../framework/cli/graphView/page", import.meta.url));

/** @param {string} outFolder usually dist/graphView */
export async function bundleGraphView(outFolder) {
  const dagre = dirname(dirname(createRequire(import.meta.url).resolve("@dagrejs/dagre")));
  const licence = (await readFile(join(dagre, "LICENSE"), "utf8")).trim();
  const { version } = JSON.parse(await readFile(join(dagre, "package.json"), "utf8"));
  await build({
    entryPoints: { page: join(page, "main.ts") },
    outdir: outFolder,
    bundle: true,
    minify: true,
    format: "iife",
    platform: "browser",
    target: ["chrome111", "firefox113", "safari16.4"],
    charset: "utf8",
    // Said once, in the banner.
    legalComments: "none",
    banner: { js: `/*! Contains dagre ${version} and graphlib, under this licence:\n${licence}\n*/` },
    logLevel: "warning",
  });
  await build({
    entryPoints: { page: join(page, "page.css") },
    outdir: outFolder,
    minify: true,
    logLevel: "warning",
  });
}
