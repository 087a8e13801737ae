/** What the page of a graph is given: plain JSON, made by collectGraphView.ts and read by page/. */

export interface ConstantView {
  readonly count: number;
  /** The first elements, as text. */
  readonly values: readonly string[];
  /** Of numbers that are finite; undefined for strings, and where there are none. */
  readonly numbers?: {
    readonly min: number;
    readonly max: number;
    readonly mean: number;
    readonly std: number;
    readonly nans: number;
    readonly infinities: number;
    /** How many lie in each of equal intervals from min to max. */
    readonly bins: readonly number[];
  };
}

export interface NodeView {
  readonly name: string;
  readonly op: string;
  /** [number of the node, its output]; output −1 is an order, not a value. */
  readonly inputs: readonly (readonly [node: number, output: number])[];
  /** As text. */
  readonly attrs: readonly (readonly [name: string, value: string])[];
  /** "float32[1,64]", an output each; "" where it was not computed. Undefined where the node did not run. */
  readonly outputs?: readonly string[];
  /** Elements of the largest output. */
  readonly elements?: number;
  readonly runs?: number;
  readonly flops?: number;
  readonly parameters?: number;
  readonly us?: number;
  readonly constant?: ConstantView;
  /** Why it runs in the reference engine and not in compiled code. */
  readonly uncompiled?: string;
  /** No output needs it. */
  readonly isUnused?: true;
}

export interface PortView {
  readonly name: string;
  readonly type: string;
  /** The number of the node; −1 where there is none. */
  readonly node: number;
}

export interface GraphViewData {
  /** The file or directory, without what lies above it. */
  readonly title: string;
  readonly path: string;
  readonly form: string;
  /** SHA-256 of nodes and constants. */
  readonly hash: string;
  readonly version: string;
  readonly inputs: readonly PortView[];
  readonly outputs: readonly PortView[];
  readonly parameters: number;
  /** Of one run on `ranOn`; undefined where the graph could not be run. */
  readonly flops?: number;
  /** "one row of zeros" */
  readonly ranOn: string;
  /** Whole sentences: how it is compiled, why it could not be run. */
  readonly notes: readonly string[];
  readonly profile?: {
    readonly engine: string;
    readonly totalUs: number;
    readonly runs: number;
    /** µs of what has no node of its own: copies to the outputs. */
    readonly otherUs: number;
  };
  readonly nodes: readonly NodeView[];
}
