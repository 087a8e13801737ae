/** What Triton offers and this server does not, in one sentence each. */

export const sharedMemoryRefusal =
  "shared memory is not supported by this server: send tensors in the request, as JSON or binary";
export const settingsRefusal =
  "trace and log settings are not changed through the protocol: see the server's own options";
export const modelControlRefusal = "this server's models are fixed: loading is switched off";
