/** A server of models, as configured: what clients are given to call. */

/** Plain data: threads are given it. */
export interface TritonServer {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly useSsl: boolean;
  /** Files in PEM; "": the system's certificates, or none of one's own. */
  readonly rootCertificates: string;
  readonly privateKey: string;
  readonly certificateChain: string;
  /** File with the bearer token that the server asks for; "": it asks for none. */
  readonly tokenFile: string;
}

/** The name of the server that a job starts for itself. */
export const fallbackName = "fallback";

/** A server that keeps nobody out. */
export const openToAll = {
  useSsl: false,
  rootCertificates: "",
  privateKey: "",
  certificateChain: "",
  tokenFile: "",
} as const;

/** As gRPC numbers them. */
export const compressions = { none: 0, deflate: 1, gzip: 2 } as const;
export type Compression = keyof typeof compressions;

/** On this machine itself. */
export const isLocal = ({ address }: TritonServer): boolean => /^(localhost|127\..*|::1)$/.test(address);

export const urlOf = ({ address, port }: TritonServer): string =>
  address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
