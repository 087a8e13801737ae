/** A service's functions as routes: POST /NAME. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Exception } from "../../base/errors.js";
import { isPromise } from "../../base/isPromise.js";
import type { Api, Service } from "../service/Service.js";
import { workOf } from "./Admission.js";
import { answerError } from "./errorReplies.js";

const noBody = Buffer.alloc(0);

/** A schema that is none is told when the app becomes ready. */
export function addApis(app: FastifyInstance, service: Service, timeoutMs: number): void {
  for (const api of service.apis) app.register(async (scope) => addApi(scope, api, timeoutMs));
}

function addApi(app: FastifyInstance, api: Api, timeoutMs: number): void {
  const { name, input, output } = api;
  const contentType = withCharset(output.mimeType);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (request, body, done) => {
    try {
      done(null, decode(api, request, body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
  const answer = (reply: FastifyReply, value: unknown) => {
    const payload = output.encode(value);
    if (!reply.sent) reply.header("content-type", contentType).send(payload);
  };
  const handler = (request: FastifyRequest, reply: FastifyReply) => {
    try {
      // Without any body no parser was asked.
      const given = request.body === undefined ? decode(api, request, noBody) : request.body;
      const context = { requestId: request.id, deadlineMs: performance.now() + timeoutMs };
      const value = api.call(given, context);
      if (!isPromise(value)) {
        answer(reply, value);
        return;
      }
      const work = Promise.resolve(value);
      workOf(reply, work);
      work.then((result) => answer(reply, result)).catch((error) => failed(error, request, reply));
    } catch (error) {
      failed(error, request, reply);
    }
  };
  const { bodySchema } = input;
  app.post(`/${name}`, { ...(bodySchema && { schema: { body: bodySchema } }), handler });
}

function failed(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  if (!reply.sent) answerError(error, request, reply);
}

function decode({ name, input }: Api, { headers }: FastifyRequest, body: Buffer): unknown {
  const mediaType = mediaTypeOf(headers["content-type"]);
  if (input.accepts(mediaType)) return input.decode(body);
  throw new Exception(
    "UnsupportedMediaType",
    `/${name} does not take '${mediaType}': send the header Content-Type: ${input.mimeType}.`,
  );
}

function mediaTypeOf(header: string | undefined): string {
  if (header === undefined || header === "application/json") return header ?? "";
  const end = header.indexOf(";");
  return (end < 0 ? header : header.slice(0, end)).trim().toLowerCase();
}

function withCharset(mimeType: string): string {
  return mimeType === "application/json" || mimeType.startsWith("text/")
    ? `${mimeType}; charset=utf-8`
    : mimeType;
}
