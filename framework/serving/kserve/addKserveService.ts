/** The gRPC half of KServe's protocol, with Triton's extensions: inference.GRPCInferenceService on a server of grpc-js. */
import type {
  sendUnaryData,
  Server,
  ServerDuplexStream,
  ServerUnaryCall,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { ModelRepository } from "../ServedModel.js";
import { badRequest } from "../servingErrors.js";
import {
  grpcExtensions,
  isModelReady,
  modelConfig,
  modelMetadata,
  repositoryIndex,
  statisticsOf,
} from "./documents.js";
import { faultOf, grpcStatus, loadFault } from "./faults.js";
import { inferResponse, type ModelInferRequest, readInferRequest, parameterValue } from "./grpcRequest.js";
import { type InferenceMethod, inferenceMethods } from "./inferenceSchema.js";
import { deadlineAfter, type KserveOptions } from "./KserveOptions.js";
import { matchInputs } from "./matchInputs.js";
import { modelControlRefusal, settingsRefusal, sharedMemoryRefusal } from "./refusals.js";
import { Malformed, serviceDefinition } from "./serviceDefinition.js";

type Message = Readonly<Record<string, unknown>>;
type Answer = (request: Message) => object | Promise<object>;
type Fields = { readonly name: string; readonly version: string };

const unimplemented = 12;
/** Requests of one stream that are worked on at a time. */
const maxInStream = 64;

/** The server is the caller's, with its limits and credentials; it is not started here. */
export function addKserveService(server: Server, repository: ModelRepository, options: KserveOptions): void {
  const answers = { ...serverAnswers(repository, options), ...repositoryAnswers(repository, options) };
  const handlers: UntypedServiceImplementation = {};
  for (const method of inferenceMethods) {
    const answer = answers[method as keyof typeof answers] as Answer | undefined;
    if (answer) handlers[method] = unary(answer);
    else if (!(method in handlers)) handlers[method] = refusal(method);
  }
  handlers.ModelInfer = (call: ServerUnaryCall<ModelInferRequest, object>, callback: sendUnaryData<object>) =>
    infer(repository, options, call.request, deadlineOf(call)).then(
      (response) => callback(null, response),
      (error: unknown) => callback(grpcStatus(error)),
    );
  handlers.ModelStreamInfer = (call: Stream) => inferStream(repository, options, call);
  server.addService(serviceDefinition(), handlers);
}

function serverAnswers(repository: ModelRepository, { server, isReady = () => true }: KserveOptions) {
  const find = ({ name, version }: Fields) => repository.get(name, version);
  return {
    ServerLive: () => ({ live: true }),
    ServerReady: () => ({ ready: isReady() }),
    ModelReady: ({ name, version }: Fields) => ({ ready: isModelReady(repository, name, version) }),
    ServerMetadata: () => ({ ...server, extensions: grpcExtensions }),
    ModelMetadata: (request: Fields) => modelMetadata(repository, find(request)),
    ModelConfig: (request: Fields) => ({ config: modelConfig(find(request)) }),
    ModelStatistics: ({ name, version }: Fields) => ({
      model_stats: statisticsOf(repository, name, version),
    }),
  };
}

function repositoryAnswers(repository: ModelRepository, { allowsModelControl = true }: KserveOptions) {
  const control = async (name: string, action: () => Promise<void>) => {
    if (!allowsModelControl) throw badRequest(modelControlRefusal);
    try {
      await action();
    } catch (error) {
      throw loadFault(name, error);
    }
    return {};
  };
  return {
    RepositoryIndex: ({ ready }: { readonly ready: boolean }) => ({
      models: repositoryIndex(repository, ready),
    }),
    RepositoryModelLoad: ({ model_name: name, parameters }: LoadRequest) =>
      control(name, () => repository.load(name, plainParameters(parameters))),
    RepositoryModelUnload: ({ model_name: name }: LoadRequest) =>
      control(name, () => repository.unload(name)),
    // There are no regions and no settings, which is what a client that cleans up wants to hear.
    SystemSharedMemoryStatus: () => ({}),
    SystemSharedMemoryUnregister: () => ({}),
    CudaSharedMemoryStatus: () => ({}),
    CudaSharedMemoryUnregister: () => ({}),
  };
}

interface LoadRequest {
  readonly model_name: string;
  readonly parameters: Readonly<Record<string, Message>>;
}

function plainParameters(parameters: LoadRequest["parameters"]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, parameterValue(value)]));
}

function refusal(method: InferenceMethod) {
  const isOfSettings = method.includes("Setting");
  return (call: ServerUnaryCall<Message, object>, callback: sendUnaryData<object>) => {
    const asksOnly = isOfSettings && Object.keys((call.request.settings as object) ?? {}).length === 0;
    if (asksOnly) callback(null, { settings: {} });
    else callback({ code: unimplemented, details: isOfSettings ? settingsRefusal : sharedMemoryRefusal });
  };
}

function unary(answer: Answer) {
  return async (call: ServerUnaryCall<Message | Malformed, object>, callback: sendUnaryData<object>) => {
    try {
      callback(null, await answer(decoded(call.request)));
    } catch (error) {
      callback(grpcStatus(error));
    }
  };
}

async function infer(
  repository: ModelRepository,
  options: KserveOptions,
  request: ModelInferRequest | Malformed,
  deadlineMs: number,
) {
  const noPlace = options.places?.takePlace();
  if (noPlace) throw noPlace;
  try {
    return await inferInPlace(repository, options, request, deadlineMs);
  } finally {
    options.places?.givePlaceBack();
  }
}

async function inferInPlace(
  repository: ModelRepository,
  options: KserveOptions,
  request: ModelInferRequest | Malformed,
  deadlineMs: number,
) {
  const given = decoded(request);
  const model = repository.get(given.model_name, given.model_version);
  const refusal = model.refusal?.();
  if (refusal) throw refusal;
  const { id, timeoutMs, inputs, outputs: requested } = readInferRequest(given, model);
  const untilMs = Math.min(deadlineMs, deadlineAfter(timeoutMs, options) ?? deadlineMs);
  const tensors = matchInputs(model, inputs);
  const outputs = await model.infer(tensors, untilMs === Number.POSITIVE_INFINITY ? undefined : untilMs);
  return inferResponse(model, id, outputs, requested);
}

type Stream = ServerDuplexStream<ModelInferRequest | Malformed, object>;

/** Answers in the order of the requests; a request that fails does not end the stream. */
function inferStream(repository: ModelRepository, options: KserveOptions, call: Stream): void {
  const deadlineMs = deadlineOf(call);
  let inFlight = 0;
  let written = Promise.resolve();
  const write = (message: object) => {
    inFlight--;
    if (call.cancelled) return;
    call.write(message);
    if (inFlight < maxInStream) call.resume();
  };
  call.on("data", (request: ModelInferRequest | Malformed) => {
    inFlight++;
    if (inFlight >= maxInStream) call.pause();
    const answer = infer(repository, options, request, deadlineMs).then(
      (response) => ({ error_message: "", infer_response: response }),
      (error: unknown) => ({
        error_message: faultOf(error).message,
        infer_response: { id: request instanceof Malformed ? "" : request.id },
      }),
    );
    written = written.then(() => answer).then(write);
  });
  const end = () => void written.then(() => call.end());
  call.on("end", end);
  options.stopping?.addEventListener("abort", end);
  call.on("close", () => options.stopping?.removeEventListener("abort", end));
  // A client that goes away is no fault of the server's.
  call.on("error", () => {});
}

/** Of performance.now(). */
function deadlineOf(call: { getDeadline(): Date | number }): number {
  const deadline = Number(call.getDeadline());
  return performance.now() + (deadline - Date.now());
}

function decoded<T extends object>(request: T | Malformed): T {
  if (request instanceof Malformed)
    throw badRequest(`the request does not parse: ${request.error.message}`, request.error);
  return request;
}
