/** The paths that every server has: health, metrics, and the documentation with its page. */
import type { FastifyInstance } from "fastify";
import type { Admission } from "./Admission.js";
import { answerError, sendError } from "./errorReplies.js";
import type { Metrics } from "./metrics.js";

const notReady = {
  starting: "the models are being loaded.",
  draining: "the server is being stopped.",
};

export function addHealth(app: FastifyInstance, admission: Admission): void {
  for (const path of ["/livez", "/healthz"])
    app.get(path, (_request, reply) => void reply.type("text/plain").send("\n"));
  app.get("/readyz", (_request, reply) => {
    const { state } = admission;
    if (state === "ready") reply.type("text/plain").send("\n");
    else sendError(reply.header("retry-after", 1), 503, notReady[state]);
  });
}

export function addMetrics(app: FastifyInstance, metrics: Metrics): void {
  app.get("/metrics", async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
}

/** /docs.json, and at / Swagger's page of it; it takes nothing from the network. */
export async function addDocumentation(app: FastifyInstance, title: string, document: object): Promise<void> {
  const [{ default: swagger }, { default: swaggerUi }] = await Promise.all([
    import("@fastify/swagger"),
    import("@fastify/swagger-ui"),
  ]);
  await app.register(swagger, { mode: "static", specification: { document: document as never } });
  app.get(
    "/docs.json",
    (_request, reply) => void reply.type("application/json").send(JSON.stringify(document)),
  );
  await app.register(async (scope) => {
    // Paths that lead out of its folder, for instance.
    scope.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
      const { statusCode = 500, message } = error;
      if (statusCode < 500) sendError(reply, statusCode, `${message}.`);
      else answerError(error, request, reply);
    });
    await scope.register(swaggerUi, {
      routePrefix: "/",
      theme: { title },
      // Without the bar in which another page could be named.
      uiConfig: { layout: "BaseLayout", docExpansion: "list", deepLinking: false },
      staticCSP:
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
    });
  });
}
