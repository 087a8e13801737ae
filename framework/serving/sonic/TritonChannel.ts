/** Calls of inference.GRPCInferenceService over one connection. Loaded, as grpc-js is, when a job has a model to ask for. */
import type * as Grpc from "@grpc/grpc-js";
import type { ServiceError } from "@grpc/grpc-js";
import { readFileSync } from "node:fs";
import { Exception } from "../../base/errors.js";
import { type InferenceMethod, inferencePath, requestType, responseType } from "../kserve/inferenceSchema.js";
import { tokenIn } from "../tokenFile.js";
import { RecoverableException } from "./SonicClient.js";
import { type Compression, compressions, isLocal, type TritonServer, urlOf } from "./TritonServer.js";

/** No call waits longer, whatever its timeout. */
const longestCallMs = 3_600_000;

/** As gRPC numbers them. */
const invalidArgument = 3;
const unauthenticated = 16;

export class TritonChannel {
  readonly server: TritonServer;
  readonly #client: Grpc.Client;
  readonly #library: typeof Grpc;
  /** With the token; read again after the server has refused it, because tokens run out. */
  #metadata: Grpc.Metadata | undefined;

  private constructor(server: TritonServer, library: typeof Grpc, client: Grpc.Client) {
    this.server = server;
    this.#library = library;
    this.#client = client;
    this.#metadata = metadataFor(library, server);
  }

  /**
   * A server that does not answer fails the first call.
   * @throws FileReadError for a certificate, FileOpenError and Configuration for a token that cannot be read
   */
  static async open(server: TritonServer, compression: Compression): Promise<TritonChannel> {
    const library = await import("@grpc/grpc-js");
    const client = new library.Client(urlOf(server), credentials(library, server), {
      "grpc.default_compression_algorithm": compressions[compression],
      // http_proxy is not meant for this machine itself.
      "grpc.enable_http_proxy": isLocal(server) ? 0 : 1,
      "grpc.max_receive_message_length": -1,
      "grpc.max_send_message_length": -1,
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 2000,
    });
    return new TritonChannel(server, library, client);
  }

  /**
   * @param timeoutMs 0: an hour
   * @throws RecoverableException with what the server says, or when the connection or the time ran out; TritonFailure
   *   where it says that the request itself is wrong
   */
  call<Response>(method: InferenceMethod, request: object, timeoutMs: number, what = ""): Promise<Response> {
    const [takes, gives] = [requestType(method), responseType(method)];
    const wait = Math.min(timeoutMs || longestCallMs, longestCallMs);
    return new Promise((resolve, reject) => {
      this.#metadata ??= metadataFor(this.#library, this.server);
      this.#client.makeUnaryRequest(
        inferencePath(method),
        (message: object) => takes.encode(message).finish() as Buffer,
        (bytes: Buffer) => gives.decode(bytes) as unknown as Response,
        request,
        this.#metadata.clone(),
        { deadline: Date.now() + wait },
        (error, response) => {
          if (error) reject(this.#failure(error, method, what));
          else resolve(response as Response);
        },
      );
    });
  }

  close(): void {
    this.#client.close();
  }

  #failure({ code, details }: ServiceError, method: string, what: string): Exception {
    const { name } = this.server;
    const status = this.#library.status[code] ?? code;
    const said = details.replace(/ Resolution note: $/, "");
    const text = `${method}${what} on server '${name}' (${urlOf(this.server)}): ${status}: ${said}`;
    if (code === unauthenticated) this.#metadata = undefined;
    const Kind = code === invalidArgument ? Exception : RecoverableException;
    return new Kind("TritonFailure", text);
  }
}

/** @throws FileOpenError, Configuration */
function metadataFor(library: typeof Grpc, { name, tokenFile }: TritonServer): Grpc.Metadata {
  const metadata = new library.Metadata();
  if (tokenFile === "") return metadata;
  const token = tokenIn(tokenFile, `server '${name}'`);
  if (token === undefined)
    throw new Exception(
      "Configuration",
      `server '${name}': tokenFile '${tokenFile}' has no token: one line of visible characters without blanks.`,
    );
  metadata.set("authorization", `Bearer ${token}`);
  return metadata;
}

function credentials(library: typeof Grpc, server: TritonServer): Grpc.ChannelCredentials {
  if (!server.useSsl) return library.credentials.createInsecure();
  const pem = (what: "rootCertificates" | "privateKey" | "certificateChain") => {
    if (server[what] === "") return null;
    try {
      return readFileSync(server[what]);
    } catch (cause) {
      const text = `server '${server.name}': ${what} '${server[what]}' cannot be read: ${String(cause)}`;
      throw new Exception("FileReadError", text, { cause });
    }
  };
  return library.credentials.createSsl(pem("rootCertificates"), pem("privateKey"), pem("certificateChain"));
}
