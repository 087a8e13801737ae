/** The gRPC side of a server: the same models, token, certificate and limits as over HTTP. */
import type { Server } from "@grpc/grpc-js";
import { createServer, type Server as NetServer } from "node:net";
import type { Admission } from "./Admission.js";
import type { BearerToken } from "./BearerToken.js";
import type { Endpoint } from "./Endpoint.js";
import { GrpcCalls } from "./GrpcCalls.js";
import { addressOf, listenFault, urlOf } from "./HttpServer.js";
import type { Intake } from "./Intake.js";
import { keepAliveTimeoutMs, type ServeOptions } from "./ServeOptions.js";
import type { ServerContents } from "./ServerContents.js";
import { settledWithin } from "./settledWithin.js";
import { readTls } from "./tlsOptions.js";

type Grpc = typeof import("@grpc/grpc-js");

/** Of a connection, beside inferences: what is one too many is to be told so, and probes are to be answered. */
const streamsBeside = 64;

export class GrpcServer {
  readonly url: string;
  readonly #server: Server;
  readonly #socket: NetServer;
  readonly #calls: GrpcCalls;
  readonly #stopping: AbortController;

  private constructor(
    url: string,
    server: Server,
    socket: NetServer,
    calls: GrpcCalls,
    stopping: AbortController,
  ) {
    this.url = url;
    this.#server = server;
    this.#socket = socket;
    this.#calls = calls;
    this.#stopping = stopping;
  }

  /** Adds its own endpoints to `endpoints` as they are called. @throws Configuration for an address that cannot be had */
  static async listen(
    { repository, version, allowsModelControl }: ServerContents,
    options: ServeOptions,
    admission: Admission,
    token: BearerToken | undefined,
    endpoints: Endpoint[],
  ): Promise<GrpcServer> {
    const [grpc, { addKserveService }] = await Promise.all([
      import("@grpc/grpc-js"),
      import("../kserve/addKserveService.js"),
    ]);
    // Its own log has what clients send wrongly, and nothing else.
    grpc.setLogVerbosity(grpc.logVerbosity.NONE);
    const calls = new GrpcCalls({ options, admission, token }, endpoints);
    const server = new grpc.Server({
      "grpc.max_receive_message_length": options.maxRequestBytes,
      "grpc.max_send_message_length": -1,
      "grpc.max_concurrent_streams": options.maxConcurrency + streamsBeside,
      "grpc.max_connection_idle_ms": keepAliveTimeoutMs,
      interceptors: [calls.interceptor],
    });
    const stopping = new AbortController();
    addKserveService(server, repository, {
      server: { name: "edmServe", version },
      isReady: () => admission.state === "ready",
      allowsModelControl,
      timeoutMs: options.timeoutMs,
      places: admission.capacity,
      stopping: stopping.signal,
    });
    const socket = await listen(
      server.createConnectionInjector(credentials(grpc, options)),
      admission.intake,
      options,
    );
    const url = urlOf(options.tls ? "grpcs" : "grpc", socket);
    return new GrpcServer(url, server, socket, calls, stopping);
  }

  /** Accepts no more, answers what it has. @returns calls that were cut off, because they took too long */
  async drain(withinMs: number): Promise<number> {
    this.#socket.close();
    this.#stopping.abort();
    const answered = new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
    await settledWithin(withinMs, answered);
    const cutOff = this.#calls.open;
    this.#server.forceShutdown();
    return cutOff;
  }
}

type Injector = ReturnType<Server["createConnectionInjector"]>;

/** A socket of our own: grpc-js would bound neither its connections nor those that wait. */
async function listen(injector: Injector, intake: Intake, options: ServeOptions): Promise<NetServer> {
  const { host, grpcPort: port = 0, backlog, maxConnections } = options;
  const socket = createServer({ noDelay: true }, (connection) => injector.injectConnection(connection));
  socket.on("connection", () => intake.connected());
  socket.maxConnections = maxConnections;
  try {
    const address = await addressOf(host);
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.listen({ host: address, port, backlog }, resolve);
    });
    return socket;
  } catch (error) {
    throw listenFault("gRPC", host, port, error);
  }
}

function credentials(grpc: Grpc, { tls }: ServeOptions) {
  if (!tls) return grpc.ServerCredentials.createInsecure();
  const { cert, key, ca } = readTls(tls);
  return grpc.ServerCredentials.createSsl(
    ca ?? null,
    [{ cert_chain: cert, private_key: key }],
    ca !== undefined,
  );
}
