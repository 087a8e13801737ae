/** Which engine "auto" means, what a wrong choice is told, and how the job report puts the threads' notes together. */
import { afterEach, describe, expect, it } from "vitest";
import { findEngine, registeredEngines, setDefaultEngine } from "../../../framework/tensorflow/engines.js";
import {
  type EngineUse,
  formatEngineUse,
  loadingFor,
  takeEngineUse,
} from "../../../framework/tensorflow/inferenceReport.js";
import { createSession } from "../../../framework/tensorflow/Session.js";
import { constantGraphNodes, graphOf } from "./buildGraph.js";

afterEach(() => setDefaultEngine("auto"));

describe("auto", () => {
  it("is the reference engine where the job says nothing", () => {
    expect(findEngine("auto").name).toBe("reference");
  });

  it("is the job's engine, which a module's own choice goes before", () => {
    const usable = registeredEngines().filter((engine) => engine.unavailable() === undefined);
    for (const { name } of usable) {
      setDefaultEngine(name);
      expect([findEngine("auto").name, findEngine("reference").name]).toEqual([name, "reference"]);
    }
  });
});

it("a wrong choice is named with what there is: for the job as Configuration, for a session as InvalidSession", () => {
  expect(() => setDefaultEngine("referense")).toThrow(
    expect.objectContaining({
      category: "Configuration",
      message: "option inferenceEngine: unknown engine 'referense'; did you mean 'reference'?.",
    }),
  );
  expect(() => findEngine("onnx")).toThrow(
    expect.objectContaining({
      category: "InvalidSession",
      message: "unknown engine 'onnx'; known: 'auto', 'reference', 'tensorflow'.",
    }),
  );
  expect(findEngine("auto").name).toBe("reference");
});

describe("the job report", () => {
  it("notes which module loaded a model, once, and forgets it when it is taken", () => {
    takeEngineUse();
    const graph = graphOf(...constantGraphNodes);
    loadingFor("scores", () => loadingFor("inner", () => createSession(graph)));
    for (let stream = 0; stream < 2; stream++) loadingFor("scores", () => createSession(graph));
    expect(() => loadingFor("broken", () => createSession(null))).toThrow();
    createSession(graph);
    expect(takeEngineUse().models).toEqual([
      ["inner", "reference"],
      ["scores", "reference"],
      ["", "reference"],
    ]);
    expect(takeEngineUse().models).toEqual([]);
  });

  it("takes the version of an engine from the thread that ran it", () => {
    const main: EngineUse = {
      models: [["scores", "tensorflow"]],
      descriptions: [["reference", "reference (x)"]],
    };
    const worker: EngineUse = {
      models: [
        ["scores", "tensorflow"],
        ["", "reference"],
      ],
      descriptions: [["tensorflow", "tensorflow (TensorFlow 2.15.1)"]],
    };
    const lines = formatEngineUse([main, worker, worker], "1.2.3").split("\n");
    const starts = [
      "Inference: module 'scores': engine tensorflow (TensorFlow 2.15.1), cmsrun 1.2.3, on ",
      "Inference: engine reference (x), cmsrun 1.2.3, on ",
    ];
    expect(lines).toEqual(starts.map((start) => expect.stringContaining(start)));
    expect(formatEngineUse([], "1.2.3")).toBe("");
  });
});
