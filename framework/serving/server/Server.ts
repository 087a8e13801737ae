/**
 * A server from its first answer to its last: it listens, says that it is not ready, loads and warms its models, serves,
 * and at the end finishes what it has accepted.
 */
import { Exception } from "../../base/errors.js";
import { Admission, workOf } from "./Admission.js";
import { addApis } from "./apiRoutes.js";
import { BearerToken } from "./BearerToken.js";
import { createApp } from "./createApp.js";
import type { Endpoint } from "./Endpoint.js";
import { GrpcServer } from "./GrpcServer.js";
import { HttpServer } from "./HttpServer.js";
import { addDocumentation, addHealth, addMetrics } from "./infrastructureRoutes.js";
import { createMetrics } from "./metrics.js";
import { openApiDocument } from "./openApi.js";
import { settledWithin } from "./settledWithin.js";
import { bufferedRequests, type ServeOptions } from "./ServeOptions.js";
import type { ServerContents } from "./ServerContents.js";

/** What models are given at least to end, once all requests are. */
const closingMs = 1000;

export class Server {
  /** Where it listens: http or https first, then grpc. */
  readonly urls: readonly string[];
  readonly #admission: Admission;
  readonly #http: HttpServer;
  readonly #grpc: GrpcServer | undefined;
  readonly #contents: ServerContents;
  #stopping: Promise<number> | undefined;

  private constructor(
    urls: readonly string[],
    admission: Admission,
    http: HttpServer,
    grpc: GrpcServer | undefined,
    contents: ServerContents,
  ) {
    this.urls = urls;
    this.#admission = admission;
    this.#http = http;
    this.#grpc = grpc;
    this.#contents = contents;
  }

  /**
   * Listens; every request but health and documentation gets 503 until `load` is done.
   * @throws Configuration for an address that cannot be had, a certificate or a schema that is none; FileOpenError
   */
  static async listen(contents: ServerContents, options: ServeOptions): Promise<Server> {
    const { maxConcurrency, maxRequestBytes, timeoutMs } = options;
    const limits = {
      maxConcurrency,
      maxRequestBytes,
      maxBufferedBytes: bufferedRequests * maxRequestBytes,
      timeoutMs,
    };
    const token = options.token === undefined ? undefined : new BearerToken(options.token);
    const admission = new Admission(limits, token, options.accessLog);
    const endpoints: Endpoint[] = [];
    const http = await openHttp(contents, options, admission, endpoints);
    const url = await http.listen();
    if (options.grpcPort === undefined) return new Server([url], admission, http, undefined, contents);
    try {
      const grpc = await GrpcServer.listen(contents, options, admission, token, endpoints);
      return new Server([url, grpc.url], admission, http, grpc, contents);
    } catch (error) {
      await http.drain(0);
      throw error;
    }
  }

  /** Loads the models; then the server is ready, unless it has been stopped meanwhile. @throws what loading throws */
  async load(): Promise<void> {
    await this.#contents.load();
    if (this.#admission.state === "starting") this.#admission.state = "ready";
  }

  get isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  /** Finishes what was accepted. @returns how many requests were cut off, because they took longer */
  stop(withinMs: number): Promise<number> {
    this.#stopping ??= this.#stop(withinMs);
    return this.#stopping;
  }

  async #stop(withinMs: number): Promise<number> {
    this.#admission.state = "draining";
    const endMs = performance.now() + withinMs;
    const cutOff = await Promise.all([this.#http.drain(withinMs), this.#grpc?.drain(withinMs) ?? 0]);
    // Nobody waits any more for what a model still does.
    const leftMs = Math.max(closingMs, endMs - performance.now());
    await settledWithin(leftMs, this.#contents.repository.close());
    return cutOff[0] + cutOff[1];
  }
}

async function openHttp(
  contents: ServerContents,
  options: ServeOptions,
  admission: Admission,
  endpoints: Endpoint[],
): Promise<HttpServer> {
  const { name, version, service, repository } = contents;
  const app = await createApp(options, admission, endpoints);
  addHealth(app, admission);
  addMetrics(app, await createMetrics(name, endpoints, repository));
  const title = name;
  const description = service?.doc ?? `Served by edmServe ${version}`;
  const document = openApiDocument({
    title,
    description,
    version,
    service,
    needsToken: options.token !== undefined,
  });
  await addDocumentation(app, title, document);
  if (service) addApis(app, service, options.timeoutMs);
  const { registerKserveRest } = await import("../kserve/registerKserveRest.js");
  const isReady = () => admission.state === "ready";
  await app.register((scope) =>
    registerKserveRest(scope, repository, {
      server: { name: "edmServe", version },
      isReady,
      allowsModelControl: contents.allowsModelControl,
      timeoutMs: options.timeoutMs,
      onWork: workOf,
    }),
  );
  try {
    await app.ready();
  } catch (error) {
    throw schemaFault(error) ?? error;
  }
  return new HttpServer(app, admission, options);
}

function schemaFault(error: unknown): Exception | undefined {
  const { code, message } = error as { code?: string; message: string };
  if (code !== "FST_ERR_SCH_VALIDATION_BUILD") return undefined;
  return new Exception("Configuration", `an API's JSON schema is none: ${message}.`, { cause: error });
}
