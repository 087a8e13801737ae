/** The HTTP server as fastify makes it, with the limits on connections, headers and slow senders. */
import type { Server } from "node:http";
import type { FastifyInstance, FastifyServerOptions, onRequestHookHandler, RouteOptions } from "fastify";
import type { Admission } from "./Admission.js";
import { Endpoint, type EndpointKind } from "./Endpoint.js";
import { answerClientError, answerError, answerExpectation, sendError } from "./errorReplies.js";
import { keepAliveTimeoutMs, maxHeaderBytes, type ServeOptions } from "./ServeOptions.js";
import { requestIds } from "./requestIds.js";
import { readTls } from "./tlsOptions.js";

/** How often node looks for slow senders. */
const checkingMs = 1000;
const longestTls = 10_000;

/** Nothing that a client sends is converted or left out, and no keyword of a schema is passed over. */
const validation = {
  coerceTypes: false,
  removeAdditional: false,
  useDefaults: false,
  strictSchema: true,
  strictTypes: false,
  strictTuples: false,
  strictRequired: false,
} as const;

/** An app whose routes, added from now on, begin with `admission`, each as an endpoint of its own. */
export async function createApp(
  options: ServeOptions,
  admission: Admission,
  endpoints: Endpoint[],
): Promise<FastifyInstance> {
  const { fastify } = await import("fastify");
  const http = {
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: options.headersTimeoutMs,
    connectionsCheckingInterval: checkingMs,
    noDelay: true,
    // Node's own answer has no body: Admission refuses such a request.
    requireHostHeader: false,
  };
  const settings = {
    logger: false,
    bodyLimit: options.maxRequestBytes,
    requestTimeout: options.requestTimeoutMs,
    // Of a connection on which nothing moves: who does not take its answer gives back its place and the answer's memory.
    connectionTimeout: options.timeoutMs + options.requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    return503OnClosing: false,
    genReqId: requestIds(),
    clientErrorHandler: answerClientError,
    frameworkErrors: answerError,
    ajv: { customOptions: validation },
    ...(options.tls
      ? { https: { ...http, ...tlsSettings(options.tls), handshakeTimeout: longestTls } }
      : { http }),
  } as FastifyServerOptions;
  const app = fastify(settings);
  (app.server as Server).maxConnections = options.maxConnections;
  app.server.on("checkExpectation", answerExpectation);
  app.server.on("connection", () => admission.intake.connected());
  app.setErrorHandler(answerError);
  guardRoutes(app, admission, endpoints);
  return app;
}

function tlsSettings(files: NonNullable<ServeOptions["tls"]>) {
  const { cert, key, ca } = readTls(files);
  return { cert, key, ...(ca && { ca, requestCert: true, rejectUnauthorized: true }) };
}

function guardRoutes(app: FastifyInstance, admission: Admission, endpoints: Endpoint[]): void {
  app.addHook("onRoute", (route) => {
    const endpoint = endpointOf(route, endpoints);
    const others = route.onRequest === undefined ? [] : [route.onRequest].flat();
    route.onRequest = [admission.guard(endpoint), ...(others as onRequestHookHandler[])];
  });
  const unknown = new Endpoint("unknown", "probe");
  endpoints.push(unknown);
  const guardUnknown = admission.guard(unknown);
  app.setNotFoundHandler((request, reply) => {
    guardUnknown.call(app, request, reply, () => {});
    const { method, url } = request;
    sendError(reply, 404, `there is no ${method} ${url.slice(0, 200)}; GET /docs.json tells what there is.`);
  });
}

/** GET and HEAD of a path are one. */
function endpointOf({ method, url }: RouteOptions, endpoints: Endpoint[]): Endpoint {
  const known = endpoints.find(({ path }) => path === url);
  if (known) return known;
  const endpoint = new Endpoint(url, kindOf(method, url));
  endpoints.push(endpoint);
  return endpoint;
}

const probes = ["/livez", "/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"];

function kindOf(method: RouteOptions["method"], url: string): EndpointKind {
  if (probes.includes(url)) return "probe";
  return [method].flat().includes("POST") ? "work" : "read";
}
