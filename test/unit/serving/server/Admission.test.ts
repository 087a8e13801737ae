import { EventEmitter } from "node:events";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { FastifyReply, FastifyRequest } from "fastify";
import { describe, expect, it } from "vitest";
import type { Exception } from "../../../../framework/base/errors.js";
import { Admission, workOf } from "../../../../framework/serving/server/Admission.js";
import { Endpoint } from "../../../../framework/serving/server/Endpoint.js";

/** The end of a connection, as node has it for a response with a socket. */
class Response extends EventEmitter {
  writableFinished = false;
  statusCode = 200;
  socket: object | null = {};
}

/** An admission whose models are ready, and requests as fastify hands them over. */
function admission({ maxConcurrency = 10, timeoutMs = 10_000 } = {}) {
  const limits = { maxConcurrency, maxBufferedBytes: 2_000_000, maxRequestBytes: 1_000_000, timeoutMs };
  const its = new Admission(limits, undefined, undefined);
  its.state = "ready";
  const endpoint = new Endpoint("/work", "work");
  const guard = its.guard(endpoint) as unknown as (
    request: FastifyRequest,
    reply: FastifyReply,
    done: (fault?: Exception) => void,
  ) => void;
  const come = (socket = new EventEmitter(), raw = new Response(), headers = {}) => {
    const said: string[] = [];
    const reply = {
      raw,
      sent: false,
      header: () => reply,
      code(status: number) {
        raw.statusCode = status;
        return reply;
      },
      send() {
        reply.sent = true;
        said.push(`answered ${raw.statusCode}`);
      },
    };
    const request = { headers: { host: "h", ...headers }, raw: { httpVersionMinor: 1, socket }, id: "1" };
    guard(request as FastifyRequest, reply as unknown as FastifyReply, (fault) =>
      said.push(fault?.category ?? "goes on"),
    );
    const end = () => {
      raw.writableFinished = true;
      raw.emit("close");
    };
    return { said, raw, reply: reply as unknown as FastifyReply, end };
  };
  /** What comes in a turn with a connection waits for the next. */
  const park = (...args: Parameters<typeof come>) => {
    its.intake.connected();
    const parked = come(...args);
    expect(parked.said).toEqual([]);
    return parked;
  };
  return { its, endpoint, come, park };
}

async function turns(): Promise<void> {
  for (let i = 0; i < 5; i++) await nextTurn();
}

describe("a request that waits to be let in", () => {
  it("is forgotten when its client leaves, and takes no place", async () => {
    const { its, endpoint, come, park } = admission({ maxConcurrency: 1 });
    const gone = park();
    gone.raw.emit("close");
    expect([its.openRequests, endpoint.inProgress, [...endpoint.answers.keys()]]).toEqual([0, 0, [499]]);
    await turns();
    expect(gone.said).toEqual([]);
    expect(come().said).toEqual(["goes on"]);
  });

  it("gets one answer when its time is up, and no place for long", async () => {
    const { its, come, park } = admission({ maxConcurrency: 1, timeoutMs: 20 });
    const late = park();
    for (const end = performance.now() + 25; performance.now() < end; );
    for (let i = 0; i < 50 && late.said.length === 0; i++) {
      its.intake.connected();
      await nextTurn();
    }
    await turns();
    expect(late.said).toEqual(["answered 503"]);
    late.end();
    expect(its.openRequests).toBe(0);
    expect(come().said).toEqual(["goes on"]);
  });

  it("is let in though the server is being stopped, which waits for it", async () => {
    const { its, park } = admission();
    const parked = park();
    its.state = "draining";
    let isIdle = false;
    void its.idle().then(() => {
      isIdle = true;
    });
    await turns();
    expect([parked.said, isIdle]).toEqual([["goes on"], false]);
    parked.end();
    await turns();
    expect(isIdle).toBe(true);
  });

  it("needs a place when it is let in, not before", async () => {
    const { come, park } = admission({ maxConcurrency: 2 });
    const first = come();
    const parked = [park(), park()];
    await turns();
    expect(parked.map(({ said }) => said)).toEqual([["goes on"], ["TooManyRequests"]]);
    for (const { end } of [first, ...parked]) end();
    const next = [park(), park()];
    await turns();
    expect(next.map(({ said }) => said)).toEqual([["goes on"], ["goes on"]]);
  });

  it("behind others of its connection goes with them", async () => {
    const { its, park } = admission();
    const socket = new EventEmitter();
    const pipelined = () => Object.assign(new Response(), { socket: null });
    const parked = [park(socket, pipelined()), park(socket, pipelined())];
    expect(its.openRequests).toBe(2);
    socket.emit("close");
    expect([its.openRequests, socket.listenerCount("close")]).toEqual([0, 0]);
    await turns();
    expect(parked.map(({ said }) => said)).toEqual([[], []]);
  });
});

describe("a request that is worked on", () => {
  it("gives its bytes back once, when it is answered or its work is done", async () => {
    const { its, come } = admission();
    const large = { "content-length": "1000000" };
    const [left, answered] = [0, 1].map(() => come(undefined, undefined, large));
    expect(come(undefined, undefined, large).said).toEqual(["ServerBusy"]);
    let finish = () => {};
    workOf(
      (left as { reply: FastifyReply }).reply,
      new Promise<void>((resolve) => {
        finish = resolve;
      }),
    );
    left?.raw.emit("close");
    left?.raw.emit("close");
    expect(its.capacity.reserve(1)).toBe(false);
    answered?.end();
    expect([its.capacity.reserve(1_000_000), its.capacity.reserve(1)]).toEqual([true, false]);
    finish();
    await sleep(1);
    expect([its.capacity.reserve(1_000_000), its.capacity.reserve(1)]).toEqual([true, false]);
  });
});
