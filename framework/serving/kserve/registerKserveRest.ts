/** The REST half of KServe's protocol, with Triton's extensions, as a plugin of fastify: everything below /v2. */
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from "fastify";
import { Exception } from "../../base/errors.js";
import type { ModelRepository } from "../ServedModel.js";
import { badRequest, type ServerBusy } from "../servingErrors.js";
import { chooseEncoding, deflateBody, inflateBody } from "./contentEncoding.js";
import {
  isModelReady,
  modelConfig,
  modelMetadata,
  repositoryIndex,
  restExtensions,
  statisticsOf,
} from "./documents.js";
import { deadlineAfter, type KserveOptions } from "./KserveOptions.js";
import { addRefusals } from "./addRefusals.js";
import { loadFault } from "./faults.js";
import { matchInputs } from "./matchInputs.js";
import { modelControlRefusal } from "./refusals.js";
import { json, sendError, sendFault, sendJson, trying } from "./restReplies.js";
import { parseInferRequest, parseJson } from "./restRequest.js";
import { type InferResponse, writeInferResponse } from "./restResponse.js";

interface Params {
  readonly model?: string;
  readonly version?: string;
}
type Request = FastifyRequest<{ Params: Params }>;

/** `await fastify.register((app) => registerKserveRest(app, repository, options))`, so that its parser stays its own. */
export async function registerKserveRest(
  fastify: FastifyInstance,
  repository: ModelRepository,
  options: KserveOptions,
): Promise<void> {
  fastify.removeAllContentTypeParsers();
  // JSON, binary and compressed bodies are told apart by other headers, so all come as bytes.
  fastify.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  fastify.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    // A body that was cut off is no fault of ours.
    const isCutOff = !(error instanceof Exception) && !request.raw.complete;
    const { statusCode = isCutOff ? 400 : 500 } = error;
    if (statusCode < 500) sendError(reply, statusCode, error.message);
    else sendFault(reply, error);
  });
  addServer(fastify, repository, options);
  addModels(fastify, repository, options);
  addRepository(fastify, repository, options);
  addRefusals(fastify);
}

function addServer(fastify: FastifyInstance, repository: ModelRepository, options: KserveOptions): void {
  const { server, isReady = () => true } = options;
  fastify.get("/v2/health/live", (_request, reply) => void reply.send());
  fastify.get("/v2/health/ready", (_request, reply) => {
    if (isReady()) reply.send();
    else sendError(reply, 503, "the server is not ready yet, or shutting down");
  });
  const metadata = { ...server, extensions: restExtensions };
  for (const path of ["/v2", "/v2/"]) fastify.get(path, (_request, reply) => sendJson(reply, metadata));
  for (const path of ["/v2/models/stats", ...modelPaths("/stats")])
    fastify.get(
      path,
      answering(({ model = "", version = "" }) => ({
        model_stats: statisticsOf(repository, model, version),
      })),
    );
}

function addModels(fastify: FastifyInstance, repository: ModelRepository, options: KserveOptions): void {
  const find = ({ model = "", version = "" }: Params) => repository.get(model, version);
  for (const path of modelPaths("/ready"))
    fastify.get(path, (request: Request, reply) => {
      const { model = "", version = "" } = request.params;
      if (isModelReady(repository, model, version)) reply.send();
      else sendError(reply, 400, `model '${model}'${version && ` version ${version}`} is not ready`);
    });
  for (const path of modelPaths(""))
    fastify.get(
      path,
      answering((params) => modelMetadata(repository, find(params))),
    );
  for (const path of modelPaths("/config"))
    fastify.get(
      path,
      answering((params) => modelConfig(find(params))),
    );
  const maxInflatedBytes = fastify.initialConfig.bodyLimit ?? defaultBodyLimit;
  const onRequest = refuseUnread(repository);
  for (const path of modelPaths("/infer"))
    fastify.post(path, { onRequest }, (request: Request, reply) => {
      const body = (request.body as Buffer | undefined) ?? noBody;
      const encoding = request.headers["content-encoding"];
      if (encoding === undefined || encoding === "identity" || encoding === "") {
        infer(repository, options, request, reply, body);
        return;
      }
      inflateBody(body, encoding.toLowerCase(), maxInflatedBytes, (error, inflated) => {
        if (error !== undefined) sendFault(reply, error);
        else infer(repository, options, request, reply, inflated as Buffer);
      });
    });
}

const noBody = Buffer.alloc(0);
/** fastify's own. */
const defaultBodyLimit = 2 ** 20;

/** With and without the version. */
function modelPaths(end: string): string[] {
  return [`/v2/models/:model${end}`, `/v2/models/:model/versions/:version${end}`];
}

/**
 * While a model's queue is full its requests are refused before their bodies are read and parsed, which may cost as much as
 * the model: otherwise refusing would take the time that answering needs. Any other fault is found when the request is read.
 */
function refuseUnread(repository: ModelRepository): onRequestHookHandler {
  return (request, reply, done) => {
    const { model = "", version = "" } = request.params as Params;
    let refusal: ServerBusy | undefined;
    try {
      refusal = repository.get(model, version).refusal?.();
    } catch {
      refusal = undefined;
    }
    if (refusal) sendFault(reply, refusal);
    else done();
  };
}

/** No promise but the model's own, and no schema: this is what a server does all day. */
function infer(
  repository: ModelRepository,
  options: KserveOptions,
  request: Request,
  reply: FastifyReply,
  body: Buffer,
): void {
  try {
    const { model: name, version } = request.params;
    const model = repository.get(name as string, version ?? "");
    const header = request.headers["inference-header-content-length"] as string | undefined;
    const { id, timeoutMs, inputs, outputs: requested } = parseInferRequest(body, header, model);
    const work = model.infer(matchInputs(model, inputs), deadlineAfter(timeoutMs, options));
    options.onWork?.(reply, work);
    work.then(
      (outputs) => {
        try {
          sendResponse(request, reply, writeInferResponse(model, id, outputs, requested));
        } catch (error) {
          sendFault(reply, error);
        }
      },
      (error) => sendFault(reply, error),
    );
  } catch (error) {
    sendFault(reply, error);
  }
}

function sendResponse(request: Request, reply: FastifyReply, { body, jsonBytes }: InferResponse): void {
  if (jsonBytes === undefined) reply.header("content-type", json);
  else
    reply
      .header("content-type", "application/octet-stream")
      .header("inference-header-content-length", jsonBytes);
  const accepted = request.headers["accept-encoding"];
  const encoding = accepted === undefined ? undefined : chooseEncoding(accepted as string, body.length);
  if (encoding === undefined) {
    reply.send(body);
    return;
  }
  deflateBody(body, encoding, (error, deflated) => {
    if (error) sendFault(reply, error);
    else reply.header("content-encoding", encoding).send(deflated);
  });
}

function addRepository(fastify: FastifyInstance, repository: ModelRepository, options: KserveOptions): void {
  const { allowsModelControl = true } = options;
  fastify.post("/v2/repository/index", (request, reply) =>
    trying(reply, () => sendJson(reply, repositoryIndex(repository, bodyOf(request).ready === true))),
  );
  for (const action of ["load", "unload"] as const)
    fastify.post(`/v2/repository/models/:model/${action}`, async (request: Request, reply) => {
      const { model = "" } = request.params;
      try {
        if (!allowsModelControl) throw badRequest(modelControlRefusal);
        const { parameters } = bodyOf(request);
        const isObject = typeof parameters === "object" && parameters !== null;
        if (parameters !== undefined && !isObject) throw badRequest("'parameters' must be an object");
        if (action === "unload") await repository.unload(model);
        else await repository.load(model, parameters as Record<string, unknown> | undefined);
        return reply.header("content-type", json).send("");
      } catch (error) {
        sendFault(reply, loadFault(model, error));
        return reply;
      }
    });
}

function answering(answer: (params: Params) => unknown) {
  return (request: Request, reply: FastifyReply) =>
    trying(reply, () => sendJson(reply, answer(request.params)));
}

function bodyOf({ body }: FastifyRequest): Readonly<Record<string, unknown>> {
  const bytes = (body as Buffer | undefined) ?? noBody;
  return bytes.length === 0 ? {} : parseJson(bytes.toString("utf8"));
}
