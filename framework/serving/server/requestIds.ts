/** The id under which a request is found in logs: the client's own, or one made here. */
import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";

const maxLength = 128;

/** Ids of one server: its own random part, and a number. */
export function requestIds(): (request: IncomingMessage) => string {
  const prefix = `${randomBytes(6).toString("hex")}-`;
  let count = 0;
  return ({ headers }) => {
    const given = headers["x-request-id"];
    if (typeof given === "string" && given.length > 0 && given.length <= maxLength && isPlain(given))
      return given;
    return prefix + count++;
  };
}

/** Visible ASCII: what may stand in a header and in a line of a log. */
function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x21 || code > 0x7e) return false;
  }
  return true;
}
