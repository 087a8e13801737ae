/** Paths as cmsml takes them: "~" is the home directory, "$NAME" and "${NAME}" are variables of the environment. */
import { homedir } from "node:os";

/** A variable that is not set stays as it is written, as in Python's expandvars. */
export function expandPath(path: string): string {
  const home = path === "~" || path.startsWith("~/") ? homedir() + path.slice(1) : path;
  return home.replace(
    /\$(?:(\w+)|\{([^}]+)\})/g,
    (text, plain?: string, braced?: string) => process.env[plain ?? braced ?? ""] ?? text,
  );
}
