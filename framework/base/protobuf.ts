/**
 * protobufjs, loaded when the first message is read or written: an empty job must not pay for it (measured: 10 ms of
 * its start-up as part of the host's bundle). The build makes one file of it; from the sources it is the package.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type Protobuf from "protobufjs/light.js";

let loaded: typeof Protobuf | undefined;

export function protobuf(): typeof Protobuf {
  if (loaded) return loaded;
  const built = fileURLToPath(new URL("./protobufjs.cjs", import.meta.url));
  loaded = createRequire(import.meta.url)(
    existsSync(built) ? built : "protobufjs/light.js",
  ) as typeof Protobuf;
  return loaded;
}
