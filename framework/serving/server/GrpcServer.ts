/** The gRPC side of a server: the same models, token, certificate and limits as over HTTP. */
import type { Server, ServerInterceptor } from "@grpc/grpc-js";
import type { Admission } from "./Admission.js";
import type { BearerToken } from "./BearerToken.js";
import { listenFault } from "./HttpServer.js";
import type { ServeOptions } from "./ServeOptions.js";
import type { ServerContents } from "./Server.js";
import { readTls } from "./tlsOptions.js";

type Grpc = typeof import("@grpc/grpc-js");

/** Answered without a token, as /livez and /readyz are. */
const probes = /\/Server(Live|Ready)$/;

export class GrpcServer {
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  /** @throws Configuration for an address that cannot be had */
  static async listen(
    { repository, version, allowsModelControl }: ServerContents,
    options: ServeOptions,
    admission: Admission,
    token: BearerToken | undefined,
  ): Promise<GrpcServer> {
    const [grpc, { addKserveService }] = await Promise.all([
      import("@grpc/grpc-js"),
      import("../kserve/addKserveService.js"),
    ]);
    const server = new grpc.Server({
      "grpc.max_receive_message_length": options.maxRequestBytes,
      "grpc.max_send_message_length": -1,
      "grpc.max_concurrent_streams": options.maxConcurrency,
      interceptors: [...(token ? [tokenInterceptor(grpc, token)] : [])],
    });
    addKserveService(server, repository, {
      server: { name: "edmServe", version },
      isReady: () => admission.state === "ready",
      allowsModelControl,
      timeoutMs: options.timeoutMs,
    });
    const { host, grpcPort = 0 } = options;
    const shown = host.includes(":") ? `[${host}]` : host;
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`${shown}:${grpcPort}`, credentials(grpc, options), (error, bound) => {
        if (error) reject(listenFault("gRPC", host, grpcPort, reasonOf(error)));
        else resolve(bound);
      });
    });
    return new GrpcServer(server, `${options.tls ? "grpcs" : "grpc"}://${shown}:${port}`);
  }

  /** Accepts no more, answers what it has. @returns 1 when something took too long and was cut off */
  async drain(withinMs: number): Promise<number> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<number>((resolve) => {
      timer = setTimeout(() => resolve(1), withinMs);
    });
    const done = new Promise<number>((resolve) => this.#server.tryShutdown(() => resolve(0)));
    const cutOff = await Promise.race([done, late]);
    clearTimeout(timer);
    this.#server.forceShutdown();
    return cutOff;
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

/** What grpc-js says of the system's error stands in its text only. */
function reasonOf(error: Error): Error {
  const code = /\bE[A-Z]+\b/.exec(error.message)?.[0];
  return Object.assign(error, code && { code });
}

function tokenInterceptor(grpc: Grpc, token: BearerToken): ServerInterceptor {
  return (method, call) => {
    if (probes.test(method.path)) return new grpc.ServerInterceptingCall(call);
    return new grpc.ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, nextMetadata) => {
            const [header] = metadata.get("authorization");
            if (token.isIn(header?.toString())) nextMetadata(metadata);
            else
              call.sendStatus({
                code: grpc.status.UNAUTHENTICATED,
                details: "a token is needed: authorization: Bearer TOKEN",
              });
          },
        }),
    });
  };
}
