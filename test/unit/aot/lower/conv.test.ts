/** Convolutions and poolings of every padding, stride, dilation and format: the lowerings against the kernels. */
import { describe, expect, it } from "vitest";
import type { AttrValue } from "../../../../framework/tensorflow/GraphDef.js";
import { agree, ints, list, lowered, nodeOf } from "./lowerNode.js";
import { integer, oneOf, tensor, times } from "./random.js";

interface Sizes {
  readonly format: string;
  readonly padding: string;
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
}

function anySizes(mostDilation = 2): Sizes {
  const two = (most: number) => [integer(1, most), integer(1, most)] as const;
  return {
    format: oneOf("NHWC", "NCHW"),
    padding: oneOf("SAME", "VALID", "EXPLICIT"),
    stride: two(3),
    dilation: two(mostDilation),
  };
}

/** Values of the space, in the places of the format. */
function inFormat(format: string, space: readonly number[], batch = 1, channels = 1): number[] {
  return format === "NCHW" ? [batch, channels, ...space] : [batch, ...space, channels];
}

function attrsOf({ format, padding, stride, dilation }: Sizes): Record<string, AttrValue> {
  const explicit = [integer(0, 2), integer(0, 2), integer(0, 2), integer(0, 2)];
  return {
    data_format: { s: format },
    padding: { s: padding },
    strides: list(inFormat(format, stride)),
    dilations: list(inFormat(format, dilation)),
    ...(padding === "EXPLICIT" && {
      explicit_paddings: list(format === "NCHW" ? [0, 0, 0, 0, ...explicit] : [0, 0, ...explicit, 0, 0]),
    }),
  };
}

describe("Conv2D", () => {
  it("of any sizes", () => {
    times(120, () => {
      const sizes = anySizes();
      const groups = oneOf(1, 1, 2, 3);
      const [depth, outputs] = [integer(1, 3), groups * integer(1, 3)];
      const dims = inFormat(
        sizes.format,
        [integer(3, 7), integer(3, 7)],
        integer(0, 9) ? integer(1, 3) : 0,
        groups * depth,
      );
      agree("Conv2D", [tensor(dims), tensor([integer(1, 3), integer(1, 3), depth, outputs])], attrsOf(sizes));
    });
  });
  it("without padding is one step over the image itself", () => {
    const attrs = { padding: { s: "VALID" }, strides: list([1, 1, 1, 1]) };
    const { steps } = lowered(nodeOf("Conv2D", attrs), [tensor([2, 5, 5, 3]), tensor([3, 3, 3, 4])]);
    expect(steps.map(({ kind }) => kind)).toEqual(["contract"]);
  });
  it("pads no more than the windows reach, writing each element once", () => {
    const attrs = { padding: { s: "SAME" }, strides: list([1, 2, 2, 1]) };
    const { steps } = lowered(nodeOf("Conv2D", attrs), [tensor([1, 6, 5, 1]), tensor([3, 3, 1, 2])]);
    const written = steps.map((step) => (step.kind === "map" ? step.out.shape : step.kind));
    expect(written).toEqual([[1, 1, 7, 1], [1, 6, 1, 1], [1, 6, 1, 1], [1, 6, 5, 1], "contract"]);
  });
  it("of integers and doubles", () => {
    for (const dtype of ["float64", "int32"] as const) {
      const attrs = { padding: { s: "SAME" }, strides: list([1, 2, 1, 1]) };
      agree("Conv2D", [tensor([2, 5, 5, 3], dtype), tensor([3, 3, 3, 4], dtype)], attrs);
    }
  });
  it("refuses what does not fit", () => {
    const run = (attrs: Record<string, AttrValue>, filter: readonly number[]) => () =>
      lowered(nodeOf("Conv2D", { padding: { s: "SAME" }, ...attrs }), [tensor([1, 4, 4, 3]), tensor(filter)]);
    expect(run({}, [2, 2, 2, 2])).toThrow("a filter of [2,2,2,2] does not fit [1,4,4,3]");
    expect(run({ data_format: { s: "NCHW_VECT_C" } }, [2, 2, 3, 2])).toThrow("use NHWC instead");
  });
});

describe("DepthwiseConv2dNative", () => {
  it("of any sizes", () => {
    times(60, () => {
      const sizes = anySizes();
      const channels = integer(1, 4);
      const dims = inFormat(sizes.format, [integer(3, 7), integer(3, 7)], integer(1, 3), channels);
      const filter = tensor([integer(1, 3), integer(1, 3), channels, integer(1, 3)]);
      agree("DepthwiseConv2dNative", [tensor(dims), filter], attrsOf(sizes));
    });
  });
});

describe("Conv2DBackpropInput", () => {
  it("of any sizes", () => {
    times(150, () => {
      const sizes = anySizes(3);
      const attrs = attrsOf(sizes);
      const [rows, columns] = [integer(1, 4), integer(1, 4)];
      const space = [integer(4, 8), integer(4, 8)];
      const first = sizes.format === "NCHW" ? 4 : 2;
      const explicit = attrs.explicit_paddings?.list?.i.slice(first, first + 4) ?? [0, 0, 0, 0];
      const windows = space.map((extent, i) => {
        const stride = sizes.stride[i] as number;
        const covered = ((i === 0 ? rows : columns) - 1) * (sizes.dilation[i] as number) + 1;
        if (sizes.padding === "SAME") return Math.ceil(extent / stride);
        const padded = extent + (explicit[2 * i] as number) + (explicit[2 * i + 1] as number);
        return Math.max(0, Math.floor((padded - covered) / stride) + 1);
      });
      const [batch, channels, depth] = [integer(1, 2), integer(1, 3), integer(1, 3)];
      const result = inFormat(sizes.format, space, batch, channels);
      const value = tensor(inFormat(sizes.format, windows, batch, depth));
      const filter = tensor([rows, columns, channels, depth]);
      agree("Conv2DBackpropInput", [oneOf(ints(result), ints(space)), filter, value], attrs);
    });
  });
  it("pads no more than its phases reach", () => {
    const attrs = { padding: { s: "SAME" }, strides: list([1, 2, 2, 1]) };
    const inputs = [ints([1, 8, 8, 3]), tensor([3, 3, 3, 2]), tensor([1, 4, 4, 2])];
    const { steps } = lowered(nodeOf("Conv2DBackpropInput", attrs), inputs);
    const written = steps.map((step) => (step.kind === "map" ? step.out.shape : step.kind));
    expect(written.slice(0, 3)).toEqual([
      [1, 1, 5, 2],
      [1, 4, 1, 2],
      [1, 4, 4, 2],
    ]);
  });
  it("multiplies nothing by zeros: each phase is a step of its own taps", () => {
    const attrs = { padding: { s: "SAME" }, strides: list([1, 2, 2, 1]) };
    const inputs = [ints([1, 8, 8, 3]), tensor([4, 4, 3, 2]), tensor([1, 4, 4, 2])];
    const { steps } = lowered(nodeOf("Conv2DBackpropInput", attrs), inputs);
    const products = steps.map((step) => (step.kind === "contract" ? step.out.count * 2 * 2 * 2 : 0));
    expect(products.reduce((a, b) => a + b)).toBe(8 * 8 * 3 * 2 * 2 * 2);
  });
});

describe("pooling", () => {
  it.each(["MaxPool", "AvgPool"])("%s of any sizes", (op) => {
    times(60, () => {
      const sizes = { ...anySizes(1), padding: oneOf("SAME", "VALID") };
      const dims = inFormat(
        sizes.format,
        [integer(3, 7), integer(3, 7)],
        integer(0, 9) ? integer(1, 3) : 0,
        integer(1, 3),
      );
      const ksize = list(inFormat(sizes.format, [integer(1, 3), integer(1, 3)]));
      agree(op, [tensor(dims, oneOf("float32", "float64"))], { ...attrsOf(sizes), ksize });
    });
  });
  it("MaxPool of integers", () => {
    const attrs = { ksize: list([1, 2, 2, 1]), strides: list([1, 1, 1, 1]), padding: { s: "SAME" } };
    for (const dtype of ["int32", "int8", "uint8"] as const)
      agree("MaxPool", [tensor([1, 3, 3, 2], dtype, dtype === "uint8" ? 0 : -9, 9)], attrs);
  });
  it("over channels is refused", () => {
    const attrs = { ksize: list([1, 1, 1, 3]), strides: list([1, 1, 1, 3]), padding: { s: "VALID" } };
    expect(() => lowered(nodeOf("MaxPool", attrs), [tensor([1, 2, 2, 3])])).toThrow("pool the space alone");
  });
});
