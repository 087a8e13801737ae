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
}

/** As gRPC numbers them. */
export const compressions = { none: 0, deflate: 1, gzip: 2 } as const;
export type Compression = keyof typeof compressions;

export const urlOf = ({ address, port }: TritonServer): string =>
  address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
