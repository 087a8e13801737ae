/**
 * Bundles what framework/io/root/ needs of jsroot's io modules into one file that imports without jsroot installed
 * (a plain `npm install` of jsroot fails on its native dependency canvas).
 */
import { readFile, rename } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const packageRoot = fileURLToPath(new URL("..", import.meta.url));
const rootFolder = join(packageRoot, "framework", "io", "root");

const entry = `
  export { openFile, FileProxy, R__unzip, TBuffer } from "jsroot/io";
  export { takeMessages } from ${JSON.stringify(join(rootFolder, "jsrootGlobals.ts"))};
`;

/** jsroot's two zstd modules, for node and for the browser, become ours. */
const ourZstd = {
  name: "our-zstd",
  setup({ onResolve }) {
    const filter = /^@oneidentity\/zstd-js$|^\.\/base\/zstd\.mjs$/;
    onResolve({ filter }, () => ({ path: join(rootFolder, "jsrootZstd.ts") }));
  },
};

/** @param {string} outFile usually dist/jsroot.js */
export async function bundleJsroot(outFile) {
  const jsrootFolder = dirname(dirname(createRequire(import.meta.url).resolve("jsroot/io")));
  const licence = (await readFile(join(jsrootFolder, "LICENSE"), "utf8")).replaceAll("\ufffd", "(c)");
  const { version } = JSON.parse(await readFile(join(jsrootFolder, "package.json"), "utf8"));
  const unfinished = `${outFile}.${process.pid}.partial`;
  await build({
    stdin: { contents: entry, resolveDir: packageRoot },
    outfile: unfinished,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "inline",
    inject: [join(rootFolder, "jsrootGlobals.ts")],
    plugins: [ourZstd],
    // The last two are imported by jsroot's http reading only, which a local file never reaches.
    external: ["@bokuweb/zstd-wasm", "xhr2", "tmp"],
    banner: { js: `/*! jsroot ${version}, its io modules, bundled.\n${licence.trim()}\n*/` },
    logLevel: "warning",
  });
  // In one step: another process may be importing it.
  await rename(unfinished, outFile);
}
