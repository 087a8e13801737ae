/** Tracing leaves tfjs as it was: backend, tensors, variables, counts; also when the function fails. */
import "@tensorflow/tfjs-backend-cpu";
import { createRequire } from "node:module";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { TensorSpec } from "../../../../framework/tensorflow/TensorSpec.js";
import { concreteFunction } from "../../../../framework/tensorflow/trace/concreteFunction.js";
import { rawOp } from "../../../../framework/tensorflow/trace/rawOp.js";
import {
  beginTraining,
  towerContext,
  withTowerContext,
} from "../../../../framework/tensorflow/trace/towerContext.js";
import { eager, expectClose, floats, run } from "./traced.js";

const spec = [new TensorSpec([null, 2], "float32", "x")];

beforeAll(async () => {
  await tf.setBackend("cpu");
});

/** All of tfjs that a user can see. */
function snapshot() {
  const engine = tf.engine();
  const { numTensors, numDataBuffers, numBytes } = tf.memory();
  return {
    numTensors,
    numDataBuffers,
    numBytes,
    backend: tf.getBackend(),
    instance: tf.backend(),
    backends: engine.backendNames(),
    variables: Object.keys(engine.registeredVariables),
    members: Object.keys(engine),
    scope: engine.state.activeScope,
    kernels: tf.getKernelsForBackend("cmsrun-trace").length,
    isDebug: tf.env().getBool("DEBUG"),
  };
}

describe("tfjs after a trace", () => {
  it("is as it was, with every captured tensor in its place", async () => {
    const w = tf.variable(
      tf.tensor2d([
        [1, 2],
        [3, 4],
      ]),
      true,
      "kept/w",
    );
    const c = tf.tensor1d([5, 6]);
    const read = vi.spyOn(tf.backend(), "disposeData");
    const before = snapshot();
    await concreteFunction((x: tf.Tensor2D) => tf.keep(tf.add(tf.matMul(x, w as tf.Tensor2D), c)), spec);
    expect(snapshot()).toEqual(before);
    expect(read).not.toHaveBeenCalled();
    expect([...w.dataSync(), ...c.dataSync()]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(tf.tidy(() => Array.from(tf.add(c, 1).dataSync()))).toEqual([6, 7]);
    w.assign(tf.ones([2, 2]));
    expect(Array.from(w.dataSync())).toEqual([1, 1, 1, 1]);
    tf.dispose([w, c]);
    read.mockRestore();
  });

  it("is as it was when the function throws, inside of a tidy and of a layer's scope too", async () => {
    const before = snapshot();
    const failing = (x: tf.Tensor) =>
      tf.tidy(() => {
        tf.keep(tf.exp(x));
        throw new RangeError("mine");
      });
    await expect(concreteFunction(failing, spec)).rejects.toThrow(new RangeError("mine"));
    await expect(concreteFunction((x: tf.Tensor) => tf.unique(x).values, spec)).rejects.toThrow("Unique");
    expect(snapshot()).toEqual(before);
  });

  it("tells a traced tensor that was kept from one that can be used", async () => {
    const kept: tf.Tensor[] = [];
    await concreteFunction((x: tf.Tensor) => {
      kept.push(tf.exp(x));
      return x;
    }, spec);
    for (const tensor of kept) expect(() => tensor.dataSync()).toThrow("disposed");
    expect(kept.length).toBeGreaterThan(0);
  });

  it("still debugs and profiles where it did", async () => {
    tf.env().set("DEBUG", true);
    try {
      await concreteFunction((x: tf.Tensor) => tf.exp(x), spec);
      expect(tf.env().getBool("DEBUG")).toBe(true);
    } finally {
      tf.env().set("DEBUG", false);
    }
    const { kernels } = await tf.profile(async () => {
      await concreteFunction((x: tf.Tensor) => tf.exp(x), spec);
      return tf.tidy(() => tf.exp(1).dataSync()) as never;
    });
    expect(kernels.map(({ name }) => name)).toEqual(["Exp"]);
  });
});

describe("another copy of tfjs", () => {
  it("is traced as well: engine and kernels are on globalThis", async () => {
    const path = createRequire(import.meta.url).resolve("@tensorflow/tfjs-core/dist/tf-core.fesm.js");
    const other = (await import(path)) as typeof tf;
    expect(other.exp).not.toBe(tf.exp);
    const w = other.variable(other.tensor1d([2, 3]), true, "other/w");
    const before = snapshot();
    const fn = await concreteFunction((x: tf.Tensor) => other.mul(other.exp(x), w), spec);
    expect(snapshot()).toEqual(before);
    expect([...fn.variables.keys()]).toEqual(["other/w"]);
    const [y] = run(fn, [floats([1, 2])]);
    const [a = 0, b = 0] = floats([1, 2]).data as Float32Array;
    expect(y?.data[0]).toBeCloseTo(2 * Math.exp(a), 6);
    expect(y?.data[1]).toBeCloseTo(3 * Math.exp(b), 6);
    w.dispose();
  });
});

describe("towerContext", () => {
  it("is inference, but for a training that the user declares", async () => {
    expect(towerContext().isTraining).toBe(false);
    expect(withTowerContext({ isTraining: true }, () => towerContext().isTraining)).toBe(true);
    const later = withTowerContext({ isTraining: true }, async () => {
      await Promise.resolve();
      return towerContext().isTraining;
    });
    expect(towerContext().isTraining).toBe(false);
    expect(await later).toBe(true);
    const end = beginTraining();
    expect(towerContext().isTraining).toBe(true);
    expect(withTowerContext({ isTraining: false }, () => towerContext().isTraining)).toBe(false);
    end();
    end();
    expect(towerContext().isTraining).toBe(false);
  });

  it("is inference in every trace", async () => {
    const seen: boolean[] = [];
    const fn = (x: tf.Tensor) => {
      seen.push(
        towerContext().isTraining,
        withTowerContext({ isTraining: true }, () => towerContext().isTraining),
      );
      return towerContext().isTraining ? tf.dropout(x, 0.5) : x;
    };
    const end = beginTraining();
    await withTowerContext({ isTraining: true }, () => concreteFunction(fn, spec));
    end();
    expect(new Set(seen)).toEqual(new Set([false]));
  });
});

describe("rawOp", () => {
  it("is for traced functions only", () => {
    expect(() => rawOp("DecodePng", [tf.scalar(1)])).toThrow(/outside of a function/);
  });

  it("computes what the reference engine has, and declares what it has not", async () => {
    const float = { T: { type: "float32" } } as const;
    const fn = await concreteFunction((x: tf.Tensor) => rawOp("Erf", [x], float), spec);
    expectClose(run(fn, [floats([3, 2])])[0], tf.erf(eager(floats([3, 2]))));
    const unknown = concreteFunction((x: tf.Tensor) => rawOp("Digamma", [x], float), spec);
    await expect(unknown).rejects.toThrow(/Digamma.*give its outputs/);
    const declared = await concreteFunction((x: tf.Tensor) => {
      const y = rawOp(
        "Digamma",
        [x],
        { T: { type: "float32" } },
        { dtype: "float32", shape: [null, 2] },
        "psi",
      );
      return tf.reshape(y, [(y.shape[0] as number) * 2]);
    }, spec);
    expect(declared.graph.nodes.find(({ op }) => op === "Digamma")).toEqual({
      name: "psi",
      op: "Digamma",
      inputs: ["x"],
      attrs: { T: { type: 1 } },
    });
    expect(declared.graph.signature.outputs.Identity?.shape).toEqual([-1]);
  });

  it("has a size, though nothing else of it is used", async () => {
    const shape = [null, 2];
    const fn = await concreteFunction((x: tf.Tensor) => {
      const attrs = { T: { type: "float32" } } as const;
      return tf.ones([rawOp("Digamma", [x], attrs, { dtype: "float32", shape }).shape[0] as number]);
    }, spec);
    expect(fn.graph.nodes.map(({ op }) => op)).toEqual(expect.arrayContaining(["Digamma", "Shape", "Fill"]));
    const unused = await concreteFunction((x: tf.Tensor) => {
      rawOp("Digamma", [x], { T: { type: "float32" } }, { dtype: "float32", shape });
      return x;
    }, spec);
    expect(unused.graph.nodes.map(({ op }) => op)).toEqual(["Placeholder", "Identity"]);
  });

  it("gives types that tfjs does not have to other rawOps as they are, to tfjs as a cast", async () => {
    const fn = await concreteFunction(
      (x: tf.Tensor) => {
        const bytes = rawOp("Cast", [x], {
          SrcT: { type: "float32" },
          DstT: { type: "uint8" },
          Truncate: false,
        });
        const same = rawOp("Identity", [bytes], { T: { type: "uint8" } });
        return [same, tf.add(same, tf.scalar(1, "int32")), tf.cast(bytes, "float32")];
      },
      [new TensorSpec([2], "float32", "x")],
    );
    const cast = fn.graph.nodes
      .filter(({ op }) => op === "Cast")
      .map(({ attrs }) => [attrs.SrcT?.type, attrs.DstT?.type]);
    expect(cast).toEqual([
      [1, 4],
      [4, 3],
      [4, 1],
    ]);
    expect(Object.values(fn.graph.signature.outputs).map(({ dtype }) => dtype)).toEqual([
      "uint8",
      "int32",
      "float32",
    ]);
  });
});
