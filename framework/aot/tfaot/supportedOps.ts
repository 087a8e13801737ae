/** The ops that can be compiled: what `cmsml_check_aot_compatibility --table` lists. */
import { lowerings } from "../lower/table.js";
import { controlLowerings } from "../lower/traceControl.js";
import { listLowerings } from "../lower/traceLists.js";

/** Gone before the compiler sees the graph: constants, variables (frozen) and calls (written out). */
const resolvedOps = [
  "Case",
  "Const",
  "If",
  "PartitionedCall",
  "ReadVariableOp",
  "ResourceGather",
  "StatefulPartitionedCall",
  "StatelessCase",
  "StatelessIf",
  "StatelessWhile",
  "VariableShape",
  "While",
];

/** Sorted. */
export function supportedOps(): string[] {
  const tables = [lowerings, controlLowerings, listLowerings];
  return [...new Set([...resolvedOps, ...tables.flatMap((table) => Object.keys(table))])].sort();
}
