/** A server of inference.GRPCInferenceService that a test tells what to answer: for what no real server can be made to do. */
import * as grpc from "@grpc/grpc-js";
import {
  type InferenceMethod,
  inferencePath,
  requestType,
  responseType,
} from "../../../../framework/serving/kserve/inferenceSchema.js";

export interface InferRequest {
  readonly model_name: string;
  readonly inputs: readonly {
    readonly name: string;
    readonly datatype: string;
    readonly shape: readonly unknown[];
  }[];
  readonly outputs: readonly { readonly name: string }[];
  readonly raw_input_contents: readonly Uint8Array[];
}
/** An answer, or a status that fails the call; "never": no answer at all. */
export type Reply = object | { readonly code: grpc.status; readonly details: string } | "never";

export class FakeTriton {
  readonly requests: InferRequest[] = [];
  /** Of the latest call. */
  authorization: string | undefined;
  readonly name: string;
  port = 0;
  underWay = 0;
  most = 0;
  /** config.pbtxt, as far as the client reads it. */
  config: object = { max_batch_size: 8 };
  metadata: object = {
    name: "m",
    versions: ["1"],
    inputs: [{ name: "x", datatype: "FP32", shape: [-1, 2] }],
    outputs: [{ name: "y", datatype: "FP32", shape: [-1, 1] }],
  };
  infer: (request: InferRequest, call: number) => Reply | Promise<Reply> = (request) => sums(request);
  readonly #server = new grpc.Server();

  private constructor(name: string) {
    this.name = name;
  }

  static async start(name = "fake", port = 0): Promise<FakeTriton> {
    const fake = new FakeTriton(name);
    fake.#add("RepositoryIndex", () => ({
      models: [{ name: "m", version: "1", state: "READY", reason: "" }],
    }));
    fake.#add("ModelReady", () => ({ ready: true }));
    fake.#add("ModelConfig", () => ({ config: fake.config }));
    fake.#add("ModelMetadata", () => fake.metadata);
    fake.#add("ModelInfer", async (request) => {
      fake.most = Math.max(fake.most, ++fake.underWay);
      fake.requests.push(request as InferRequest);
      const reply = await fake.infer(request as InferRequest, fake.requests.length);
      fake.underWay--;
      return reply;
    });
    const credentials = grpc.ServerCredentials.createInsecure();
    fake.port = await new Promise<number>((resolve, reject) => {
      fake.#server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    return fake;
  }

  stop(): void {
    this.#server.forceShutdown();
  }

  #add(method: InferenceMethod, answer: (request: object) => Reply | Promise<Reply>): void {
    const [takes, gives] = [requestType(method), responseType(method)];
    const definition = {
      path: inferencePath(method),
      requestStream: false,
      responseStream: false,
      requestSerialize: (message: object) => takes.encode(message).finish() as Buffer,
      requestDeserialize: (bytes: Buffer) => takes.decode(bytes) as object,
      responseSerialize: (message: object) => gives.encode(gives.fromObject(message)).finish() as Buffer,
      responseDeserialize: (bytes: Buffer) => gives.decode(bytes) as object,
    };
    this.#server.addService(
      { [method]: definition },
      {
        [method]: async (call: grpc.ServerUnaryCall<object, object>, done: grpc.sendUnaryData<object>) => {
          this.authorization = call.metadata.get("authorization")[0]?.toString();
          const reply = await answer(call.request);
          if (reply === "never") return;
          if ("code" in reply) done(reply as grpc.ServiceError);
          else done(null, reply);
        },
      },
    );
  }
}

/** y: the sum of each row of x. */
export function sums(request: InferRequest): object {
  const [rows = 0, columns = 0] = (request.inputs[0]?.shape ?? []).map(Number);
  const bytes = Uint8Array.from(request.raw_input_contents[0] ?? []);
  const x = new Float32Array(bytes.buffer);
  const y = Float32Array.from({ length: rows }, (_, row) => {
    return x.subarray(row * columns, (row + 1) * columns).reduce((sum, value) => sum + value, 0);
  });
  return answer([rows, 1], y);
}

export function answer(shape: readonly number[], y: Float32Array, datatype = "FP32", name = "y"): object {
  return {
    model_name: "m",
    outputs: [{ name, datatype, shape }],
    raw_output_contents: [Buffer.from(y.buffer)],
  };
}
