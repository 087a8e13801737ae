/** What goes wrong with a request, as categories: front ends turn each into a status. */
import { Exception } from "../base/errors.js";

/** Category → HTTP status and gRPC code. Any other Exception is the model's or ours: 500, INTERNAL. */
export const requestFaults: Readonly<Record<string, { readonly http: number; readonly grpc: number }>> = {
  /** Malformed, or not what the model takes. */
  BadRequest: { http: 400, grpc: 3 },
  InvalidTensor: { http: 400, grpc: 3 },
  InvalidRun: { http: 400, grpc: 3 },
  Unauthorized: { http: 401, grpc: 16 },
  ModelNotFound: { http: 404, grpc: 5 },
  ModelNotReady: { http: 400, grpc: 14 },
  RequestTooLarge: { http: 413, grpc: 8 },
  UnsupportedMediaType: { http: 415, grpc: 3 },
  TooManyRequests: { http: 429, grpc: 8 },
  /** The queue is full, or the server is shutting down; Retry-After says when to come again. */
  ServerBusy: { http: 503, grpc: 14 },
  RequestTimeout: { http: 504, grpc: 4 },
};

export function badRequest(what: string, cause?: unknown): Exception {
  return new Exception("BadRequest", what, { cause });
}

/** No room for a request now: refused before it was begun, so it may be sent again. */
export class ServerBusy extends Exception {
  /** @param retryAfterMs when there is likely to be room, for Retry-After */
  constructor(
    message: string,
    readonly retryAfterMs: number,
  ) {
    super("ServerBusy", message);
  }
}

/** Seconds for Retry-After, where it is worth to come again. */
export function retryAfterS(fault: Exception): number | undefined {
  if (fault.category !== "ServerBusy" && fault.category !== "TooManyRequests") return undefined;
  const retryAfterMs = fault instanceof ServerBusy ? fault.retryAfterMs : 1000;
  return Math.max(1, Math.ceil(retryAfterMs / 1000));
}

export function requestTimeout(what: string): Exception {
  return new Exception("RequestTimeout", what);
}
