/** Packages that are not installed everywhere: loaded where they are needed, and named where they are missing. */
import { Exception } from "./errors.js";

/**
 * @param name with the version to install, "@scope/package@1.2.3"
 * @param user what needs it, the subject of the message
 * @param load imports it; written at the call, so that the bundler sees the package
 * @throws NotFound when it is not installed
 */
export async function optionalPackage<T>(
  name: string,
  user: string,
  load: () => Promise<unknown>,
): Promise<T> {
  try {
    return (await load()) as T;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND") throw error;
    const bare = name.replace(/@[^@]*$/, "");
    throw new Exception(
      "NotFound",
      `${user} needs the package ${bare}, which is not installed; install it: npm install ${name}.`,
      { cause: error },
    );
  }
}
