/** A bearer token lies in a file: command lines and configurations are read by others. */
import { readFileSync } from "node:fs";
import { Exception } from "../base/errors.js";

/**
 * The token in a file; undefined where it holds none, which is one line of visible characters without blanks.
 * @param owner whose token it is, for the message
 * @throws FileOpenError
 */
export function tokenIn(path: string, owner: string): string | undefined {
  let token: string;
  try {
    token = readFileSync(path, "utf8").trim();
  } catch (cause) {
    const text = `${owner}: the token cannot be read: ${(cause as Error).message}.`;
    throw new Exception("FileOpenError", text, { cause });
  }
  return /^[\x21-\x7e]+$/.test(token) ? token : undefined;
}
