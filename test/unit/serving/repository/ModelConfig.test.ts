import { describe, expect, it } from "vitest";
import { parseConfigJson, parseConfigText } from "../../../../framework/serving/repository/ModelConfig.js";

const text = (config: string) => parseConfigText(config, "'config.pbtxt'");
const json = (config: unknown) => parseConfigJson(JSON.stringify(config), "of the request");

describe("a model's configuration", () => {
  it("is read from text and from JSON alike", () => {
    const expected = {
      max_batch_size: 8,
      input: [{ name: "x", data_type: "TYPE_FP32", dims: [-1, 3] }],
      dynamic_batching: { preferred_batch_size: [4, 8], max_queue_delay_microseconds: 100 },
      version_policy: { specific: { versions: [1, 3] } },
      model_warmup: [
        { name: "w", batch_size: 2, inputs: { x: { data_type: "TYPE_FP32", dims: [3], zero_data: true } } },
      ],
    };
    const parsed = text(`
      max_batch_size: 8
      input [ { name: "x" data_type: TYPE_FP32 dims: [ -1, 3 ] } ]   # a comment
      dynamic_batching { preferred_batch_size: [4, 8] max_queue_delay_microseconds: 100 }
      version_policy: { specific { versions: [1,3] } }
      model_warmup { name: "w" batch_size: 2 inputs { key: "x" value: { data_type: TYPE_FP32 dims: 3 zero_data: true } } }`);
    expect(parsed).toEqual(expected);
    expect(json(expected)).toEqual(expected);
    expect(text("max_batch_size: 0")).toEqual({ max_batch_size: 0 });
    expect(text("")).toEqual({});
  });

  it("is refused where it is misspelt, with the line or the field", () => {
    expect(() => text("\nmax_batchsize: 8")).toThrow(
      /config.pbtxt.*line 2.*no field 'max_batchsize'; did you mean 'max_batch_size'/,
    );
    expect(() => text('input { name: "x" dtype: TYPE_FP32 }')).toThrow("ModelInput has no field 'dtype'");
    expect(() => text("input { data_type: TYPE_FLOAT }")).toThrow("'data_type' cannot be TYPE_FLOAT");
    expect(() => text("input {")).toThrow("'}' is expected");
    expect(() => json({ max_batchsize: 8 })).toThrow(
      "it has no field 'max_batchsize'; did you mean 'max_batch_size'",
    );
    expect(() => json({ input: [{ dims: ["x"] }] })).toThrow('dims[0] is a int64, not "x"');
    expect(() => json({ input: {} })).toThrow("'input' must be a list");
    expect(() => json({ input: [{ data_type: "FP32" }] })).toThrow("'data_type' cannot be \"FP32\"");
    expect(() => json({ max_batch_size: 1.5 })).toThrow("'max_batch_size' is a int32, not 1.5");
    expect(() => json({ parameters: [] })).toThrow("'parameters' must be an object");
    expect(() => json([])).toThrow("it must be an object");
    expect(() => parseConfigJson("{", "of the request")).toThrow("of the request: it is no JSON");
  });

  it("is refused where it asks for what is not served here", () => {
    const refused: [object, string][] = [
      [{ platform: "onnxruntime_onnx" }, "platform 'onnxruntime_onnx' is not served here"],
      [{ backend: "pytorch" }, "backend 'pytorch' is not served here"],
      [{ ensemble_scheduling: {} }, "ensembles of models are not served here"],
      [{ sequence_batching: {} }, "sequences of requests are not served here"],
      [{ model_transaction_policy: { decoupled: true } }, "decoupled models are not served"],
      [{ response_cache: { enable: true } }, "response_cache: there is none"],
      [{ instance_group: [{ kind: "KIND_GPU" }] }, "KIND_GPU is not served here"],
      [{ input: [{ name: "x", reshape: { shape: [1] } }] }, "'reshape' of 'x' is not served here"],
    ];
    for (const [config, message] of refused) expect(() => json(config)).toThrow(message);
    expect(json({ backend: "tensorflow", instance_group: [{ kind: "KIND_CPU", count: 2 }] })).toMatchObject({
      backend: "tensorflow",
    });
  });
});
