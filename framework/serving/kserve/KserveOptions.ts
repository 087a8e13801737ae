/** What both front ends of KServe's protocol are told by the server that they are part of. */

export interface KserveOptions {
  /** As the server calls itself. */
  readonly server: { readonly name: string; readonly version: string };
  /** Without it the server is ready as soon as it answers. */
  readonly isReady?: () => boolean;
  /** Whether clients may load and unload models; they may, if not given. */
  readonly allowsModelControl?: boolean;
  /** Of REST: a compressed body may inflate to that; fastify's bodyLimit, if not given. */
  readonly maxInflatedBytes?: number;
}
