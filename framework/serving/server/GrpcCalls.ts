/** What every gRPC call begins and ends with, as Admission has it for HTTP: its token, its time, and what is counted of it. */
import type { ServerInterceptingCallInterface, ServerInterceptor } from "@grpc/grpc-js";
import { accessLine } from "./Admission.js";
import type { BearerToken } from "./BearerToken.js";
import { Endpoint } from "./Endpoint.js";
import type { ServeOptions } from "./ServeOptions.js";

type Grpc = typeof import("@grpc/grpc-js");

/** Answered without a token, as /livez and /readyz are. */
const probes = /\/Server(Live|Ready)$/;
/** By gRPC's code, as its gateways to HTTP translate it: so a metric has the same labels for both. */
const httpStatuses = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];

export class GrpcCalls {
  readonly #grpc: Grpc;
  readonly #options: ServeOptions;
  readonly #token: BearerToken | undefined;
  readonly #endpoints: Endpoint[];
  /** By their path; each is made at its first call. */
  readonly #own = new Map<string, Endpoint>();

  constructor(grpc: Grpc, options: ServeOptions, token: BearerToken | undefined, endpoints: Endpoint[]) {
    this.#grpc = grpc;
    this.#options = options;
    this.#token = token;
    this.#endpoints = endpoints;
  }

  /** Calls that have come and are not answered. */
  get open(): number {
    return [...this.#own.values()].reduce((sum, { inProgress }) => sum + inProgress, 0);
  }

  readonly interceptor: ServerInterceptor = ({ path, requestStream }, call) => {
    const endpoint = this.#endpoint(path);
    const startMs = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const code = sentCode(call);
    return new this.#grpc.ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, nextMetadata) => {
            endpoint.inProgress++;
            // A stream may be open as long as its client likes; its requests have their own time.
            if (!requestStream) timer = setTimeout(this.#timeIsUp, this.#options.timeoutMs, call);
            const [header] = metadata.get("authorization");
            if (!this.#token || endpoint.kind === "probe" || this.#token.isIn(header?.toString()))
              nextMetadata(metadata);
            else
              call.sendStatus({
                code: this.#grpc.status.UNAUTHENTICATED,
                details: "a token is needed: authorization: Bearer TOKEN",
              });
          },
          // The end of every call, however it came.
          onCancel: () => {
            clearTimeout(timer);
            this.#leave(endpoint, call, httpStatuses[code() ?? this.#grpc.status.CANCELLED] ?? 500, startMs);
          },
        }),
    });
  };

  #endpoint(path: string): Endpoint {
    let endpoint = this.#own.get(path);
    if (!endpoint) {
      endpoint = new Endpoint(path, probes.test(path) ? "probe" : "work");
      this.#own.set(path, endpoint);
      this.#endpoints.push(endpoint);
    }
    return endpoint;
  }

  readonly #timeIsUp = (call: ServerInterceptingCallInterface) => {
    const details = `there was no answer within ${this.#options.timeoutMs} ms`;
    call.sendStatus({ code: this.#grpc.status.DEADLINE_EXCEEDED, details });
  };

  #leave(endpoint: Endpoint, call: ServerInterceptingCallInterface, status: number, startMs: number): void {
    const ms = performance.now() - startMs;
    endpoint.inProgress--;
    endpoint.count(status, ms / 1000);
    const { accessLog } = this.#options;
    if (!accessLog) return;
    const ip = call.getConnectionInfo().remoteAddress ?? "-";
    accessLog(accessLine({ ip, method: "POST", url: endpoint.path, id: "-" }, status, ms));
  }
}

/** Gives what the call was answered first, also by grpc-js itself, which asks no interceptor about its own refusals. */
function sentCode(call: ServerInterceptingCallInterface): () => number | undefined {
  let code: number | undefined;
  const send = call.sendStatus;
  call.sendStatus = (status) => {
    code ??= status.code;
    send.call(call, status);
  };
  return () => code;
}
