/** The package that a command writes into: the nearest package.json at or above the working directory. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Exception } from "../base/errors.js";

export interface CurrentPackage {
  readonly root: string;
  readonly hasPackageJson: boolean;
  /** cmsrun's own repository, where plugins import "#framework". */
  readonly isCmsrun: boolean;
}

export function currentPackage(directory = process.cwd()): CurrentPackage {
  const root = packageAround(directory);
  if (root === undefined) return { root: directory, hasPackageJson: false, isCmsrun: false };
  const isCmsrun = nameIn(join(root, "package.json")) === "cmsrun" && existsSync(join(root, "framework"));
  return { root, hasPackageJson: true, isCmsrun };
}

/** The nearest directory with a package.json at or above `directory`. */
export function packageAround(directory: string): string | undefined {
  for (let at = directory; ; at = dirname(at)) {
    if (existsSync(join(at, "package.json"))) return at;
    if (dirname(at) === at) return undefined;
  }
}

function nameIn(packageJson: string): unknown {
  try {
    return (JSON.parse(readFileSync(packageJson, "utf8")) as { name?: unknown }).name;
  } catch (error) {
    throw new Exception("Configuration", `${packageJson} cannot be read: ${(error as Error).message}`);
  }
}
