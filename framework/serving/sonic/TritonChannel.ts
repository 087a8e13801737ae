/** Calls of inference.GRPCInferenceService over one connection. Loaded, as grpc-js is, when a job has a model to ask for. */
import type * as Grpc from "@grpc/grpc-js";
import type { ServiceError } from "@grpc/grpc-js";
import { readFileSync } from "node:fs";
import { Exception } from "../../base/errors.js";
import { type InferenceMethod, inferencePath, requestType, responseType } from "../kserve/inferenceSchema.js";
import { RecoverableException } from "./SonicClient.js";
import { type Compression, compressions, type TritonServer, urlOf } from "./TritonServer.js";

/** No call waits longer, whatever its timeout. */
const longestCallMs = 3_600_000;

/** What is lost with a connection or with time: cancelled, deadline exceeded, unavailable. */
const recoverableCodes = new Set([1, 4, 14]);
/** A server that dies within an answer: grpc-js then says INTERNAL. */
const brokenStream = /RST_STREAM|connection (was )?(dropped|closed)|stream (was )?(removed|closed)/i;

const loopback = /^(localhost|127\..*|::1)$/;

export class TritonChannel {
  readonly server: TritonServer;
  readonly #client: Grpc.Client;
  readonly #library: typeof Grpc;

  private constructor(server: TritonServer, library: typeof Grpc, client: Grpc.Client) {
    this.server = server;
    this.#library = library;
    this.#client = client;
  }

  /** @throws FileReadError where a certificate cannot be read; a server that does not answer fails the first call */
  static async open(server: TritonServer, compression: Compression): Promise<TritonChannel> {
    const library = await import("@grpc/grpc-js");
    const client = new library.Client(urlOf(server), credentials(library, server), {
      "grpc.default_compression_algorithm": compressions[compression],
      // http_proxy is not meant for this machine itself.
      "grpc.enable_http_proxy": loopback.test(server.address) ? 0 : 1,
      "grpc.max_receive_message_length": -1,
      "grpc.max_send_message_length": -1,
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 2000,
    });
    return new TritonChannel(server, library, client);
  }

  /**
   * @param timeoutMs 0: an hour
   * @throws RecoverableException when the connection or the time ran out; TritonFailure with what else the server says
   */
  call<Response>(method: InferenceMethod, request: object, timeoutMs: number, what = ""): Promise<Response> {
    const [takes, gives] = [requestType(method), responseType(method)];
    const wait = Math.min(timeoutMs || longestCallMs, longestCallMs);
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        inferencePath(method),
        (message: object) => takes.encode(message).finish() as Buffer,
        (bytes: Buffer) => gives.decode(bytes) as unknown as Response,
        request,
        new this.#library.Metadata(),
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
    const text = `${method}${what} on server '${name}' (${urlOf(this.server)}): ${status}: ${details}`;
    const isRecoverable = recoverableCodes.has(code) || (code === 13 && brokenStream.test(details));
    const Kind = isRecoverable ? RecoverableException : Exception;
    return new Kind("TritonFailure", text);
  }
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
