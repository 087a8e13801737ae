/** The paths of what Triton offers over REST and this server does not. */
import type { FastifyInstance } from "fastify";
import { settingsRefusal, sharedMemoryRefusal } from "./refusals.js";
import { sendError, sendJson } from "./restReplies.js";

/** Says so in one sentence; a path that is none gets an error as all others. */
export function addRefusals(fastify: FastifyInstance): void {
  const refuse = (method: "GET" | "POST", url: string, sentence: string) =>
    fastify.route({ method, url, handler: (_request, reply) => sendError(reply, 400, sentence) });
  for (const url of ["/v2/logging", "/v2/trace/setting", "/v2/models/:model/trace/setting"]) {
    fastify.get(url, (_request, reply) => sendJson(reply, {}));
    refuse("POST", url, settingsRefusal);
  }
  for (const kind of ["systemsharedmemory", "cudasharedmemory"]) {
    for (const region of ["", "/region/:region"]) {
      // There are no regions, which is what a client that cleans up wants to hear.
      fastify.get(`/v2/${kind}${region}/status`, (_request, reply) => sendJson(reply, []));
      fastify.post(`/v2/${kind}${region}/unregister`, (_request, reply) => sendJson(reply, {}));
    }
    refuse("POST", `/v2/${kind}/region/:region/register`, sharedMemoryRefusal);
  }
  fastify.all("/v2/*", (request, reply) =>
    sendError(reply, 404, `there is no ${request.method} ${request.url.slice(0, 200)}`),
  );
}
