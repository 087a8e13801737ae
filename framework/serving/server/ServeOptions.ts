/** What can be set of a server, with what is taken where nothing is. */

export interface ServeOptions {
  readonly host: string;
  /** 0: one that is free. */
  readonly port: number;
  /** Undefined: no gRPC. */
  readonly grpcPort: number | undefined;
  readonly maxRequestBytes: number;
  /** Longest time from a request's headers to its answer. */
  readonly timeoutMs: number;
  /** Requests that may be worked on at once; beyond it 429. */
  readonly maxConcurrency: number;
  readonly maxConnections: number;
  /** Connections that the system keeps while they wait to be accepted. */
  readonly backlog: number;
  /** Longest time in which a client sends its headers, and its whole request. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** How long what was accepted may take when the server is stopped. */
  readonly drainMs: number;
  /** PEM files. */
  readonly tls: TlsFiles | undefined;
  /** Without "Authorization: Bearer TOKEN" a request is refused. */
  readonly token: string | undefined;
  /** Gets a line for each request. */
  readonly accessLog: ((line: string) => void) | undefined;
}

export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
  /** Clients must show a certificate that one of these has signed. */
  readonly authorities: string | undefined;
}

export const defaults: ServeOptions = {
  host: "127.0.0.1",
  port: 3000,
  grpcPort: undefined,
  maxRequestBytes: 64 * 2 ** 20,
  timeoutMs: 60_000,
  maxConcurrency: 4096,
  maxConnections: 8192,
  backlog: 2048,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  drainMs: 30_000,
  tls: undefined,
  token: undefined,
  accessLog: undefined,
};

/** Large bodies that may be in memory at once, as multiples of the largest request. */
export const bufferedRequests = 8;
/** Smaller ones are bounded by their number; senders of large ones, slow perhaps, do not shut them out. */
export const smallRequestBytes = 64 * 1024;
export const maxHeaderBytes = 16 * 1024;
/** Longer than load balancers keep an idle connection (60 s), so that they close it and not we. */
export const keepAliveTimeoutMs = 65_000;
