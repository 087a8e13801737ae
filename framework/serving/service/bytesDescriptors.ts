/** Bodies that are no JSON: text, and files or images as their bytes. */
import { isUtf8 } from "node:buffer";
import { badRequest } from "../servingErrors.js";
import { type IODescriptor, notSendable } from "./IODescriptor.js";

export function textDescriptor(): IODescriptor<string> {
  return {
    mimeType: "text/plain",
    schema: { type: "string" },
    accepts: (mediaType) => mediaType === "" || mediaType.startsWith("text/"),
    decode(body) {
      if (isUtf8(body)) return body.toString("utf8");
      throw badRequest("Text: the body has bytes that are no UTF-8.");
    },
    encode(value) {
      if (typeof value === "string") return value;
      throw notSendable(`Text: the output is a ${typeof value}, not a string.`);
    },
  };
}

export interface FileOptions {
  /** What is sent, and what is taken where it is given; any type otherwise. */
  readonly mimeType?: string;
}

/** The bytes of a body. */
export function fileDescriptor({ mimeType }: FileOptions = {}): IODescriptor<Uint8Array> {
  return bytesDescriptor("File", mimeType ?? "application/octet-stream", (mediaType) =>
    mimeType === undefined ? true : mediaType === mimeType.toLowerCase(),
  );
}

/** The bytes of an image, as they came: decoding them is the function's work. */
export function imageDescriptor({ mimeType }: FileOptions = {}): IODescriptor<Uint8Array> {
  return bytesDescriptor("Image", mimeType ?? "image/png", (mediaType) =>
    mimeType === undefined ? mediaType.startsWith("image/") : mediaType === mimeType.toLowerCase(),
  );
}

function bytesDescriptor(
  name: string,
  mimeType: string,
  accepts: (mediaType: string) => boolean,
): IODescriptor<Uint8Array> {
  return {
    mimeType,
    schema: { type: "string", format: "binary" },
    accepts,
    decode(body) {
      if (body.length > 0) return body;
      throw badRequest(`${name}: the body is empty.`);
    },
    encode(value) {
      if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      throw notSendable(`${name}: the output is a ${typeof value}, not a Uint8Array.`);
    },
  };
}
