/** Histograms as UHI JSON, the form that Python's boost-histogram, hist and uproot read and write (uhi.io.json). */

/** Equal bins from `lower` to `upper`; with flow, one bin more on each side counts what lies outside. */
export interface RegularAxis {
  readonly type: "regular";
  readonly lower: number;
  readonly upper: number;
  readonly bins: number;
  readonly underflow: boolean;
  readonly overflow: boolean;
  readonly circular: false;
  readonly metadata: { readonly label: string };
}

/** One bin a name. */
export interface CategoryAxis {
  readonly type: "category_str";
  readonly categories: readonly string[];
  readonly flow: false;
  readonly metadata: { readonly label: string };
}

/** Nested as the axes are, flow bins included. */
type Values = readonly number[] | readonly (readonly number[])[];

export interface Histogram {
  readonly uhi_schema: 1;
  readonly axes: readonly (RegularAxis | CategoryAxis)[];
  readonly storage: { readonly type: "int" | "double"; readonly values: Values };
}

export function regularAxis(
  label: string,
  bins: number,
  lower: number,
  upper: number,
  hasFlow: boolean,
): RegularAxis {
  const flow = { underflow: hasFlow, overflow: hasFlow, circular: false } as const;
  return { type: "regular", lower, upper, bins, ...flow, metadata: { label } };
}

export function categoryAxis(label: string, categories: readonly string[]): CategoryAxis {
  return { type: "category_str", categories, flow: false, metadata: { label } };
}

export function histogram(axes: Histogram["axes"], type: "int" | "double", values: Values): Histogram {
  return { uhi_schema: 1, axes, storage: { type, values } };
}
