/**
 * The first thing that happens to a request and the last: whether it is let in, how long it may take, and what is counted
 * of it. What is let in is bounded in number and in bytes.
 */
import type { ServerResponse } from "node:http";
import type { FastifyReply, FastifyRequest, onRequestHookHandler } from "fastify";
import { Exception } from "../../base/errors.js";
import { badRequest, requestTimeout, ServerBusy } from "../servingErrors.js";
import type { BearerToken } from "./BearerToken.js";
import { Capacity, type CapacityLimits } from "./Capacity.js";
import { closeWithSocket } from "./closeWithSocket.js";
import type { Endpoint } from "./Endpoint.js";
import { sendFault } from "./errorReplies.js";
import { type Arrival, Intake, tooMany } from "./Intake.js";
import { smallRequestBytes } from "./ServeOptions.js";

export interface AdmissionLimits extends CapacityLimits {
  /** What a body may have that does not say its length. */
  readonly maxRequestBytes: number;
  readonly timeoutMs: number;
}

/** A request that has come and is not done with. */
class Visit implements Arrival {
  /** Goes on, or with a fault ends it: there while it waits to be let in, and called once at most. */
  go: ((fault?: Exception) => void) | undefined;
  timer: NodeJS.Timeout | undefined;
  /** Of its body, as reserved. */
  bytes = 0;
  isWork = false;
  /** What goes on for it, whether or not somebody still waits. */
  work: Promise<unknown> | undefined;

  constructor(
    readonly admission: Admission,
    readonly endpoint: Endpoint,
    readonly request: FastifyRequest,
    readonly reply: FastifyReply,
    readonly startMs: number,
  ) {}

  letIn(refusal?: Exception): void {
    const { go } = this;
    this.go = undefined;
    if (!go) return;
    const fault = refusal ?? (this.endpoint.kind === "work" ? this.admission.admit(this) : undefined);
    if (fault) go(fault);
    else go();
  }
}

const visitKey = Symbol("visit");
type VisitedResponse = ServerResponse & { [visitKey]?: Visit | undefined };
/** Recorded for a client that went away before its answer, as nginx does. */
const clientClosed = 499;
const timedOut = 504;

export class Admission {
  /** "starting" until all models are warm, "draining" from the signal on. */
  state: "starting" | "ready" | "draining" = "starting";
  readonly capacity: Capacity;
  #open = 0;
  #whenIdle: (() => void) | undefined;
  readonly intake: Intake;
  readonly limits: AdmissionLimits;
  readonly #token: BearerToken | undefined;
  readonly #accessLog: ((line: string) => void) | undefined;

  constructor(
    limits: AdmissionLimits,
    token: BearerToken | undefined,
    accessLog: ((line: string) => void) | undefined,
  ) {
    this.limits = limits;
    this.capacity = new Capacity(limits, () => this.state === "starting");
    this.intake = new Intake(limits.timeoutMs, limits.maxConcurrency);
    this.#token = token;
    this.#accessLog = accessLog;
  }

  /** Requests that have come and are not answered. */
  get openRequests(): number {
    return this.#open;
  }

  /** Resolves when no request is open. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenIdle = resolve;
      if (this.#open === 0) resolve();
    });
  }

  /** The hook that a route of this endpoint begins with. */
  guard(endpoint: Endpoint): onRequestHookHandler {
    return (request, reply, done) => {
      // A route may find that what is asked for is not there: then fastify's handler of unknown paths comes here too.
      if ((reply.raw as VisitedResponse)[visitKey]) {
        done();
        return;
      }
      const visit = this.#enter(endpoint, request, reply);
      const fault = this.#refusal(visit);
      if (fault) {
        done(fault);
        return;
      }
      visit.go = done as (fault?: Exception) => void;
      if (endpoint.kind !== "work" || this.intake.admits(visit)) visit.letIn();
    };
  }

  #enter(endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply): Visit {
    const visit = new Visit(this, endpoint, request, reply, performance.now());
    const response = reply.raw as VisitedResponse;
    response[visitKey] = visit;
    response.on("close", leave);
    if (!response.socket) closeWithSocket(response, request.raw.socket);
    endpoint.inProgress++;
    this.#open++;
    reply.header("x-request-id", request.id);
    if (this.state === "draining") reply.header("connection", "close");
    if (endpoint.kind === "work") visit.timer = setTimeout(timeIsUp, this.limits.timeoutMs, visit);
    return visit;
  }

  #refusal(visit: Visit): Exception | undefined {
    const { kind } = visit.endpoint;
    const { headers, raw } = visit.request;
    if (headers.host === undefined && raw.httpVersionMinor > 0)
      return badRequest("the header Host is missing.");
    if (kind === "probe") return undefined;
    if (this.#token && !this.#token.isIn(headers.authorization))
      return new Exception("Unauthorized", "a token is needed: Authorization: Bearer TOKEN.");
    return undefined;
  }

  /** A place, and room for the body. */
  admit(visit: Visit): Exception | undefined {
    const noPlace = this.capacity.takePlace();
    if (noPlace) return noPlace;
    visit.isWork = true;
    const { headers } = visit.request;
    const length = headers["content-length"];
    if (length === undefined && headers["transfer-encoding"] !== undefined) this.#watchChunks(visit);
    else if (!this.#hasRoom(visit, Number(length ?? 0))) return noRoom();
    return undefined;
  }

  #hasRoom(visit: Visit, bytes: number): boolean {
    // What is too large is refused as that.
    if (bytes <= smallRequestBytes || bytes > this.limits.maxRequestBytes) return true;
    if (!this.capacity.reserve(bytes)) return false;
    visit.bytes = bytes;
    return true;
  }

  /** A body that does not say its length has room for the largest as soon as it is no small one. */
  #watchChunks(visit: Visit): void {
    const { request, reply } = visit;
    let seen = 0;
    const count = (chunk: Buffer) => {
      seen += chunk.length;
      if (seen <= smallRequestBytes) return;
      request.raw.off("data", count);
      if (this.#hasRoom(visit, this.limits.maxRequestBytes)) return;
      request.raw.pause();
      if (!reply.sent) sendFault(reply.header("connection", "close"), noRoom());
    };
    request.raw.on("data", count);
  }

  #free(visit: Visit): void {
    if (visit.isWork) this.capacity.givePlaceBack();
    this.capacity.release(visit.bytes);
  }

  leave(visit: Visit, response: ServerResponse): void {
    if (visit.timer) clearTimeout(visit.timer);
    visit.go = undefined;
    visit.endpoint.inProgress--;
    const status = response.writableFinished ? response.statusCode : clientClosed;
    // Late or left by its client, it keeps its place until its work is done.
    if (visit.work && (status === clientClosed || status === timedOut)) {
      const free = () => this.#free(visit);
      visit.work.then(free, free);
    } else this.#free(visit);
    const ms = performance.now() - visit.startMs;
    visit.endpoint.count(status, ms / 1000);
    if (this.#accessLog) this.#accessLog(accessLine(visit.request, status, ms));
    this.#open--;
    if (this.#open === 0) this.#whenIdle?.();
  }
}

function noRoom(): ServerBusy {
  return new ServerBusy("the large requests that are being worked on have too many bytes together.", 1000);
}

/** Says what is being done for a request. */
export function workOf(reply: FastifyReply, work: Promise<unknown>): void {
  const visit = (reply.raw as VisitedResponse)[visitKey];
  if (visit) visit.work = work;
}

/** One function for all responses: `this` is the response. */
function leave(this: VisitedResponse): void {
  const visit = this[visitKey];
  this[visitKey] = undefined;
  visit?.admission.leave(visit, this);
}

function timeIsUp(visit: Visit): void {
  const { reply } = visit;
  if (reply.sent) return;
  const { timeoutMs } = visit.admission.limits;
  const isWaiting = visit.go !== undefined;
  visit.go = undefined;
  sendFault(reply, isWaiting ? tooMany() : requestTimeout(`there was no answer within ${timeoutMs} ms.`));
}

type Named = Pick<FastifyRequest, "ip" | "method" | "url" | "id">;

export function accessLine({ ip, method, url, id }: Named, status: number, ms: number): string {
  return `${new Date().toISOString()} ${ip} "${method} ${url}" ${status} ${ms.toFixed(2)} ms ${id}\n`;
}
