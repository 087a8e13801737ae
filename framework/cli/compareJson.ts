/** A comparison as JSON, for programs: the names of ComparisonResult, and "Infinity" or "NaN" where JSON has no number. */
import type { ComparisonResult, ProductComparison } from "../io/compareEventFiles.js";
import type { FieldComparison } from "../io/FieldComparison.js";

export function comparisonJson(a: string, b: string, result: ComparisonResult): object {
  const { same, eventCount, eventsOnlyInA, eventsOnlyInB, productsOnlyInA, productsOnlyInB, processHistory } =
    result;
  return {
    a,
    b,
    same,
    eventCount,
    eventsOnlyInA,
    eventsOnlyInB,
    productsOnlyInA,
    productsOnlyInB,
    products: result.products.map(productJson),
    processHistory,
  };
}

function productJson({ product, status, eventCount, onlyInA, onlyInB, fields }: ProductComparison): object {
  return { product, status, eventCount, onlyInA, onlyInB, fields: fields.map(fieldJson) };
}

function fieldJson(field: FieldComparison): object {
  return {
    field: field.field,
    status: field.status,
    valueCount: field.valueCount,
    differentCount: field.differentCount,
    closeCount: field.closeCount,
    largestAbsolute: number(field.largestAbsolute),
    largestRelative: number(field.largestRelative),
    first: field.first ?? null,
  };
}

function number(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}
