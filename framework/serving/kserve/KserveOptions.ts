/** What both front ends of KServe's protocol are told by the server that they are part of. */
import type { Exception } from "../../base/errors.js";
import type { FastifyReply } from "fastify";

export interface KserveOptions {
  /** As the server calls itself. */
  readonly server: { readonly name: string; readonly version: string };
  /** Without it the server is ready as soon as it answers. */
  readonly isReady?: () => boolean;
  /** Whether clients may load and unload models; they may, if not given. */
  readonly allowsModelControl?: boolean;
  /** Longest that an inference may take, waiting included; a request may ask for less, and has no other limit if not given. */
  readonly timeoutMs?: number;
  /** Of REST: is told what goes on for a request, whether or not its client waits for it. */
  readonly onWork?: (reply: FastifyReply, work: Promise<unknown>) => void;
  /** Of gRPC: bounds the inferences that are worked on at once; no bound, if not given. */
  readonly places?: Places;
  /** Of gRPC: streams end when it is aborted, with what they were asked before. */
  readonly stopping?: AbortSignal;
}

export interface Places {
  /** Gives why there is none: TooManyRequests or ServerBusy. */
  takePlace(): Exception | undefined;
  givePlaceBack(): void;
}

/** When an inference must be answered, of performance.now(); `askedMs` is what the request asks for, 0 for nothing. */
export function deadlineAfter(
  askedMs: number,
  { timeoutMs = Number.POSITIVE_INFINITY }: KserveOptions,
): number | undefined {
  const allowedMs = askedMs > 0 ? Math.min(askedMs, timeoutMs) : timeoutMs;
  return allowedMs === Number.POSITIVE_INFINITY ? undefined : performance.now() + allowedMs;
}
