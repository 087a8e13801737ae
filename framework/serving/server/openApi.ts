/** What a server offers, as an OpenAPI 3 document: the service's functions, the protocol, health and metrics. */
import type { JsonSchema } from "../service/IODescriptor.js";
import type { Api, Service } from "../service/Service.js";

export interface DocumentOptions {
  readonly title: string;
  readonly description: string;
  readonly version: string;
  readonly service: Service | undefined;
  readonly needsToken: boolean;
}

const errorSchema: JsonSchema = {
  type: "object",
  properties: { error: { type: "string" } },
  required: ["error"],
};
const error = (description: string) => ({
  description,
  content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
});

/** What any request that is work may be answered. */
const faults = {
  400: error("The request is malformed, or not what is taken"),
  413: error("The body is too large"),
  429: error("Too many requests are being worked on; Retry-After says when to come again"),
  500: error("The service failed; its log has the details"),
  503: error("The queue is full, or the server not ready; Retry-After says when to come again"),
  504: error("There was no answer in time"),
};

export function openApiDocument({ title, description, version, service, needsToken }: DocumentOptions) {
  const apis = Object.fromEntries(
    (service?.apis ?? []).map((api) => [`/${api.name}`, { post: apiOperation(api) }]),
  );
  return {
    openapi: "3.0.2",
    info: { title, description, version },
    tags: [
      ...(service ? [{ name: "Service", description: service.doc ?? "The service's functions" }] : []),
      { name: "Models", description: "KServe's protocol, version 2 (the Open Inference Protocol)" },
      { name: "Infrastructure", description: "Health and metrics" },
    ],
    components: {
      schemas: { Error: errorSchema },
      ...(needsToken && { securitySchemes: { token: { type: "http", scheme: "bearer" } } }),
    },
    ...(needsToken && { security: [{ token: [] }] }),
    paths: { ...apis, ...modelPaths(), ...infrastructurePaths() },
  };
}

function apiOperation({ name, doc, input, output }: Api) {
  return {
    tags: ["Service"],
    operationId: name,
    summary: doc ?? `The function '${name}'`,
    requestBody: { required: true, content: { [input.mimeType]: { schema: input.schema } } },
    responses: {
      200: { description: "Its result", content: { [output.mimeType]: { schema: output.schema } } },
      ...faults,
    },
  };
}

const tensor = (more: JsonSchema): JsonSchema => ({
  type: "object",
  properties: {
    name: { type: "string" },
    shape: { type: "array", items: { type: "integer" } },
    datatype: { type: "string", example: "FP32" },
    parameters: { type: "object" },
    ...more,
  },
});
const tensors = { type: "array", items: tensor({ data: { type: "array", items: {} } }) };

function modelPaths() {
  const model = { name: "model", in: "path", required: true, schema: { type: "string" } };
  const operation = (summary: string, more = {}) => ({
    tags: ["Models"],
    summary,
    responses: { 200: { description: "Done", content: { "application/json": { schema: {} } } }, ...faults },
    ...more,
  });
  const infer = {
    type: "object",
    properties: { id: { type: "string" }, inputs: tensors },
    required: ["inputs"],
  };
  const body = { required: true, content: { "application/json": { schema: infer } } };
  const ofModel = { parameters: [model] };
  return {
    "/v2": { get: operation("The server's name, version and extensions") },
    "/v2/models/{model}": { get: operation("What a model takes and gives", ofModel) },
    "/v2/models/{model}/ready": { get: operation("Whether a model is ready", ofModel) },
    "/v2/models/{model}/config": { get: operation("A model's configuration", ofModel) },
    "/v2/models/{model}/stats": { get: operation("What a model has done", ofModel) },
    "/v2/models/{model}/infer": { post: operation("Runs a model", { ...ofModel, requestBody: body }) },
    "/v2/repository/index": { post: operation("All models, whether ready or not") },
  };
}

function infrastructurePaths() {
  const get = (summary: string, type = "text/plain") => ({
    get: {
      tags: ["Infrastructure"],
      summary,
      security: [],
      responses: { 200: { description: "OK", content: { [type]: { schema: { type: "string" } } } } },
    },
  });
  const ready = get("200 when all models are warm, 503 before and when the server is being stopped");
  return {
    "/livez": get("200 while the process lives"),
    "/healthz": get("200 while the process lives"),
    "/readyz": { get: { ...ready.get, responses: { ...ready.get.responses, 503: error("Not ready") } } },
    "/metrics": { get: { ...get("Prometheus' metrics").get, security: undefined } },
  };
}
