/** An error as the protocol's clients see it: a status, and one sentence. */
import { Exception } from "../../base/errors.js";
import { LogError } from "../../base/log.js";
import { badRequest, requestFaults, retryAfterS } from "../servingErrors.js";

export interface Fault {
  readonly http: number;
  readonly grpc: number;
  readonly message: string;
  /** Seconds for Retry-After, where it is worth to come again. */
  readonly retryAfterS: number | undefined;
}

const internal = { http: 500, grpc: 13 };

/** What is not the request's fault is logged, with its stack where it has one. */
export function faultOf(error: unknown): Fault {
  const exception = Exception.from(error);
  const known = requestFaults[exception.category];
  if (!known) LogError("KServe", exception.format("Skip"));
  const message = exception.message.replace(/\.$/, "");
  const { http, grpc } = known ?? internal;
  return { http, grpc, message: message || exception.category, retryAfterS: retryAfterS(exception) };
}

/** Status messages travel in headers, which are small. */
const maxMessage = 1000;

/** The same as gRPC has it. */
export function grpcStatus(error: unknown): { readonly code: number; readonly details: string } {
  const { grpc, message } = faultOf(error);
  // Cut in the middle of a character it could not be sent.
  return { code: grpc, details: Buffer.from(message.slice(0, maxMessage)).toString("utf8") };
}

/** What a model says that cannot be loaded is told to whoever asked for it. */
export function loadFault(name: string, error: unknown): Exception {
  const exception = Exception.from(error);
  if (requestFaults[exception.category] || exception.foreignStack !== undefined) return exception;
  return badRequest(`failed to load '${name}': ${exception.message}`, exception);
}
