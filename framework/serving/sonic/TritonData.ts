/**
 * CMSSW's TritonInputData and TritonOutputData: one tensor of a call. Rectangular: entry 0 holds all rows, its shape one
 * row's. Ragged: one entry a request, each with its own shape. Shapes here are without the batch dimension, as in CMSSW.
 */
import { Exception } from "../../base/errors.js";
import { type DataOf, type DType, holds, newData, type TensorData } from "../../tensorflow/dtypes.js";
import { showShape, Tensor, type TensorLike } from "../../tensorflow/Tensor.js";
import { datatypeOf } from "../kserve/datatypes.js";

/** How a call is put together: shared by all tensors of a client. */
export interface BatchState {
  batchSize: number;
  isRagged: boolean;
  /** Requests of the call: 1, or as many as were added in ragged mode. */
  entryCount: number;
  /** The model has a batch dimension. */
  readonly hasOuterDim: boolean;
}

const product = (shape: readonly number[]) => shape.reduce((size, dim) => size * dim, 1);

abstract class TritonData {
  /** Without the batch dimension; -1 where the model takes any size. */
  readonly dims: readonly number[];
  protected readonly shapes: number[][] = [];

  constructor(
    readonly name: string,
    readonly dtype: DType,
    dims: readonly number[],
    protected readonly batch: BatchState,
  ) {
    this.dims = dims;
    this.reset();
  }

  /** As KServe calls the type: FP32. */
  get dname(): string {
    return datatypeOf(this.dtype);
  }

  get variableDims(): boolean {
    return this.dims.some((dim) => dim < 0);
  }

  /** Elements of a row; -1 where the model takes any number. */
  get sizeDims(): number {
    return this.variableDims ? -1 : product(this.dims);
  }

  shape(entry = 0): readonly number[] {
    return this.shapeOf(entry);
  }

  /** Elements of a row as its shape is now. */
  sizeShape(entry = 0): number {
    const shape = this.shapeOf(entry);
    const open = shape.findIndex((dim) => dim < 0);
    if (open >= 0)
      throw this.error(
        "sizeShape",
        `dimension ${open} of its shape ${showShape(shape)} is open; call setShape first`,
      );
    return product(shape);
  }

  /** As it is sent: with the batch dimension where the model has one. */
  fullShape(entry = 0): number[] {
    const { hasOuterDim, isRagged, batchSize } = this.batch;
    return hasOuterDim ? [isRagged ? 1 : batchSize, ...this.shapeOf(entry)] : [...this.shapeOf(entry)];
  }

  /** Elements of a whole entry. */
  sizeEntry(entry = 0): number {
    const { hasOuterDim, isRagged, batchSize } = this.batch;
    return this.sizeShape(entry) * (hasOuterDim && !isRagged ? batchSize : 1);
  }

  reset(): void {
    this.shapes.length = 0;
    this.shapes.push([...this.dims]);
  }

  protected shapeOf(entry: number): number[] {
    if (entry < 0 || entry >= this.batch.entryCount || !Number.isInteger(entry))
      throw this.error("entry", `there is no entry ${entry}; the batch has ${this.batch.entryCount}`);
    const shape = this.shapes[entry] ?? [...this.dims];
    this.shapes[entry] = shape;
    return shape;
  }

  protected error(method: string, what: string): Exception {
    return new Exception("TritonDataError", `${method}() of '${this.name}': ${what}.`);
  }
}

export class TritonInputData extends TritonData {
  readonly #data: (TensorData | undefined)[] = [];

  /**
   * The sizes that the model leaves open: a whole shape, or one dimension of it.
   * @throws TritonDataError where the model fixes a size
   */
  setShape(shape: readonly number[], entry?: number): void;
  setShape(dimension: number, size: number, entry?: number): void;
  setShape(first: readonly number[] | number, second?: number, third?: number): void {
    if (typeof first === "number") this.#setDimension(first, second ?? 0, third ?? 0);
    else {
      if (first.length !== this.dims.length)
        throw this.error("setShape", `${showShape(first)} has not the rank of ${showShape(this.dims)}`);
      for (const [dimension, size] of first.entries()) this.#setDimension(dimension, size, second ?? 0);
    }
  }

  #setDimension(dimension: number, size: number, entry: number): void {
    const fixed = this.dims[dimension];
    if (fixed === undefined)
      throw this.error("setShape", `dimension ${dimension} is out of range for ${showShape(this.dims)}`);
    if (!Number.isInteger(size) || size < 0) throw this.error("setShape", `a size cannot be ${size}`);
    if (fixed >= 0 && fixed !== size)
      throw this.error(
        "setShape",
        `attempt to change value of non-variable shape dimension ${dimension} from ${fixed} to ${size}`,
      );
    this.shapeOf(entry)[dimension] = size;
  }

  /** Zeroed elements of a whole entry (all rows of a rectangular batch), to be filled and given to toServer. */
  allocate<D extends DType>(dtype: D, entry = 0): DataOf[D] {
    this.#checkType("allocate", dtype);
    return newData(dtype, this.sizeEntry(entry)) as DataOf[D];
  }

  /** The elements of an entry, row by row; a tensor brings its shape with it (rows first, where there is a batch). */
  toServer(data: TensorData | TensorLike, entry = 0): void {
    const elements = isTensor(data) ? this.#adopt(data, entry) : data;
    if (!holds(this.dtype, elements))
      throw this.error(
        "toServer",
        `it takes ${this.dname} (${this.dtype}), not the elements of a ${elements.constructor.name}`,
      );
    const expected = this.sizeEntry(entry);
    if (elements.length !== expected)
      throw this.error(
        "toServer",
        `${elements.length} elements are given where shape ${showShape(this.fullShape(entry))} has ${expected}`,
      );
    this.#data[entry] = elements;
  }

  /** What is sent of an entry. @throws TritonDataError when toServer was not called */
  tensor(entry: number): TensorLike {
    const data = this.#data[entry];
    if (!data) throw this.error("toServer", `entry ${entry} was given no data before the call`);
    return { dtype: this.dtype, shape: this.fullShape(entry), data };
  }

  override reset(): void {
    super.reset();
    // Called by the constructor of the base class, before there are private fields.
    if (#data in this) this.#data.length = 0;
  }

  #adopt({ dtype, shape, data }: TensorLike, entry: number): TensorData {
    this.#checkType("toServer", dtype);
    const { hasOuterDim, isRagged, batchSize } = this.batch;
    const rows = isRagged ? 1 : batchSize;
    if (hasOuterDim && shape[0] !== rows)
      throw this.error("toServer", `a tensor of shape ${showShape(shape)} is given for ${rows} rows`);
    this.setShape(hasOuterDim ? shape.slice(1) : shape, entry);
    return data;
  }

  #checkType(method: string, dtype: DType): void {
    if (dtype !== this.dtype)
      throw this.error(method, `it takes ${this.dname} (${this.dtype}), not ${dtype}`);
  }
}

export class TritonOutputData extends TritonData {
  readonly #tensors: TensorLike[] = [];

  /** What came back, with the batch dimension. Without rows: none. @throws TritonDataError for another dtype */
  fromServer<D extends DType>(dtype: D, entry = 0): Tensor<D> {
    if (dtype !== this.dtype)
      throw this.error("fromServer", `it gives ${this.dname} (${this.dtype}), not ${dtype}`);
    this.shapeOf(entry);
    const { shape, data } = this.#tensors[entry] ?? this.#nothing();
    return new Tensor(dtype, shape, data as DataOf[D]);
  }

  /** Set by the client. */
  receive(tensor: TensorLike, entry: number): void {
    this.#tensors[entry] = tensor;
    this.shapes[entry] = tensor.shape.slice(this.batch.hasOuterDim ? 1 : 0);
  }

  override reset(): void {
    super.reset();
    if (#tensors in this) this.#tensors.length = 0;
  }

  #nothing(): TensorLike {
    const rest = this.dims.map((dim) => Math.max(0, dim));
    const shape = [0, ...(this.batch.hasOuterDim ? rest : rest.slice(1))];
    return { dtype: this.dtype, shape, data: newData(this.dtype, 0) };
  }
}

function isTensor(data: TensorData | TensorLike): data is TensorLike {
  return "dtype" in data && "shape" in data;
}
