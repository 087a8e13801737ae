/** The HTTP side of a server: listens, and when it is stopped answers what it has accepted. */
import { lookup } from "node:dns/promises";
import { Server as NetServer, type AddressInfo } from "node:net";
import type { Server } from "node:http";
import type { FastifyInstance } from "fastify";
import { Exception } from "../../base/errors.js";
import type { Admission } from "./Admission.js";
import { settledWithin } from "./settledWithin.js";
import type { ServeOptions } from "./ServeOptions.js";

/** How long a connection that is kept open is given for a request that is on its way already. */
const lingerMs = 250;

export class HttpServer {
  readonly #app: FastifyInstance;
  readonly #admission: Admission;
  readonly #options: ServeOptions;

  constructor(app: FastifyInstance, admission: Admission, options: ServeOptions) {
    this.#app = app;
    this.#admission = admission;
    this.#options = options;
  }

  /** Gives the URL. @throws Configuration for an address that cannot be had */
  async listen(): Promise<string> {
    const { host, port, backlog, tls } = this.#options;
    try {
      await this.#app.listen({ host: await addressOf(host), port, backlog });
    } catch (error) {
      throw listenFault("HTTP", host, port, error);
    }
    return urlOf(tls ? "https" : "http", this.#app.server);
  }

  /**
   * Accepts no more connections, answers what comes over those there are and then closes them.
   * @returns requests that were cut off, because they took longer than `withinMs`
   */
  async drain(withinMs: number): Promise<number> {
    const server = this.#app.server as Server;
    const endMs = performance.now() + withinMs;
    // After this turn's poll for connections, so that none of them waits in the system when the socket goes.
    await new Promise((resolve) => setImmediate(resolve));
    const closed = new Promise<void>((resolve) => server.once("close", () => resolve()));
    // Server.close of node:http would also close connections on which a request is on its way.
    NetServer.prototype.close.call(server);
    await settledWithin(Math.min(lingerMs, withinMs), closed);
    server.closeIdleConnections();
    await settledWithin(endMs - performance.now(), Promise.race([this.#admission.idle(), closed]));
    server.closeIdleConnections();
    await settledWithin(Math.min(lingerMs, endMs - performance.now()), closed);
    const cutOff = this.#admission.openRequests;
    server.closeAllConnections();
    await this.#app.close();
    return cutOff;
  }
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "it is in use; choose another, or 0 for any that is free",
  EACCES: "this user may not listen there; choose a port from 1024 on",
  EADDRNOTAVAIL: "this machine does not have that address",
  ENOTFOUND: "there is no such host",
};

/** A name may have several addresses, of which fastify would take all, each with a server of its own. */
export async function addressOf(host: string): Promise<string> {
  return (await lookup(host)).address;
}

/** Where a server listens. */
export function urlOf(scheme: string, server: NetServer): string {
  const { address, port, family } = server.address() as AddressInfo;
  return `${scheme}://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}

export function listenFault(what: string, host: string, port: number, error: unknown): Exception {
  const { code = "", message } = error as NodeJS.ErrnoException;
  return new Exception(
    "Configuration",
    `${what} cannot listen on ${host}:${port}: ${reasons[code] ?? message}.`,
    { cause: error },
  );
}
