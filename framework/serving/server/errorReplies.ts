/** Every answer that is no success: a status, {"error": "one sentence"}, and Retry-After where it is worth to come again. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { Exception } from "../../base/errors.js";
import { LogError } from "../../base/log.js";
import { requestFaults, retryAfterS } from "../servingErrors.js";

interface Answer {
  readonly status: number;
  readonly message: string;
}

/** fastify's handler of all that routes throw. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  if (error instanceof Exception && requestFaults[error.category]) {
    sendFault(reply, error);
    return;
  }
  const { status, message } =
    ofFastify(error as FastifyError) ?? ofCutOff(request) ?? ofService(error, request);
  sendError(reply, status, message);
}

export function sendFault(reply: FastifyReply, fault: Exception): void {
  const status = requestFaults[fault.category]?.http ?? 500;
  const seconds = retryAfterS(fault);
  if (seconds !== undefined) reply.header("retry-after", seconds);
  sendError(reply, status, fault.message);
}

export function sendError(reply: FastifyReply, status: number, message: string): void {
  reply
    .code(status)
    .header("content-type", "application/json; charset=utf-8")
    .send(JSON.stringify({ error: message }));
}

/** What fastify itself refuses: bodies that are too large or cut off, and those that a schema does not allow. */
function ofFastify(error: FastifyError): Answer | undefined {
  const { statusCode: status = 500, code, validation, message } = error;
  if (validation) return { status: 400, message: `${message}.` };
  if (typeof code !== "string" || !code.startsWith("FST_") || status >= 500) return undefined;
  if (status === 413) return { status, message: "the body is larger than this server takes." };
  return { status, message: message.endsWith(".") ? message : `${message}.` };
}

/** Of a client that went away before its request was whole: nobody reads it, and no log need tell. */
function ofCutOff({ raw }: FastifyRequest): Answer | undefined {
  return raw.complete ? undefined : { status: 400, message: "the request was cut off." };
}

/** What a function throws may tell more than clients should know. */
function ofService(error: unknown, { id, method, routeOptions }: FastifyRequest): Answer {
  const exception = Exception.from(error);
  LogError(
    "edmServe",
    `${method} ${routeOptions.url ?? "?"} failed, request ${id}\n${exception.format("Skip")}`,
  );
  return { status: 500, message: `the service failed; its log has the details of request ${id}.` };
}

const ofClients: Readonly<Record<string, Answer>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: "the request did not arrive in time." },
  HPE_HEADER_OVERFLOW: { status: 431, message: "the headers are larger than this server takes." },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, message: "the body's chunk extensions are too large." },
};
const malformed: Answer = { status: 400, message: "this is no HTTP/1.1 request." };

/** What never became a request: answered on the bare connection, which is closed then. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  if (!socket.writable || (socket.bytesWritten > 0 && isAnswering(socket))) {
    socket.destroy();
    return;
  }
  const { status, message } = ofClients[error.code ?? ""] ?? malformed;
  const body = JSON.stringify({ error: message });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "Content-Type: application/json; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}

/** For "Expect" with anything but 100-continue, which node hands to nobody else. */
export function answerExpectation(request: IncomingMessage, response: ServerResponse): void {
  const error = `'${request.headers.expect?.slice(0, 100)}' is not what this server can be expected to do.`;
  response.writeHead(417, { "content-type": "application/json; charset=utf-8", connection: "close" });
  response.end(JSON.stringify({ error }));
}

/** In the middle of an answer another one would be taken for its body. */
function isAnswering(socket: Socket & { _httpMessage?: { headersSent?: boolean } | null }): boolean {
  return socket._httpMessage?.headersSent === true;
}
