/** Functions written in ops of tfjs as graphs: what they compute, how things are named, and what is refused. */
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import type { ConcreteFunction } from "../../../../framework/tensorflow/ConcreteFunction.js";
import { Tensor } from "../../../../framework/tensorflow/Tensor.js";
import { TensorSpec } from "../../../../framework/tensorflow/TensorSpec.js";
import { concreteFunction } from "../../../../framework/tensorflow/trace/concreteFunction.js";
import { eager, expectClose, floats, ints, run } from "./traced.js";

const ops = (fn: ConcreteFunction) => fn.graph.nodes.map(({ op }) => op);
const names = (fn: ConcreteFunction) => fn.graph.nodes.map(({ name }) => name);
const x10 = [new TensorSpec([null, 10], "float32", "x")];
const x2 = [new TensorSpec([2], "float32", "x")];

beforeAll(async () => {
  await tf.setBackend("cpu");
});

describe("a traced function", () => {
  it("is the documentation's tanh(xW + b), its tensors being constants", async () => {
    const [W, b] = [tf.ones<tf.Rank.R2>([10, 1]), tf.ones([1])];
    const layer = (x: tf.Tensor2D) => tf.tanh(tf.add(tf.matMul(x, W), b));
    const fn = await concreteFunction(layer, [new TensorSpec([2, 10])]);
    expect(fn.graph.signature).toEqual({
      key: "serving_default",
      inputs: { inputs: { name: "inputs:0", dtype: "float32", shape: [2, 10] } },
      outputs: { Identity: { name: "Identity:0", dtype: "float32", shape: [2, 1] } },
    });
    expect(fn.variables.size).toBe(0);
    expect(names(fn)).toEqual(["inputs", "Const", "MatMul", "Const_1", "AddV2", "Tanh", "Identity"]);
    const [y] = run(fn, [new Tensor("float32", [2, 10], new Float32Array(20).fill(1))]);
    expect(y?.shape).toEqual([2, 1]);
    expect(Array.from(y?.data as Float32Array)).toEqual([1, 1]);
    expect(Math.fround(Math.tanh(11))).toBe(1);
  });

  it("keeps variables under their names, for any batch", async () => {
    const W = tf.variable<tf.Rank.R2>(tf.ones([10, 1]), true, "W");
    const b = tf.variable(tf.ones([1]), true, "b");
    const layer = (x: tf.Tensor2D) => tf.tanh(tf.add(tf.matMul(x, W), b));
    const fn = await concreteFunction(layer, x10, { outputNames: ["y"] });
    expect([...fn.variables.keys()]).toEqual(["W", "b"]);
    expect(fn.graph.signature.outputs.y?.shape).toEqual([-1, 1]);
    expect(names(fn)).toEqual([
      "x",
      "W",
      "W/Read/ReadVariableOp",
      "MatMul",
      "b",
      "b/Read/ReadVariableOp",
      "AddV2",
      "Tanh",
      "y",
    ]);
    for (const batch of [1, 2, 7]) {
      const x = floats([batch, 10]);
      expectClose(run(fn, [x])[0], layer(eager(x)));
      expectClose(run(fn, [x], "compiled")[0], layer(eager(x)));
    }
    tf.dispose([W, b]);
  });

  it("names outputs by keys, by outputNames, else Identity and Identity_1", async () => {
    const keys = await concreteFunction((t: tf.Tensor) => ({ sum: tf.add(t, 1), tanh: tf.tanh(t) }), x2);
    expect(Object.keys(keys.graph.signature.outputs)).toEqual(["sum", "tanh"]);
    const list = await concreteFunction((t: tf.Tensor) => [tf.add(t, 1), tf.tanh(t)], x2);
    expect(Object.keys(list.graph.signature.outputs)).toEqual(["Identity", "Identity_1"]);
    const both = (t: tf.Tensor) => [tf.add(t, 1), tf.tanh(t)];
    const given = await concreteFunction(both, x2, { outputNames: ["a", "Tanh"] });
    expect(names(given)).toContain("Tanh/op");
    expectClose(run(given, [floats([2])])[1], tf.tanh(eager(floats([2]))));
  });

  it("may give back an input, a constant or one tensor twice, and take nothing", async () => {
    const constant = tf.tensor1d([1, 2]);
    const fn = await concreteFunction((t: tf.Tensor) => [t, constant, t], x2);
    expect(run(fn, [floats([2])]).map(({ data }) => Array.from(data as Float32Array))).toEqual([
      Array.from(floats([2]).data as Float32Array),
      [1, 2],
      Array.from(floats([2]).data as Float32Array),
    ]);
    const nothing = await concreteFunction(() => tf.add(constant, 1));
    expect(Array.from(run(nothing, [])[0]?.data as Float32Array)).toEqual([2, 3]);
  });

  it("takes the signature in the options too, and names inputs as TensorFlow numbers them", async () => {
    const spec = new TensorSpec([2]);
    const add = (a: tf.Tensor, b: tf.Tensor) => tf.add(a, b);
    const fn = await concreteFunction(add, { inputSignature: [spec, spec], name: "sum" });
    expect(Object.keys(fn.graph.signature.inputs)).toEqual(["inputs", "inputs_1"]);
    expect(fn.graph.origin).toBe("function 'sum'");
  });

  it("makes valid names of those that are none, and keeps the variable's own", async () => {
    const w = tf.variable(tf.tensor1d([2, 3]), true, "my w:0");
    const fn = await concreteFunction((x: tf.Tensor) => tf.mul(x, w), x2);
    expect([...fn.variables.keys()]).toEqual(["my w:0"]);
    expect(names(fn)).toContain("my_w_0");
    expectClose(run(fn, [floats([2])])[0], tf.mul(eager(floats([2])), w));
    w.dispose();
  });

  it("shares constants that are the same, and leaves out what no output needs", async () => {
    const fn = await concreteFunction((t: tf.Tensor) => {
      tf.exp(t);
      return tf.add(tf.add(t, 3), 3);
    }, x2);
    expect(ops(fn)).toEqual(["Placeholder", "Const", "AddV2", "AddV2", "Identity"]);
  });

  it("reads constants while it is traced", async () => {
    const table = tf.tensor1d([2, 5]);
    const fn = await concreteFunction(
      (t: tf.Tensor) => tf.mul(t, tf.mul(table, 2).dataSync()[1] as number),
      x2,
    );
    expect(Array.from(run(fn, [new Tensor("float32", [2], [1, 2])])[0]?.data as Float32Array)).toEqual([
      10, 20,
    ]);
  });

  it("carries the four element types", async () => {
    const fn = await concreteFunction(
      (a: tf.Tensor, b: tf.Tensor, s: tf.Tensor) => ({
        int: tf.add(a, tf.scalar(1, "int32")),
        not: tf.logicalNot(b),
        text: tf.reshape(s, [2, 1]),
      }),
      [new TensorSpec([2], "int32"), new TensorSpec([2], "bool"), new TensorSpec([2], "string")],
    );
    const text = new Tensor("string", [2], [Buffer.from("ä"), Buffer.from([255])] as never);
    const [int, not, same] = run(fn, [ints([2], [1, 2]), new Tensor("bool", [2], [1, 0]), text]);
    expect(Array.from(int?.data as Int32Array)).toEqual([2, 3]);
    expect(Array.from(not?.data as Uint8Array)).toEqual([0, 1]);
    expect(same?.shape).toEqual([2, 1]);
    expect(((same?.data ?? []) as Uint8Array[]).map((bytes) => Buffer.from(bytes))).toEqual([
      Buffer.from("ä"),
      Buffer.from([255]),
    ]);
  });
});

describe("what cannot be traced", () => {
  const refused = (promise: Promise<unknown>) =>
    promise.then(
      () => "was traced",
      (error: Error) => error.message,
    );

  it("has no signature", async () => {
    expect(await refused(concreteFunction((x: tf.Tensor) => x))).toMatch(
      /no input signature.*polymorphic.*TensorSpec/,
    );
    expect(await refused(concreteFunction((x: tf.Tensor, y: tf.Tensor) => tf.add(x, y), x2))).toMatch(
      /takes 2 tensors, its input signature has 1/,
    );
  });

  it("is of a type that tfjs does not have", async () => {
    for (const dtype of ["float64", "int64"] as const) {
      const spec = new TensorSpec([2], dtype, "x");
      expect(await refused(concreteFunction((x: tf.Tensor) => x, [spec]))).toMatch(
        new RegExp(
          `input 'x' of ${dtype}\\[2\\]: TensorFlow.js has no ${dtype}, only float32, int32, bool, string`,
        ),
      );
    }
  });

  it("is async, or returns a promise", async () => {
    const asynchronous = async (x: tf.Tensor) => {
      await x.data();
      return x;
    };
    expect(await refused(concreteFunction(asynchronous as never, x2))).toMatch(/'asynchronous' is async/);
    expect(await refused(concreteFunction(((x: tf.Tensor) => asynchronous(x)) as never, x2))).toMatch(
      /is async/,
    );
  });

  it("reads a value that depends on an input", async () => {
    const readers: ((x: tf.Tensor) => unknown)[] = [
      (x) => tf.add(x, 1).dataSync(),
      (x) => x.arraySync(),
      (x) => x.data(),
    ];
    for (const read of readers) {
      const fn = (x: tf.Tensor) => {
        read(x);
        return x;
      };
      expect(await refused(concreteFunction(fn, x2))).toMatch(/depends on an input.*tf\.where/s);
    }
  });

  it("has a kernel that no graph has", async () => {
    const fn = (x: tf.Tensor) => tf.unique(x as tf.Tensor1D).values;
    expect(await refused(concreteFunction(fn, x2))).toMatch(/kernel 'Unique'.*rawOp/s);
  });

  it("returns something else than tensors", async () => {
    expect(await refused(concreteFunction((() => 3) as never))).toMatch(/returns a value of type number/);
    expect(await refused(concreteFunction((() => undefined) as never))).toMatch(/returns undefined/);
    expect(await refused(concreteFunction(() => []))).toMatch(/returns no tensor/);
    expect(await refused(concreteFunction((() => ({ a: { b: 1 } })) as never))).toMatch(/under 'a' a value/);
  });

  it("gives names twice, or as many as there are not outputs", async () => {
    const fn = (x: tf.Tensor) => [x, tf.tanh(x)];
    const name = (...outputNames: string[]) => refused(concreteFunction(fn, x2, { outputNames }));
    expect(await name("a")).toMatch(/returns 2 tensors, outputNames has 1/);
    expect(await name("a", "a")).toMatch(/'a'.*used twice/);
    expect(await name("a", "x")).toMatch(/'x'.*an input's/);
    expect(await name("a", "b c")).toMatch(/'b c'.*none that TensorFlow allows/);
  });

  it("makes or changes a variable, or disposes of what it did not make", async () => {
    const w = tf.variable(tf.tensor1d([1, 2]), true, "touched");
    const t = tf.tensor1d([1, 2]);
    const attempts: [() => unknown, RegExp][] = [
      [() => w.assign(tf.tensor1d([5, 5])), /changes or disposes of the variable 'touched'/],
      [() => w.dispose(), /changes or disposes of the variable 'touched'/],
      [() => t.dispose(), /disposes of a tensor that was made before it/],
      [() => tf.variable(tf.tensor1d([5, 5])), /makes a variable/],
    ];
    for (const [attempt, message] of attempts) {
      const fn = (x: tf.Tensor) => {
        attempt();
        return x;
      };
      expect(await refused(concreteFunction(fn, x2))).toMatch(message);
    }
    expect([...w.dataSync(), ...t.dataSync()]).toEqual([1, 2, 1, 2]);
    w.dispose();
  });

  it("draws random numbers", async () => {
    const fn = (x: tf.Tensor) => tf.add(x, tf.randomNormal([2]));
    expect(await refused(concreteFunction(fn, x2))).toMatch(/not the same in every call.*random/s);
  });
});
