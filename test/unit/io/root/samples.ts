/** What the tests of this folder share: the sample files, and the bundle of jsroot that the reader imports. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleJsroot } from "../../../../scripts/bundleJsroot.mjs";
import { Exception } from "../../../../framework/base/errors.js";

const packageRoot = fileURLToPath(new URL("../../../..", import.meta.url));

/** A file of data/samples. */
export const sample = (name: string) => join(packageRoot, "data", "samples", name);

/** The folder of files that may serve as test data and are not ours to commit, or undefined. */
export const sharedSamples = process.env.CMSRUN_SHARED && join(process.env.CMSRUN_SHARED, "samples");

/** Where only shared files can show it: says aloud that the tests do not run. */
export function skipWithoutSharedSamples(what: string): boolean {
  if (sharedSamples === undefined || sharedSamples === "") {
    console.warn(`SKIPPED: ${what}: set CMSRUN_SHARED to the folder that holds samples/`);
    return true;
  }
  return false;
}

/** Builds dist/jsroot.js where it is missing or older than what goes into it. */
export async function ensureJsrootBundle(): Promise<void> {
  const bundle = join(packageRoot, "dist", "jsroot.js");
  const inputs = [
    "scripts/bundleJsroot.mjs",
    "framework/io/root/jsrootGlobals.ts",
    "framework/io/root/jsrootZstd.ts",
  ];
  const newest = Math.max(...inputs.map((input) => statSync(join(packageRoot, input)).mtimeMs));
  if (!existsSync(bundle) || statSync(bundle).mtimeMs < newest) await bundleJsroot(bundle);
}

/** The Exception that `promise` ends with. */
export async function failure(promise: Promise<unknown>): Promise<Exception> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof Exception) return thrown;
  throw new Error(`expected an Exception, got ${String(thrown)}`, { cause: thrown });
}
