/**
 * Builds dist/: products from data/products, declarations by tsc, one bundle of the host with the framework as its own
 * shared entry, one file a plugin, the compiled models that plugins import, the bundle of jsroot and the page of a graph. Silent
 * when nothing changed; dist/ is replaced in one step.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);
const commands = [
  "cmsrun",
  "edmCompare",
  "edmProducts",
  "edmModels",
  "mkedprod",
  "mkedfltr",
  "mkedanlzr",
  "regress",
  "tfrun",
  "freeze_graph",
  "tfaot",
  "cms_tfaot_compile",
  "cmsml_check_aot_compatibility",
  "cmsml_compile_tf_graph",
  "lsCheckpoint",
  "dumpModelParams",
  "edmServe",
  "cmsml_open_tf_graph",
];
/** What only a server needs stays as it is installed: it is loaded when one starts, and reads files of its own. */
const serverPackages = ["fastify", "@fastify/swagger", "@fastify/swagger-ui", "@grpc/grpc-js", "prom-client"];

/** Files below `folder` whose name ends so, sorted. */
function files(folder, suffix) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => path.endsWith(suffix) && statSync(path).isFile())
    .sort();
}

const generated = "framework/data/products.generated.ts";
const plugins = files("plugins", ".ts");
const protos = files("data/products", ".proto");
/** Read where the bundles are: framework/tensorflow/proto/opDefs.ts. */
const opDefs = "framework/tensorflow/proto/opDefs.pb.gz";

function inputHash(models) {
  const inputs = [
    ...files("framework", ".ts").filter((path) => path !== generated),
    ...files("framework", ".css"),
    ...plugins,
    ...protos,
    opDefs,
    ...Object.values(models).flatMap((folder) => files(folder, "")),
    ...files("scripts", ".mjs"),
  ];
  const hash = createHash("sha256");
  for (const path of [...inputs, "package.json", "package-lock.json", "tsconfig.json"]) {
    if (existsSync(path)) hash.update(path).update(readFileSync(path));
  }
  return hash.digest("hex");
}

/** What compiled models depend on: the compiler, and the engine that folds constants for it. */
function compilerHash() {
  const hash = createHash("sha256");
  for (const path of [...files("framework/aot", ".ts"), ...files("framework/tensorflow", ".ts")])
    hash.update(path).update(readFileSync(path));
  return hash.digest("hex").slice(0, 12);
}

function isUpToDate(hash) {
  const stamp = "dist/.stamp";
  return existsSync(stamp) && existsSync(generated) && readFileSync(stamp, "utf8") === hash;
}

async function generate() {
  const { generateProducts } = await import("./generateProducts.mjs");
  const text = generateProducts(protos, { import: "./ProductType.js" });
  if (!existsSync(generated) || readFileSync(generated, "utf8") !== text) writeFileSync(generated, text);
}

/** Declarations; `#framework` in them becomes the package's own name, which resolves from anywhere. */
function declare(out) {
  const tsc = join("node_modules", "typescript", "bin", "tsc");
  const args = [
    tsc,
    "-p",
    "tsconfig.json",
    "--emitDeclarationOnly",
    "--noCheck",
    "--outDir",
    join(out, "types"),
  ];
  // tsc has said what is wrong.
  if (spawnSync(process.execPath, args, { stdio: "inherit" }).status !== 0) throw new BuildFailure();
  for (const path of files(join(out, "types"), ".d.ts")) {
    const text = readFileSync(path, "utf8");
    if (text.includes('"#framework"')) writeFileSync(path, text.replaceAll('"#framework"', '"cmsrun"'));
  }
  for (const folder of ["test", "configs", "scripts"])
    rmSync(join(out, "types", folder), { recursive: true, force: true });
  const imports = plugins.map((path) => `import "./${path.replace(/\.ts$/, ".js")}";\n`).join("");
  writeFileSync(join(out, "types", "index.d.ts"), `export * from "./framework/index.js";\n${imports}`);
}

async function bundle(out) {
  const { build } = await import("esbuild");
  const common = {
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    keepNames: true,
    // 10 ms of an empty job's start-up; the source maps lie beside.
    minify: true,
    sourcemap: "linked",
    sourcesContent: false,
    logLevel: "warning",
    define: { CMSRUN_COMPILER: JSON.stringify(compilerHash()) },
  };
  const hostEntries = Object.fromEntries(commands.map((name) => [name, `framework/cli/${name}.ts`]));
  const framework = "framework/index.ts";
  const threads = {
    predictorThread: "framework/predict/predictorThread.ts",
    compileThread: "framework/aot/engine/compileThread.ts",
  };
  // What these threads load without the framework.
  const loadedAlone = {
    bundlePlugin: "framework/modules/bundlePlugin.ts",
    // Loaded when a graph is compiled: framework/aot/compiler.ts.
    compiler: "framework/aot/compile.ts",
    // Loaded with the first graph: framework/tensorflow/reference/ops.ts.
    referenceKernels: "framework/tensorflow/reference/kernelTable.ts",
  };
  const host = {
    ...common,
    entryPoints: {
      index: framework,
      testing: "framework/testing/exports.ts",
      threadEntry: "framework/engine/threadEntry.ts",
      ...threads,
      ...loadedAlone,
      ...hostEntries,
    },
    outdir: out,
    splitting: true,
    chunkNames: "chunk-[hash]",
    // tfjs is optional, and whoever traces has it already: the same copy, loaded when a function is traced.
    external: [
      "esbuild",
      "@bokuweb/zstd-wasm",
      "@tensorflow/tfjs-core",
      "@tensorflow/tfjs-layers",
      ...serverPackages,
    ],
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
  };
  const { besideFramework } = await import("./besideFramework.mjs");
  const alone = [...Object.values(threads), ...Object.values(loadedAlone)];
  await build({ ...host, plugins: [await besideFramework(host, framework, alone)] });
  // Loaded when a message is first read: framework/base/protobuf.ts.
  const protobufjs = { ...common, format: "cjs", sourcemap: false, entryPoints: ["protobufjs/light.js"] };
  await build({ ...protobufjs, outfile: join(out, "protobufjs.cjs") });
  copyFileSync(opDefs, join(out, "opDefs.pb.gz"));
  for (const name of commands) {
    const path = join(out, `${name}.js`);
    writeFileSync(path, `#!/usr/bin/env node\n${readFileSync(path, "utf8")}`);
    chmodSync(path, 0o755);
  }
  await bundlePlugins(out);
}

/** By the code that bundles users' plugins too. The framework stays outside, so that there is one copy of it in memory. */
async function bundlePlugins(out) {
  const { withShippedModels } = await import("./compiledModels.mjs");
  const { bundlePlugin } = await import(join(root, out, "bundlePlugin.js"));
  const manifest = {};
  for (const path of plugins) {
    const { code, inputs } = await bundlePlugin(join(root, path), "#framework");
    const built = path.replace(/\.ts$/, ".js");
    mkdirSync(dirname(join(out, built)), { recursive: true });
    writeFileSync(join(out, built), withShippedModels(code, dirname(built)));
    const relativeInputs = Object.entries(inputs).map(([file, hash]) => [relative(root, file), hash]);
    manifest[path] = { built: join("dist", built), inputs: Object.fromEntries(relativeInputs) };
  }
  writeFileSync(join(out, "plugins.json"), JSON.stringify(manifest, undefined, 1));
}

class BuildFailure extends Error {}

/** A build that fails leaves the old dist/ in place. */
async function buildAll(hash) {
  const out = `dist.${process.pid}`;
  mkdirSync(out, { recursive: true });
  try {
    const { bundleJsroot } = await import("./bundleJsroot.mjs");
    const { bundleGraphView } = await import("./bundleGraphView.mjs");
    const { compileModels } = await import("./compiledModels.mjs");
    declare(out);
    await bundle(out);
    // The command has said what is wrong.
    if (!compileModels(out)) throw new BuildFailure();
    await bundleJsroot(join(out, "jsroot.js"));
    await bundleGraphView(join(out, "graphView"));
    writeFileSync(join(out, ".stamp"), hash);
    const old = `${out}.old`;
    if (existsSync("dist")) renameSync("dist", old);
    renameSync(out, "dist");
    rmSync(old, { recursive: true, force: true });
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** npx finds a package's own commands here; otherwise it would make an install of its own for each call. */
function linkCommands() {
  const folder = join("node_modules", ".bin");
  if (!existsSync(folder)) return;
  const { bin } = JSON.parse(readFileSync("package.json", "utf8"));
  for (const [name, program] of Object.entries(bin)) {
    const link = join(folder, name);
    if (existsSync(link)) continue;
    rmSync(link, { force: true });
    symlinkSync(join("..", "..", program), link);
  }
}

// In an installed package there is nothing to build: dist/ came with it.
if (existsSync("framework")) {
  const { linkModels, models } = await import("./compiledModels.mjs");
  const hash = inputHash(models);
  if (!isUpToDate(hash)) {
    await generate();
    await buildAll(hash).catch((error) => {
      // esbuild, too, has said what is wrong.
      if (!(error instanceof BuildFailure) && !error.errors) throw error;
      process.exit(1);
    });
  }
  linkCommands();
  linkModels();
}
