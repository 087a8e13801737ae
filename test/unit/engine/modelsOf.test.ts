import { afterEach, expect, it } from "vitest";
import { pinModels, registerModelResolver, resolveModelPath } from "../../../framework/base/modelPath.js";
import { Exception } from "../../../framework/base/errors.js";
import { modelsOf } from "../../../framework/engine/modelsOf.js";
import { TypedValue } from "../../../framework/parameters/values.js";

afterEach(() => pinModels({}));

let latest = "v1";
registerModelResolver({
  pathOf(tag) {
    if (tag.startsWith("none")) throw new Exception("ModelNotFound", "none");
    return `/store/${tag}/${latest}`;
  },
  tagOf: () => undefined,
});

it("finds the models that parameters name, at any depth, and leaves others to the modules", () => {
  const text = (value: string) => new TypedValue("string", true, value);
  const nested = { graph: new TypedValue("FileInPath", true, "model:c") };
  const parameters = {
    a: text("model:a"),
    path: text("graph.pb"),
    none: text("model:none"),
    list: new TypedValue("vstring", true, ["x", "model:b:v"]),
    set: new TypedValue("PSet", true, nested),
    sets: new TypedValue("VPSet", true, [{ d: text("model:d") }]),
    count: new TypedValue("int32", true, 1),
  };
  expect(modelsOf([parameters])).toEqual({
    "model:a": "/store/a/v1",
    "model:b:v": "/store/b:v/v1",
    "model:c": "/store/c/v1",
    "model:d": "/store/d/v1",
  });
});

it("a job has one model under one name, whatever is saved meanwhile", () => {
  pinModels(modelsOf([{ a: new TypedValue("string", true, "model:a") }]));
  latest = "v2";
  expect(resolveModelPath("model:a")).toBe("/store/a/v1");
  expect(resolveModelPath("model:b")).toBe("/store/b/v2");
  pinModels({});
  expect(resolveModelPath("model:a")).toBe("/store/a/v2");
  expect(resolveModelPath("graph.pb")).toBe("graph.pb");
});
