/** Replies of the REST front end: documents as JSON, and every fault as {"error": sentence} with its status. */
import type { FastifyReply } from "fastify";
import { faultOf } from "./faults.js";

/** Whole: fastify would add the charset at every response. */
export const json = "application/json; charset=utf-8";

export function sendJson(reply: FastifyReply, document: unknown): void {
  reply.header("content-type", json).send(JSON.stringify(document));
}

export function sendFault(reply: FastifyReply, error: unknown): void {
  const { http, message, retryAfterS } = faultOf(error);
  if (retryAfterS !== undefined) reply.header("retry-after", retryAfterS);
  sendError(reply, http, message);
}

export function sendError(reply: FastifyReply, status: number, message: string): void {
  reply.removeHeader("inference-header-content-length");
  reply
    .code(status)
    .header("content-type", json)
    .send(JSON.stringify({ error: message }));
}

/** Sends what `action` throws. */
export function trying(reply: FastifyReply, action: () => void): void {
  try {
    action();
  } catch (error) {
    sendFault(reply, error);
  }
}
