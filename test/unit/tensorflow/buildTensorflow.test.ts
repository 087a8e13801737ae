/** npm run build:tensorflow where something is missing: one message with the remedy, and nothing left behind. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "build-tensorflow-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Looks like a libtensorflow until something is linked against it. */
const site = join(folder, "tensorflow");
mkdirSync(join(site, "include", "tensorflow", "c"), { recursive: true });
for (const name of [
  "libtensorflow_cc.so.2",
  "libtensorflow_framework.so.2",
  "include/tensorflow/c/c_api.h",
]) {
  writeFileSync(join(site, name), "");
}

function build(env: Record<string, string>) {
  const builds = () => readdirSync(root).filter((name) => name.startsWith(".tensorflow"));
  const before = builds();
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, "scripts", "buildTensorflow.mjs")],
    {
      encoding: "utf8",
      env: { ...process.env, ...env },
    },
  );
  expect(builds()).toEqual(before);
  return { status, stdout, stderr };
}

it.each([
  [
    "no TensorFlow in the folder",
    { LIBTENSORFLOW_DIR: folder },
    /^build:tensorflow: LIBTENSORFLOW_DIR='.*' has no libtensorflow with .*; install one \(pip install tensorflow-cpu==2\.15\.1\)/,
  ],
  [
    "no compiler",
    { LIBTENSORFLOW_DIR: site, CXX: "/no/compiler" },
    /^build:tensorflow: there is no C\+\+ compiler '\/no\/compiler'; install g\+\+, or name one with CXX$/,
  ],
  [
    "no registry",
    {
      LIBTENSORFLOW_DIR: site,
      CXX: process.execPath,
      npm_config_registry: "http://127.0.0.1:9/",
      npm_config_fetch_retries: "0",
    },
    /^build:tensorflow: npm cannot install @tensorflow\/tfjs-node and node-api-headers; is its registry reachable\?/,
  ],
])("says what to do: %s", (_, env, message) => {
  const { status, stdout, stderr } = build(env);
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(new RegExp(message.source, "m"));
});
