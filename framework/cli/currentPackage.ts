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
  for (let root = directory; ; root = dirname(root)) {
    const file = join(root, "package.json");
    if (existsSync(file)) {
      return {
        root,
        hasPackageJson: true,
        isCmsrun: nameIn(file) === "cmsrun" && existsSync(join(root, "framework")),
      };
    }
    if (dirname(root) === root) return { root: directory, hasPackageJson: false, isCmsrun: false };
  }
}

function nameIn(packageJson: string): unknown {
  try {
    return (JSON.parse(readFileSync(packageJson, "utf8")) as { name?: unknown }).name;
  } catch (error) {
    throw new Exception("Configuration", `${packageJson} cannot be read: ${(error as Error).message}`);
  }
}
