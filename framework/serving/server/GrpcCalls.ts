/** What every gRPC call begins and ends with, as Admission has it for HTTP: its token, its time, and what is counted of it. */
import type { ServerHttp2Stream } from "node:http2";
import type { Metadata, ServerInterceptingCallInterface, ServerInterceptor } from "@grpc/grpc-js";
import { accessLine, type Admission } from "./Admission.js";
import type { BearerToken } from "./BearerToken.js";
import { CallBytes } from "./CallBytes.js";
import { Endpoint } from "./Endpoint.js";
import type { ServeOptions } from "./ServeOptions.js";

type Grpc = typeof import("@grpc/grpc-js");

/** Answered without a token, as /livez and /readyz are. */
const probes = /\/Server(Live|Ready)$/;
/** By gRPC's code, as its gateways to HTTP translate it: so a metric has the same labels for both. */
const httpStatuses = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];
/** How long a client may go on that has its answer. */
const lingerMs = 1000;
const codes = { cancelled: 1, deadlineExceeded: 4, unavailable: 14, unauthenticated: 16 } as const;

export interface CallRules {
  readonly options: ServeOptions;
  readonly admission: Admission;
  readonly token: BearerToken | undefined;
}

export class GrpcCalls {
  readonly #grpc: Grpc;
  readonly #rules: CallRules;
  readonly #endpoints: Endpoint[];
  /** By their path; each is made at its first call. */
  readonly #own = new Map<string, Endpoint>();

  /** Adds its endpoints to those of HTTP. */
  constructor(grpc: Grpc, rules: CallRules, endpoints: Endpoint[]) {
    this.#grpc = grpc;
    this.#rules = rules;
    this.#endpoints = endpoints;
  }

  /** Calls that have come and are not answered. */
  get open(): number {
    return [...this.#own.values()].reduce((sum, { inProgress }) => sum + inProgress, 0);
  }

  readonly interceptor: ServerInterceptor = ({ path, requestStream }, call) => {
    const visit = new Visit(this.#rules, this.#endpoint(path), call);
    return new this.#grpc.ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, nextMetadata) => {
            if (visit.enter(metadata, requestStream)) nextMetadata(metadata);
          },
          onReceiveMessage: (message, nextMessage) => {
            visit.bytes.received();
            nextMessage(message);
          },
          // The end of every call, however it came.
          onCancel: () => visit.leave(),
        }),
      sendMessage: (message, next) => {
        visit.bytes.answered();
        next(message);
      },
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
}

/** A call that has come and is not done with. */
class Visit {
  readonly bytes: CallBytes;
  readonly #rules: CallRules;
  readonly #endpoint: Endpoint;
  readonly #call: ServerInterceptingCallInterface;
  /** grpc-js keeps it to itself, and what has come of a message with it. */
  readonly #stream: ServerHttp2Stream | undefined;
  readonly #startMs = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #code: number | undefined;

  constructor(rules: CallRules, endpoint: Endpoint, call: ServerInterceptingCallInterface) {
    this.bytes = new CallBytes(rules.admission);
    this.#rules = rules;
    this.#endpoint = endpoint;
    this.#call = call;
    this.#stream = (call as { readonly stream?: ServerHttp2Stream }).stream;
    const send = call.sendStatus;
    // Not by the interceptor, which grpc-js does not ask about refusals of its own.
    call.sendStatus = (status) => {
      this.#code ??= status.code;
      send.call(call, status);
    };
  }

  /** False when it is refused. */
  enter(metadata: Metadata, isStream: boolean): boolean {
    const { token, options } = this.#rules;
    this.#endpoint.inProgress++;
    // A stream may be open as long as its client likes; its requests have their own time.
    if (!isStream) this.#timer = setTimeout(timeIsUp, options.timeoutMs, this, options.timeoutMs);
    this.#stream?.on("data", this.#arrive);
    const [header] = metadata.get("authorization");
    if (!token || this.#endpoint.kind === "probe" || token.isIn(header?.toString())) return true;
    this.refuse(codes.unauthenticated, "a token is needed: authorization: Bearer TOKEN");
    return false;
  }

  refuse(code: number, details: string): void {
    this.#call.sendStatus({ code, details });
  }

  leave(): void {
    clearTimeout(this.#timer);
    this.bytes.free();
    if (this.#stream) letGo(this.#stream, this.#arrive);
    const ms = performance.now() - this.#startMs;
    const status = httpStatuses[this.#code ?? codes.cancelled] ?? 500;
    this.#endpoint.inProgress--;
    this.#endpoint.count(status, ms / 1000);
    const { accessLog } = this.#rules.options;
    if (!accessLog) return;
    const ip = this.#call.getConnectionInfo().remoteAddress ?? "-";
    accessLog(accessLine({ ip, method: "POST", url: this.#endpoint.path, id: "-" }, status, ms));
  }

  readonly #arrive = (piece: Buffer): void => {
    if (this.bytes.arrive(piece.length)) return;
    this.refuse(
      codes.unavailable,
      "the large requests that are being worked on have too many bytes together",
    );
  };
}

function timeIsUp(visit: Visit, timeoutMs: number): void {
  visit.refuse(codes.deadlineExceeded, `there was no answer within ${timeoutMs} ms`);
}

/** A client that has its answer and goes on sending would keep in memory what it has sent. */
function letGo(stream: ServerHttp2Stream, listener: (piece: Buffer) => void): void {
  stream.off("data", listener);
  if (isOver(stream)) return;
  // At once it could overtake the answer.
  setTimeout(() => {
    if (!isOver(stream)) stream.close();
  }, lingerMs).unref();
}

function isOver({ readableEnded, destroyed }: ServerHttp2Stream): boolean {
  return readableEnded || destroyed;
}
