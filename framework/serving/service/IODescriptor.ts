/** How an API's input or output travels over HTTP, and what its documentation says of it. */
import { Exception } from "../../base/errors.js";

/** A JSON schema, as OpenAPI has them. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface IODescriptor<T> {
  /** Content-Type of what is sent, and what a client is told to use. */
  readonly mimeType: string;
  /** For the documentation. */
  readonly schema: JsonSchema;
  /** Checked before the function is called; the fault's path is in the answer. */
  readonly bodySchema?: JsonSchema | undefined;
  /** @param mediaType without parameters, in small letters; "" where the client sent none */
  accepts(mediaType: string): boolean;
  /** @throws BadRequest, InvalidTensor */
  decode(body: Buffer): T;
  /** @throws Configuration for a value that this descriptor cannot send */
  encode(value: T): string | Buffer;
}

/** What a function gave and the descriptor of its output cannot send: the service's fault, so the log tells it. */
export function notSendable(what: string): Exception {
  return new Exception("Configuration", what);
}
