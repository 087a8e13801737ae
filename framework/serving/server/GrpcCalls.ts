/** What every gRPC call begins and ends with, as Admission has it for HTTP: its token, its time, and what is counted of it. */
import type { ServerHttp2Stream } from "node:http2";
import type {
  Metadata,
  ServerInterceptingCall,
  ServerInterceptingCallInterface,
  ServerInterceptor,
} from "@grpc/grpc-js";
import { inflateBody } from "../kserve/contentEncoding.js";
import { grpcStatus } from "../kserve/faults.js";
import { accessLine, type Admission } from "./Admission.js";
import type { BearerToken } from "./BearerToken.js";
import { CallBytes } from "./CallBytes.js";
import { Endpoint } from "./Endpoint.js";
import { type Arrival, tooMany } from "./Intake.js";
import type { ServerBusy } from "../servingErrors.js";
import type { ServeOptions } from "./ServeOptions.js";

type InterceptingServerListener = Parameters<ServerInterceptingCallInterface["start"]>[0];
type PartialStatusObject = Parameters<ServerInterceptingCallInterface["sendStatus"]>[0];

/** Answered without a token, as /livez and /readyz are. */
const probes = /\/Server(Live|Ready)$/;
/** By gRPC's code, as its gateways to HTTP translate it: so a metric has the same labels for both. */
const httpStatuses = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];
/** How long a client may go on that has its answer. */
const lingerMs = 1000;
/** Of a message. */
const headBytes = 5;
const codes = { cancelled: 1, deadlineExceeded: 4, unavailable: 14, unauthenticated: 16 } as const;

export interface CallRules {
  readonly options: ServeOptions;
  readonly admission: Admission;
  readonly token: BearerToken | undefined;
}

export class GrpcCalls {
  readonly #rules: CallRules;
  readonly #endpoints: Endpoint[];
  /** By their path; each is made at its first call. */
  readonly #own = new Map<string, Endpoint>();

  /** Adds its endpoints to those of HTTP. */
  constructor(rules: CallRules, endpoints: Endpoint[]) {
    this.#rules = rules;
    this.#endpoints = endpoints;
  }

  /** Calls that have come and are not answered. */
  get open(): number {
    return [...this.#own.values()].reduce((sum, { inProgress }) => sum + inProgress, 0);
  }

  /** Gives grpc-js' own call back, watched: a ServerInterceptingCall costs as much as a small inference. */
  readonly interceptor: ServerInterceptor = ({ path, requestStream }, call) => {
    const watched = call as WatchedCall;
    watched[visitKey] = new Visit(this.#rules, this.#endpoint(path), watched, requestStream);
    watched.start = start;
    watched.sendMessage = sendMessage;
    watched.sendStatus = sendStatus;
    watched.handleDataFrame = handleDataFrame;
    watched.decompressMessage = decompressMessage;
    // Its type asks for more than grpc-js uses.
    return watched as unknown as ServerInterceptingCall;
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

const visitKey = Symbol("visit");
type WatchedCall = ServerInterceptingCallInterface & {
  [visitKey]: Visit;
  /** These two grpc-js keeps to itself. Of a message that is on its way, a piece. */
  handleDataFrame(piece: Buffer): void;
  /** Of a message with its five bytes of head. */
  decompressMessage(message: Buffer, encoding: string): Buffer | Promise<Buffer>;
  readonly stream?: ServerHttp2Stream;
};

function start(this: WatchedCall, listener: InterceptingServerListener): void {
  const visit = this[visitKey];
  visit.listener = listener;
  visit.own.start.call(this, visit);
}

function sendMessage(this: WatchedCall, message: unknown, callback: () => void): void {
  const visit = this[visitKey];
  visit.bytes.answered();
  visit.own.sendMessage.call(this, message, callback);
}

/** Also of what grpc-js itself refuses. */
function sendStatus(this: WatchedCall, status: PartialStatusObject): void {
  const visit = this[visitKey];
  visit.code ??= status.code;
  visit.own.sendStatus.call(this, status);
}

function handleDataFrame(this: WatchedCall, piece: Buffer): void {
  const visit = this[visitKey];
  if (visit.bytes.arrive(piece.length)) visit.own.handleDataFrame.call(this, piece);
  else
    this.sendStatus({
      code: codes.unavailable,
      details: "the large requests that are being worked on have too many bytes together",
    });
}

/** As bodies over HTTP are, few at once: grpc-js would inflate those of all calls together. */
function decompressMessage(this: WatchedCall, message: Buffer, encoding: string): Buffer | Promise<Buffer> {
  const { own, maxRequestBytes } = this[visitKey];
  if (encoding !== "gzip" && encoding !== "deflate")
    return own.decompressMessage.call(this, message, encoding);
  return new Promise((resolve, reject) => {
    inflateBody(message.subarray(headBytes), encoding, maxRequestBytes, (error, inflated) => {
      if (inflated) resolve(inflated);
      else reject(grpcStatus(error));
    });
  });
}

/** A call that has come and is not done with: hears what comes of it before its handler does. */
class Visit implements InterceptingServerListener, Arrival {
  readonly bytes: CallBytes;
  /** What grpc-js does where this watches. */
  readonly own: WatchedCall;
  readonly maxRequestBytes: number;
  listener: InterceptingServerListener | undefined;
  code: number | undefined;
  readonly #rules: CallRules;
  readonly #endpoint: Endpoint;
  readonly #call: WatchedCall;
  readonly #isStream: boolean;
  readonly startMs = performance.now();
  #timer: NodeJS.Timeout | undefined;
  /** The message of a call that waits to be let in. */
  #waiting: unknown;

  constructor(rules: CallRules, endpoint: Endpoint, call: WatchedCall, isStream: boolean) {
    this.maxRequestBytes = rules.options.maxRequestBytes;
    this.bytes = new CallBytes(rules.admission.capacity);
    this.own = Object.getPrototypeOf(call);
    this.#rules = rules;
    this.#endpoint = endpoint;
    this.#call = call;
    this.#isStream = isStream;
  }

  onReceiveMetadata(metadata: Metadata): void {
    const { token, options } = this.#rules;
    this.#endpoint.inProgress++;
    // A stream may be open as long as its client likes; its requests have their own time.
    if (!this.#isStream) this.#timer = setTimeout(timeIsUp, options.timeoutMs, this);
    if (token && this.#endpoint.kind !== "probe") {
      const [header] = metadata.get("authorization");
      if (!token.isIn(header?.toString())) {
        const details = "a token is needed: authorization: Bearer TOKEN";
        this.#call.sendStatus({ code: codes.unauthenticated, details });
        return;
      }
    }
    // Its message may cost as much as the inference.
    if (this.#isPaced && this.#rules.admission.intake.isLate(this.startMs)) this.#refuse(tooMany());
    else this.listener?.onReceiveMetadata(metadata);
  }

  letIn(refusal: ServerBusy | undefined): void {
    const message = this.#waiting;
    this.#waiting = undefined;
    if (message === undefined) return;
    if (refusal) this.#refuse(refusal);
    else this.listener?.onReceiveMessage(message);
  }

  #refuse({ message }: ServerBusy): void {
    this.#call.sendStatus({ code: codes.unavailable, details: message });
  }

  get #isPaced(): boolean {
    return !this.#isStream && this.#endpoint.kind === "work";
  }

  timeIsUp(): void {
    if (this.#waiting !== undefined) {
      this.letIn(tooMany());
      return;
    }
    const details = `there was no answer within ${this.#rules.options.timeoutMs} ms`;
    this.#call.sendStatus({ code: codes.deadlineExceeded, details });
  }

  onReceiveMessage(message: unknown): void {
    this.bytes.received();
    this.#waiting = message;
    if (!this.#isPaced || this.#rules.admission.intake.admits(this)) this.letIn(undefined);
  }

  onReceiveHalfClose(): void {
    this.listener?.onReceiveHalfClose();
  }

  /** The end of every call, however it came. */
  onCancel(): void {
    clearTimeout(this.#timer);
    this.#waiting = undefined;
    this.bytes.free();
    if (this.#call.stream) letGo(this.#call.stream);
    const ms = performance.now() - this.startMs;
    const status = httpStatuses[this.code ?? codes.cancelled] ?? 500;
    this.#endpoint.inProgress--;
    this.#endpoint.count(status, ms / 1000);
    this.listener?.onCancel();
    const { accessLog } = this.#rules.options;
    if (!accessLog) return;
    const ip = this.#call.getConnectionInfo().remoteAddress ?? "-";
    accessLog(accessLine({ ip, method: "POST", url: this.#endpoint.path, id: "-" }, status, ms));
  }
}

function timeIsUp(visit: Visit): void {
  visit.timeIsUp();
}

/** A client that has its answer and goes on sending would keep in memory what it has sent. */
function letGo(stream: ServerHttp2Stream): void {
  if (isOver(stream)) return;
  // At once it could overtake the answer.
  setTimeout(() => {
    if (!isOver(stream)) stream.close();
  }, lingerMs).unref();
}

function isOver({ readableEnded, destroyed }: ServerHttp2Stream): boolean {
  return readableEnded || destroyed;
}
