/** Compressed bodies of requests and responses: gzip, and deflate in zlib's form. */
import { deflate, gunzip, gzip, inflate } from "node:zlib";
import { Exception } from "../../base/errors.js";
import { badRequest } from "../servingErrors.js";

/** Below this a compressed response costs more than it saves; many clients say that they take one and mean nothing by it. */
const minCompressedBytes = 1024;

/**
 * Bodies that are inflated at once; the others wait. A body of 60 kB may become one of 64 MB, so 24 of them took 1.6 GB
 * together. Node has four threads for it.
 */
const maxInflating = 4;
const waiting: (() => void)[] = [];
let inflating = 0;

type Done = (error: unknown, body?: Buffer) => void;

/** @param maxBytes of the body once it is inflated */
export function inflateBody(body: Buffer, encoding: string, maxBytes: number, done: Done): void {
  const decode = encoding === "gzip" ? gunzip : encoding === "deflate" ? inflate : undefined;
  if (!decode) {
    done(
      badRequest(
        `Content-Encoding '${encoding.slice(0, 40)}' is not supported: send gzip, deflate or identity`,
      ),
    );
    return;
  }
  const start = () => {
    inflating++;
    decode(body, { maxOutputLength: maxBytes }, (error, inflated) => {
      inflating--;
      waiting.shift()?.();
      if (!error) done(undefined, inflated);
      else if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
        done(new Exception("RequestTooLarge", `the request inflates to more than ${maxBytes} bytes`));
      else done(badRequest(`the request's body is no ${encoding}: ${error.message}`, error));
    });
  };
  if (inflating < maxInflating) start();
  else waiting.push(start);
}

/** The encoding to answer in; undefined: as it is. */
export function chooseEncoding(accepted: string, sizeBytes: number): "gzip" | "deflate" | undefined {
  if (sizeBytes < minCompressedBytes) return undefined;
  const refused = /(gzip|deflate)\s*;\s*q=0(\.0*)?\s*(?=,|$)/gi;
  const wanted = accepted.replace(refused, "").toLowerCase();
  return wanted.includes("gzip") ? "gzip" : wanted.includes("deflate") ? "deflate" : undefined;
}

export function deflateBody(body: string | Buffer, encoding: "gzip" | "deflate", done: Done): void {
  (encoding === "gzip" ? gzip : deflate)(body, done);
}
