/** Checkpoints and NumPy files, both ways: what TensorFlow and NumPy write we read, what we write they read. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Checkpoint } from "../../../../framework/tensorflow/checkpoint/Checkpoint.js";
import { dumpModelParams } from "../../../../framework/tensorflow/checkpoint/dumpModelParams.js";
import { openSource } from "../../../../framework/tensorflow/checkpoint/ValueSource.js";
import { VariablesBundle } from "../../../../framework/tensorflow/checkpoint/VariablesBundle.js";
import { writeCheckpoint } from "../../../../framework/tensorflow/checkpoint/writeCheckpoint.js";
import { loadNpy, loadNpz, saveNpz } from "../../../../framework/tensorflow/numpy/npz.js";
import { Tensor, type TensorLike } from "../../../../framework/tensorflow/Tensor.js";
import { describeWithPython, runPython } from "../../../python.js";

/** As make_checkpoints.py has it: little-endian bytes, or those of each string, in hexadecimal. */
interface Plain {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: string | readonly string[];
}
type PlainAll = Readonly<Record<string, Plain>>;

const folder = mkdtempSync(join(tmpdir(), "withTensorFlow-"));
afterAll(() => rmSync(folder, { recursive: true }));
const inside = (...names: string[]) => join(folder, ...names);

function plain({ dtype, shape, data }: TensorLike): Plain {
  const hex = (bytes: Uint8Array) =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
  return { dtype, shape, data: Array.isArray(data) ? data.map(hex) : hex(data as Uint8Array) };
}

function plainAll(tensors: Iterable<readonly [string, TensorLike]>): PlainAll {
  return Object.fromEntries([...tensors].map(([name, tensor]) => [name, plain(tensor)]));
}

describeWithPython("with TensorFlow", () => {
  const source = join(import.meta.dirname, "..", "savedModels", "bundle");
  const bundle = new VariablesBundle(join(source, "variables"));
  const everyType = new Map<string, TensorLike>(bundle.names.map((name) => [name, bundle.read(name)]));
  everyType.set("empty", new Tensor("float32", [0, 3]));
  // NumPy's strings do not end with zeros.
  const forNumPy = new Map([...everyType].filter(([, { dtype }]) => dtype !== "bfloat16"));
  forNumPy.set("text/é:0", new Tensor("string", [2], [Buffer.from(""), Buffer.from("a\0b")] as never));
  let expected: Record<string, PlainAll> & { ours: Record<string, unknown> };

  beforeAll(() => {
    mkdirSync(inside("ours"));
    writeCheckpoint(inside("ours", 'model "é"-1'), everyType);
    writeCheckpoint(inside("ours", "model-2"), everyType);
    writeCheckpoint(inside("ours", "none"), {}, { stateFile: false });
    saveNpz(inside("ours", "stored.npz"), forNumPy);
    saveNpz(inside("ours", "deflated.npz"), forNumPy, { compressed: true });
    const program = join(import.meta.dirname, "make_checkpoints.py");
    expected = JSON.parse(runPython(program, [folder]).split("\n").at(-2) as string);
  }, 120_000);

  it("it reads what we write: by name, through a Saver, as the latest, and NumPy its files", () => {
    const values = plainAll(everyType);
    expect(expected.ours).toMatchObject({
      latest: "model-2",
      kept: ['model "é"-1', "model-2"],
      none: {},
      npz: [plainAll(forNumPy), plainAll(forNumPy)],
    });
    expect(expected.ours.values).toEqual(values);
    const numeric = Object.entries(values).filter(([, { dtype }]) => !["string", "bfloat16"].includes(dtype));
    expect(expected.ours.restored).toEqual(Object.fromEntries(numeric));
  });

  it.each([["saver"], ["keras"], ["manager"], ["legacy"]])("we read %s by the variables' names", (name) => {
    const checkpoint = new Checkpoint(inside(name));
    const { complex: _, ...wanted } = expected[name] as PlainAll;
    const read = Object.keys(wanted).map((variable) => [variable, checkpoint.read(variable)] as const);
    expect(plainAll(read)).toEqual(wanted);
    for (const [variable, { dtype, shape, data }] of Object.entries(wanted)) {
      const described = checkpoint.describe(variable);
      expect(described).toMatchObject({ dtype, shape, typeName: dtype });
      if (typeof data === "string") expect(described.sizeBytes).toBe(data.length / 2);
    }
  });

  it("we read an object-based checkpoint by its keys too", () => {
    const checkpoint = new Checkpoint(inside("manager"));
    const key = "model/layer_with_weights-0/kernel/.ATTRIBUTES/VARIABLE_VALUE";
    expect(checkpoint.fullName(key)).toBe("d/kernel");
    expect(checkpoint.describe("d/kernel").key).toBe(key);
    expect(checkpoint.read(key)).toEqual(checkpoint.read("d/kernel"));
    expect(checkpoint.names).not.toContain("_CHECKPOINTABLE_OBJECT_GRAPH");
    expect(() => checkpoint.read("twin")).toThrow(
      /has several variables named 'twin'; name one by its key, 'a\/\.ATTR.*' and 'b\/\.ATTR.*'\.$/,
    );
    expect(checkpoint.fullName("b/.ATTRIBUTES/VARIABLE_VALUE")).toBe("b/.ATTRIBUTES/VARIABLE_VALUE");
    expect(() => checkpoint.read("d/kernal")).toThrow(
      /has no tensor 'd\/kernal'; did you mean 'd\/kernel'\?$/,
    );
  });

  it("types that no tensor has are listed, and refused when read", () => {
    const checkpoint = new Checkpoint(inside("saver"));
    expect(checkpoint.describe("complex")).toMatchObject({
      dtype: undefined,
      typeName: "complex128",
      shape: [],
    });
    expect(() => checkpoint.read("complex")).toThrow(/'complex': type complex128 is not supported\.$/);
  });

  it("a checkpoint of the old format is told from none", () => {
    expect(() => new Checkpoint(inside("old", "model"))).toThrow(/is no file of TensorFlow's V2 format/);
  });

  it.each([["stored.npz"], ["deflated.npz"], ["bfloat16.npz"]])("we read %s", (name) => {
    expect(plainAll(loadNpz(inside(name)))).toEqual(expected[name]);
  });

  it.each([["dictionary.npy"], ["protocol2.npy"], ["protocol3.npy"], ["protocol4.npy"], ["protocol5.npy"]])(
    "we read the pickle in %s",
    (name) => {
      expect(plainAll(loadNpy(inside(name)) as Map<string, Tensor>)).toEqual(expected[name]);
    },
  );

  it.each([[1], [2], [3]])("we read version %i of .npy", (version) => {
    const name = `version${version}.npy`;
    expect(plain(loadNpy(inside(name)) as Tensor)).toEqual(expected[name]);
    expect(() => openSource(inside(name))).toThrow(/holds one array without a name/);
  });

  it.each([
    ["complex", "arrays of NumPy's type '<c8' are not supported"],
    ["records", "arrays of records are not supported"],
    ["call", "a pickle with 'x', which is no array of numbers or strings, is not read"],
    ["number", "a pickle with 'x', which is no array of numbers or strings, is not read"],
    ["objects", "a pickle with 2 objects is not read; save the arrays with np.savez"],
  ])("we refuse %s, naming it", (name, message) => {
    expect(() => loadNpy(inside(`refused_${name}.npy`))).toThrow(message);
  });

  it("a dump keeps what the meta graph calls the model's", () => {
    const saver = dumpModelParams(inside("saver"), inside("dumped.npz"));
    expect(saver.meta).toBe(inside("saver", "model-1.meta"));
    const training = ["beta1_power", "beta2_power", "complex", "global_step", "scalar/Adam", "scalar/Adam_1"];
    expect([...saver.leftOut].sort()).toEqual(training);
    const dumped = loadNpz(inside("dumped.npz"));
    expect([...dumped.keys()]).toEqual([...saver.kept].sort());
    expect(dumped.get("layer/w")).toEqual(new Checkpoint(inside("saver")).read("layer/w"));
  });

  it("a dump without a meta graph keeps what is not named as optimizers' variables", () => {
    const { kept, meta } = dumpModelParams(inside("legacy", "ckpt"), inside("dumped", "model"));
    expect(meta).toBeUndefined();
    expect([...kept].sort()).toEqual(Object.keys(expected.legacy as PlainAll).sort());
    const dumped = new Checkpoint(inside("dumped"));
    expect(plainAll(dumped.names.map((name) => [name, dumped.read(name)] as const))).toEqual(expected.legacy);
    expect(readdirSync(inside("dumped"))).not.toContain("checkpoint");
    const manager = dumpModelParams(inside("manager"), inside("manager.npz"));
    expect(manager.kept.filter((name) => /Adam|iteration|learning_rate|counter/.test(name))).toEqual([]);
    expect(() =>
      dumpModelParams(inside("manager"), inside("no.npz"), inside("mapped", "model.meta")),
    ).toThrow(/variable 'layer\/w\/part_0' of the meta graph is not in '.*ckpt-3'\.$/);
  });
});
