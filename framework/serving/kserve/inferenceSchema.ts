/**
 * The gRPC service inference.GRPCInferenceService: its messages and methods, with the names and field numbers of the
 * public open_inference_grpc.proto and of Triton's extensions to it (grpc_service.proto). Clients and servers share it.
 * Tables, and no .proto file: that would have a line for each field too, and need protobufjs' parser at every start.
 */
import type { INamespace, Root, Type } from "protobufjs/light.js";
import { protobuf } from "../../base/protobuf.js";
import { field, map, modelConfigMessages, repeated } from "./modelConfigSchema.js";

const empty = { fields: {} };
const nameAndVersion = { fields: { name: field(1, "string"), version: field(2, "string") } };
const choice = (...oneof: string[]) => ({ parameter_choice: { oneof } });

const health: INamespace["nested"] = {
  ServerLiveRequest: empty,
  ServerLiveResponse: { fields: { live: field(1, "bool") } },
  ServerReadyRequest: empty,
  ServerReadyResponse: { fields: { ready: field(1, "bool") } },
  ModelReadyRequest: nameAndVersion,
  ModelReadyResponse: { fields: { ready: field(1, "bool") } },
  ServerMetadataRequest: empty,
  ServerMetadataResponse: {
    fields: { name: field(1, "string"), version: field(2, "string"), extensions: repeated(3, "string") },
  },
  ModelMetadataRequest: nameAndVersion,
  ModelMetadataResponse: {
    fields: {
      name: field(1, "string"),
      versions: repeated(2, "string"),
      platform: field(3, "string"),
      inputs: repeated(4, "TensorMetadata"),
      outputs: repeated(5, "TensorMetadata"),
    },
    nested: {
      TensorMetadata: {
        fields: { name: field(1, "string"), datatype: field(2, "string"), shape: repeated(3, "int64") },
      },
    },
  },
  ModelConfigRequest: nameAndVersion,
  ModelConfigResponse: { fields: { config: field(1, "ModelConfig") } },
};

const inputOrOutput = {
  fields: {
    name: field(1, "string"),
    datatype: field(2, "string"),
    shape: repeated(3, "int64"),
    parameters: map(4, "InferParameter"),
    contents: field(5, "InferTensorContents"),
  },
};

const inference: INamespace["nested"] = {
  InferParameter: {
    oneofs: choice("bool_param", "int64_param", "string_param", "double_param", "uint64_param"),
    fields: {
      bool_param: field(1, "bool"),
      int64_param: field(2, "int64"),
      string_param: field(3, "string"),
      double_param: field(4, "double"),
      uint64_param: field(5, "uint64"),
    },
  },
  InferTensorContents: {
    fields: {
      bool_contents: repeated(1, "bool"),
      int_contents: repeated(2, "int32"),
      int64_contents: repeated(3, "int64"),
      uint_contents: repeated(4, "uint32"),
      uint64_contents: repeated(5, "uint64"),
      fp32_contents: repeated(6, "float"),
      fp64_contents: repeated(7, "double"),
      bytes_contents: repeated(8, "bytes"),
    },
  },
  ModelInferRequest: {
    fields: {
      model_name: field(1, "string"),
      model_version: field(2, "string"),
      id: field(3, "string"),
      parameters: map(4, "InferParameter"),
      inputs: repeated(5, "InferInputTensor"),
      outputs: repeated(6, "InferRequestedOutputTensor"),
      raw_input_contents: repeated(7, "bytes"),
    },
    nested: {
      InferInputTensor: inputOrOutput,
      InferRequestedOutputTensor: {
        fields: { name: field(1, "string"), parameters: map(2, "InferParameter") },
      },
    },
  },
  ModelInferResponse: {
    fields: {
      model_name: field(1, "string"),
      model_version: field(2, "string"),
      id: field(3, "string"),
      parameters: map(4, "InferParameter"),
      outputs: repeated(5, "InferOutputTensor"),
      raw_output_contents: repeated(6, "bytes"),
    },
    nested: { InferOutputTensor: inputOrOutput },
  },
  ModelStreamInferResponse: {
    fields: { error_message: field(1, "string"), infer_response: field(2, "ModelInferResponse") },
  },
};

const durations = (first: number, ...names: string[]) => ({
  fields: Object.fromEntries(names.map((name, i) => [name, field(first + i, "StatisticDuration")])),
});

const statistics: INamespace["nested"] = {
  ModelStatisticsRequest: nameAndVersion,
  ModelStatisticsResponse: { fields: { model_stats: repeated(1, "ModelStatistics") } },
  StatisticDuration: { fields: { count: field(1, "uint64"), ns: field(2, "uint64") } },
  InferStatistics: durations(
    1,
    "success",
    "fail",
    "queue",
    "compute_input",
    "compute_infer",
    "compute_output",
    "cache_hit",
    "cache_miss",
  ),
  InferResponseStatistics: durations(
    1,
    "compute_infer",
    "compute_output",
    "success",
    "fail",
    "empty_response",
    "cancel",
  ),
  InferBatchStatistics: {
    fields: {
      batch_size: field(1, "uint64"),
      ...durations(2, "compute_input", "compute_infer", "compute_output").fields,
    },
  },
  MemoryUsage: {
    fields: { type: field(1, "string"), id: field(2, "int64"), byte_size: field(3, "uint64") },
  },
  ModelStatistics: {
    fields: {
      name: field(1, "string"),
      version: field(2, "string"),
      last_inference: field(3, "uint64"),
      inference_count: field(4, "uint64"),
      execution_count: field(5, "uint64"),
      inference_stats: field(6, "InferStatistics"),
      batch_stats: repeated(7, "InferBatchStatistics"),
      memory_usage: repeated(8, "MemoryUsage"),
      response_stats: map(9, "InferResponseStatistics"),
    },
  },
};

const repository: INamespace["nested"] = {
  ModelRepositoryParameter: {
    oneofs: choice("bool_param", "int64_param", "string_param", "bytes_param"),
    fields: {
      bool_param: field(1, "bool"),
      int64_param: field(2, "int64"),
      string_param: field(3, "string"),
      bytes_param: field(4, "bytes"),
    },
  },
  RepositoryIndexRequest: { fields: { repository_name: field(1, "string"), ready: field(2, "bool") } },
  RepositoryIndexResponse: {
    fields: { models: repeated(1, "ModelIndex") },
    nested: {
      ModelIndex: {
        fields: {
          name: field(1, "string"),
          version: field(2, "string"),
          state: field(3, "string"),
          reason: field(4, "string"),
        },
      },
    },
  },
  RepositoryModelLoadRequest: {
    fields: {
      repository_name: field(1, "string"),
      model_name: field(2, "string"),
      parameters: map(3, "ModelRepositoryParameter"),
    },
  },
  RepositoryModelLoadResponse: empty,
  RepositoryModelUnloadRequest: {
    fields: {
      repository_name: field(1, "string"),
      model_name: field(2, "string"),
      parameters: map(3, "ModelRepositoryParameter"),
    },
  },
  RepositoryModelUnloadResponse: empty,
};

/** There is no shared memory and nothing to be set: who asks is told so, whatever else the message has. */
const none = ["Register", "Unregister", "Status"].flatMap((what) =>
  ["System", "Cuda"].flatMap((kind) =>
    ["Request", "Response"].map((way) => [`${kind}SharedMemory${what}${way}`, empty] as const),
  ),
);
const settings = { fields: { settings: map(1, "SettingValue") }, nested: { SettingValue: empty } };
const refused: INamespace["nested"] = {
  ...Object.fromEntries(none),
  TraceSettingRequest: settings,
  TraceSettingResponse: settings,
  LogSettingsRequest: settings,
  LogSettingsResponse: settings,
};

/** Every method of the service: its messages are called `${method}Request` and `${method}Response`. */
export const inferenceMethods = [
  "ServerLive",
  "ServerReady",
  "ModelReady",
  "ServerMetadata",
  "ModelMetadata",
  "ModelInfer",
  "ModelStreamInfer",
  "ModelConfig",
  "ModelStatistics",
  "RepositoryIndex",
  "RepositoryModelLoad",
  "RepositoryModelUnload",
  "SystemSharedMemoryStatus",
  "SystemSharedMemoryRegister",
  "SystemSharedMemoryUnregister",
  "CudaSharedMemoryStatus",
  "CudaSharedMemoryRegister",
  "CudaSharedMemoryUnregister",
  "TraceSetting",
  "LogSettings",
] as const;
export type InferenceMethod = (typeof inferenceMethods)[number];

/** The path of a method on the wire. */
export const inferencePath = (method: InferenceMethod): string => `/inference.GRPCInferenceService/${method}`;

let root: Root | undefined;

/** A message by its name. 64-bit integers are numbers or protobufjs' Longs: decodeTensor.ts has toNumber and toBigInt. */
export function inferenceType(name: string): Type {
  root ??= protobuf().Root.fromJSON({
    nested: {
      ...health,
      ...inference,
      ...statistics,
      ...repository,
      ...refused,
      ...modelConfigMessages,
    },
  });
  return root.lookupType(name);
}

/** What a method takes: a stream's requests are those of ModelInfer. */
export const requestType = (method: InferenceMethod): Type =>
  inferenceType(method === "ModelStreamInfer" ? "ModelInferRequest" : `${method}Request`);
export const responseType = (method: InferenceMethod): Type => inferenceType(`${method}Response`);
