/** ResizeNearestNeighbor and ResizeBilinear (NHWC), with TensorFlow's three ways to map pixels. */
import { boolAttr } from "../../tensorflow/attributes.js";
import type { NodeDef } from "../../tensorflow/GraphDef.js";
import { call, cast, read } from "../tensor/element.js";
import type { Element } from "../tensor/ir.js";
import { sizeOf, View } from "../tensor/View.js";
import type { Lower, LowerTable, Trace } from "./Lowering.js";
import { constantOf } from "./operands.js";
import { range } from "./windows.js";

/** Where positions of an axis of the result lie in the input, in float32 as TensorFlow computes it. */
class Mapping {
  readonly isAligned: boolean;
  readonly isHalfPixel: boolean;

  constructor(
    node: NodeDef,
    readonly from: number,
    readonly to: number,
  ) {
    this.isAligned = boolAttr(node, "align_corners");
    this.isHalfPixel = boolAttr(node, "half_pixel_centers");
  }

  #source(i: number): number {
    const { from, to } = this;
    const scale = Math.fround(this.isAligned && to > 1 ? (from - 1) / (to - 1) : from / to);
    return this.isHalfPixel ? Math.fround(Math.fround(i + 0.5) * scale) : Math.fround(i * scale);
  }

  #clipped(position: number): number {
    return Math.min(Math.max(position, 0), this.from - 1);
  }

  nearest(): number[] {
    const round = this.isAligned ? Math.round : Math.floor;
    return range(0, this.to).map((i) => this.#clipped(round(this.#source(i))));
  }

  /** The two pixels around each position and the weight of the second. */
  between(): { low: number[]; high: number[]; weight: number[] } {
    const shift = this.isHalfPixel ? 0.5 : 0;
    const positions = range(0, this.to).map((i) => Math.fround(this.#source(i) - shift));
    const lower = positions.map(Math.floor);
    return {
      low: lower.map((at) => this.#clipped(at)),
      high: lower.map((at) => this.#clipped(at + 1)),
      weight: positions.map((position, i) => Math.fround(position - (lower[i] as number))),
    };
  }
}

/** The mappings of rows and columns. @throws Unsupported when the size is not possible */
function mappings(trace: Trace, node: NodeDef, x: View, sizesInput: View): [Mapping, Mapping] {
  const [height, width] = trace.integers(sizesInput, "the new size") as [number, number];
  if (x.rank !== 4 || !(height > 0 && width > 0) || x.shape[1] === 0 || x.shape[2] === 0)
    return trace.unsupported(`[${x.shape}] cannot be resized to [${height},${width}]; correct the graph`);
  return [new Mapping(node, x.shape[1] as number, height), new Mapping(node, x.shape[2] as number, width)];
}

const nearest: Lower = (trace, node, inputs) => {
  const [x, sizes] = inputs as [View, View];
  const [rows, columns] = mappings(trace, node, x, sizes).map((mapping) => mapping.nearest()) as [
    number[],
    number[],
  ];
  const shape = [x.shape[0] as number, rows.length, columns.length, x.shape[3] as number];
  const apart = [rows, columns].map(distance);
  if (apart.every((step) => step !== undefined)) {
    return [rows, columns].reduce(
      (view, at, i) => view.slice(i + 1, at[0] as number, at.length, apart[i] as number),
      x,
    );
  }
  const factors = [rows, columns].map((at, i) => at.length / (x.shape[i + 1] as number));
  const isRepeated = [rows, columns].every((at, i) =>
    at.every((from, to) => from === Math.floor(to / (factors[i] as number))),
  );
  if (isRepeated && factors.every(Number.isInteger))
    return repeatPixels(trace, x, factors as [number, number]);
  return trace.map(shape, pixelsAt(trace, x, shape, rows, columns));
};

/** Every pixel becomes rows × columns of them. */
function repeatPixels(trace: Trace, x: View, [rows, columns]: readonly [number, number]): View {
  const [n, height, width, channels] = x.shape as [number, number, number, number];
  const shape = [n, height * rows, width * columns, channels];
  const out = View.of(trace.newStorage(x.dtype, sizeOf(shape)), shape);
  const apart = [n, height, rows, width, columns, channels];
  const repeated = x.insertAxis(2).insertAxis(4).broadcast(apart);
  trace.mapInto(out.reshape(apart) as View, read(repeated));
  return out;
}

/** The one distance between neighbours. */
function distance(positions: readonly number[]): number | undefined {
  const [first = 0, second = first] = positions;
  return positions.every((at, i) => at === first + i * (second - first)) ? second - first : undefined;
}

/** Pixels read at known rows and columns. */
function pixelsAt(
  trace: Trace,
  x: View,
  shape: readonly number[],
  rows: readonly number[],
  columns: readonly number[],
): Element {
  const index = (axis: number, positions: readonly number[]) => {
    const along = axis === 1 ? [positions.length, 1, 1] : [positions.length, 1];
    const value = read(constantOf(trace, "int32", along, positions), shape);
    return { value, stride: x.strides[axis] as number, limit: x.shape[axis] as number };
  };
  const view = x.strided(shape, x.strides.with(1, 0).with(2, 0));
  const indices = [index(1, rows), index(2, columns)];
  return { kind: "gather", dtype: x.dtype, view, indices, fault: "a pixel is outside of the image" };
}

const bilinear: Lower = (trace, node, inputs) => {
  const [x, sizes] = inputs as [View, View];
  const [rows, columns] = mappings(trace, node, x, sizes).map((mapping) => mapping.between()) as [
    Between,
    Between,
  ];
  const shape = [x.shape[0] as number, rows.weight.length, columns.weight.length, x.shape[3] as number];
  const weights = (values: readonly number[], inner: readonly number[]) =>
    read(constantOf(trace, "float32", [values.length, ...inner], values), shape);
  const down = weights(rows.weight, [1, 1]);
  const aside = weights(columns.weight, [1]);
  const pixels = (row: readonly number[], column: readonly number[]) =>
    cast(pixelsAt(trace, x, shape, row, column), "float32");
  const across = (row: readonly number[]) => mix(pixels(row, columns.low), pixels(row, columns.high), aside);
  return trace.map(shape, mix(across(rows.low), across(rows.high), down));
};

type Between = ReturnType<Mapping["between"]>;

function mix(a: Element, b: Element, weight: Element): Element {
  return call("add", a, call("mul", call("sub", b, a), weight));
}

export const resizeLowerings: LowerTable = { ResizeNearestNeighbor: nearest, ResizeBilinear: bilinear };
