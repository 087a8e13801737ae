/** The server's certificate, read and tried before anything is served. */
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { Exception } from "../../base/errors.js";
import type { TlsFiles } from "./ServeOptions.js";

export interface TlsOptions {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | undefined;
}

/** @throws FileOpenError; Configuration for a certificate and a key that do not belong together */
export function readTls({ certificate, key, authorities }: TlsFiles): TlsOptions {
  const read = {
    cert: readPem("certificate", certificate),
    key: readPem("key", key),
    ca: authorities === undefined ? undefined : readPem("certificate authorities", authorities),
  };
  try {
    createSecureContext(read);
  } catch (error) {
    throw new Exception(
      "Configuration",
      `TLS with certificate '${certificate}' and key '${key}' is not possible: ${(error as Error).message}; both must be PEM files that belong together.`,
      { cause: error },
    );
  }
  return read;
}

function readPem(what: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Exception(
      "FileOpenError",
      `the TLS ${what} '${path}' cannot be read: ${(error as Error).message}.`,
    );
  }
}
