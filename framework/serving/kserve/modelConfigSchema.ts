/**
 * A model's configuration (config.pbtxt, and the reply of ModelConfig), with the names and field numbers of Triton's
 * public model_config.proto. Kept whole, though not all of it can be served here: what is not is refused by name.
 */
import type { INamespace } from "protobufjs/light.js";

export const field = (id: number, type: string) => ({ id, type });
export const repeated = (id: number, type: string) => ({ id, type, rule: "repeated" });
export const map = (id: number, type: string, keyType = "string") => ({ id, type, keyType });

/** An enumeration whose numbers are those of its words. */
const numbered = (names: string) => ({
  values: Object.fromEntries(names.split(" ").map((name, i): [string, number] => [name, i])),
});

const tensors: INamespace["nested"] = {
  DataType: numbered(
    "TYPE_INVALID TYPE_BOOL TYPE_UINT8 TYPE_UINT16 TYPE_UINT32 TYPE_UINT64 TYPE_INT8 TYPE_INT16 TYPE_INT32 TYPE_INT64 " +
      "TYPE_FP16 TYPE_FP32 TYPE_FP64 TYPE_STRING TYPE_BF16",
  ),
  ModelTensorReshape: { fields: { shape: repeated(1, "int64") } },
  ModelInput: {
    fields: {
      name: field(1, "string"),
      data_type: field(2, "DataType"),
      format: field(3, "Format"),
      dims: repeated(4, "int64"),
      reshape: field(5, "ModelTensorReshape"),
      is_shape_tensor: field(6, "bool"),
      allow_ragged_batch: field(7, "bool"),
      optional: field(8, "bool"),
      is_non_linear_format_io: field(9, "bool"),
    },
    nested: { Format: numbered("FORMAT_NONE FORMAT_NHWC FORMAT_NCHW") },
  },
  ModelOutput: {
    fields: {
      name: field(1, "string"),
      data_type: field(2, "DataType"),
      dims: repeated(3, "int64"),
      label_filename: field(4, "string"),
      reshape: field(5, "ModelTensorReshape"),
      is_shape_tensor: field(6, "bool"),
      is_non_linear_format_io: field(7, "bool"),
    },
  },
  BatchInput: {
    fields: {
      kind: field(1, "Kind"),
      target_name: repeated(2, "string"),
      data_type: field(3, "DataType"),
      source_input: repeated(4, "string"),
    },
    nested: {
      Kind: numbered(
        "BATCH_ELEMENT_COUNT BATCH_ACCUMULATED_ELEMENT_COUNT BATCH_ACCUMULATED_ELEMENT_COUNT_WITH_ZERO " +
          "BATCH_MAX_ELEMENT_COUNT_AS_SHAPE BATCH_ITEM_SHAPE BATCH_ITEM_SHAPE_FLATTEN",
      ),
    },
  },
  BatchOutput: {
    fields: {
      target_name: repeated(1, "string"),
      kind: field(2, "Kind"),
      source_input: repeated(3, "string"),
    },
    nested: { Kind: numbered("BATCH_SCATTER_WITH_INPUT_SHAPE") },
  },
};

const scheduling: INamespace["nested"] = {
  ModelQueuePolicy: {
    fields: {
      timeout_action: field(1, "TimeoutAction"),
      default_timeout_microseconds: field(2, "uint64"),
      allow_timeout_override: field(3, "bool"),
      max_queue_size: field(4, "uint32"),
    },
    nested: { TimeoutAction: numbered("REJECT DELAY") },
  },
  ModelDynamicBatching: {
    fields: {
      preferred_batch_size: repeated(1, "int32"),
      max_queue_delay_microseconds: field(2, "uint64"),
      preserve_ordering: field(3, "bool"),
      priority_levels: field(4, "uint64"),
      default_priority_level: field(5, "uint64"),
      default_queue_policy: field(6, "ModelQueuePolicy"),
      priority_queue_policy: map(7, "ModelQueuePolicy", "uint64"),
    },
  },
  // Refused as a whole, so their fields are not needed.
  ModelSequenceBatching: { fields: { max_sequence_idle_microseconds: field(1, "uint64") } },
  ModelEnsembling: { fields: { max_inflight_requests: field(2, "uint32") } },
  ModelVersionPolicy: {
    oneofs: { policy_choice: { oneof: ["latest", "all", "specific"] } },
    fields: { latest: field(1, "Latest"), all: field(2, "All"), specific: field(3, "Specific") },
    nested: {
      Latest: { fields: { num_versions: field(1, "uint32") } },
      All: { fields: {} },
      Specific: { fields: { versions: repeated(1, "int64") } },
    },
  },
  ModelRateLimiter: {
    fields: { resources: repeated(1, "Resource"), priority: field(2, "uint32") },
    nested: {
      Resource: {
        fields: { name: field(1, "string"), global: field(2, "bool"), count: field(3, "uint32") },
      },
    },
  },
  ModelInstanceGroup: {
    fields: {
      name: field(1, "string"),
      count: field(2, "int32"),
      gpus: repeated(3, "int32"),
      kind: field(4, "Kind"),
      profile: repeated(5, "string"),
      rate_limiter: field(6, "ModelRateLimiter"),
      passive: field(7, "bool"),
      secondary_devices: repeated(8, "SecondaryDevice"),
      host_policy: field(9, "string"),
    },
    nested: {
      Kind: numbered("KIND_AUTO KIND_GPU KIND_CPU KIND_MODEL"),
      SecondaryDevice: {
        fields: { kind: field(1, "SecondaryDeviceKind"), device_id: field(2, "int64") },
        nested: { SecondaryDeviceKind: numbered("KIND_NVDLA") },
      },
    },
  },
};

const optimization: INamespace["nested"] = {
  ModelOptimizationPolicy: {
    fields: {
      graph: field(1, "Graph"),
      priority: field(2, "ModelPriority"),
      cuda: field(3, "Cuda"),
      execution_accelerators: field(4, "ExecutionAccelerators"),
      input_pinned_memory: field(5, "PinnedMemoryBuffer"),
      output_pinned_memory: field(6, "PinnedMemoryBuffer"),
      gather_kernel_buffer_threshold: field(7, "uint32"),
      eager_batching: field(8, "bool"),
    },
    nested: {
      ModelPriority: numbered("PRIORITY_DEFAULT PRIORITY_MAX PRIORITY_MIN"),
      Graph: { fields: { level: field(1, "int32") } },
      PinnedMemoryBuffer: { fields: { enable: field(1, "bool") } },
      Cuda: {
        fields: {
          graphs: field(1, "bool"),
          busy_wait_events: field(2, "bool"),
          graph_spec: repeated(3, "GraphSpec"),
          output_copy_stream: field(4, "bool"),
        },
        nested: {
          GraphSpec: {
            fields: {
              batch_size: field(1, "int32"),
              input: map(2, "Shape"),
              graph_lower_bound: field(3, "LowerBound"),
            },
            nested: {
              Shape: { fields: { dim: repeated(1, "int64") } },
              LowerBound: { fields: { batch_size: field(1, "int32"), input: map(2, "Shape") } },
            },
          },
        },
      },
      ExecutionAccelerators: {
        fields: {
          gpu_execution_accelerator: repeated(1, "Accelerator"),
          cpu_execution_accelerator: repeated(2, "Accelerator"),
        },
        nested: { Accelerator: { fields: { name: field(1, "string"), parameters: map(2, "string") } } },
      },
    },
  },
  ModelMetrics: {
    fields: { metric_control: repeated(1, "MetricControl") },
    nested: {
      MetricControl: {
        fields: {
          metric_identifier: field(1, "MetricIdentifier"),
          histogram_options: field(2, "HistogramOptions"),
        },
        nested: {
          MetricIdentifier: { fields: { family: field(1, "string") } },
          HistogramOptions: { fields: { buckets: repeated(1, "double") } },
        },
      },
    },
  },
};

export const modelConfigMessages: NonNullable<INamespace["nested"]> = {
  ...tensors,
  ...scheduling,
  ...optimization,
  ModelParameter: { fields: { string_value: field(1, "string") } },
  ModelWarmup: {
    fields: {
      name: field(1, "string"),
      batch_size: field(2, "uint32"),
      inputs: map(3, "Input"),
      count: field(4, "uint32"),
    },
    nested: {
      Input: {
        oneofs: { input_data_type: { oneof: ["zero_data", "random_data", "input_data_file"] } },
        fields: {
          data_type: field(1, "DataType"),
          dims: repeated(2, "int64"),
          zero_data: field(3, "bool"),
          random_data: field(4, "bool"),
          input_data_file: field(5, "string"),
        },
      },
    },
  },
  ModelOperations: { fields: { op_library_filename: repeated(1, "string") } },
  ModelTransactionPolicy: { fields: { decoupled: field(1, "bool") } },
  ModelRepositoryAgents: {
    fields: { agents: repeated(1, "Agent") },
    nested: { Agent: { fields: { name: field(1, "string"), parameters: map(2, "string") } } },
  },
  ModelResponseCache: { fields: { enable: field(1, "bool") } },
  ModelConfig: {
    oneofs: {
      scheduling_choice: { oneof: ["dynamic_batching", "sequence_batching", "ensemble_scheduling"] },
    },
    fields: {
      name: field(1, "string"),
      platform: field(2, "string"),
      version_policy: field(3, "ModelVersionPolicy"),
      max_batch_size: field(4, "int32"),
      input: repeated(5, "ModelInput"),
      output: repeated(6, "ModelOutput"),
      instance_group: repeated(7, "ModelInstanceGroup"),
      default_model_filename: field(8, "string"),
      cc_model_filenames: map(9, "string"),
      metric_tags: map(10, "string"),
      dynamic_batching: field(11, "ModelDynamicBatching"),
      optimization: field(12, "ModelOptimizationPolicy"),
      sequence_batching: field(13, "ModelSequenceBatching"),
      parameters: map(14, "ModelParameter"),
      ensemble_scheduling: field(15, "ModelEnsembling"),
      model_warmup: repeated(16, "ModelWarmup"),
      backend: field(17, "string"),
      model_operations: field(18, "ModelOperations"),
      model_transaction_policy: field(19, "ModelTransactionPolicy"),
      batch_input: repeated(20, "BatchInput"),
      batch_output: repeated(21, "BatchOutput"),
      model_repository_agents: field(23, "ModelRepositoryAgents"),
      response_cache: field(24, "ModelResponseCache"),
      runtime: field(25, "string"),
      model_metrics: field(26, "ModelMetrics"),
    },
  },
};
