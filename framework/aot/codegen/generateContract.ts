/** Code of a contraction: matrix products, dense layers, convolutions. prepareContract has chosen the form. */
import type { Kernel } from "../kernel/ir.js";
import type { ContractStep } from "../tensor/ir.js";
import type { CodegenContext } from "./context.js";
import { generateDot } from "./contractDot.js";
import { formOf, type PreparedContract } from "./contractForm.js";
import { generatePanels } from "./contractPanels.js";
import { generateScalars } from "./contractScalars.js";

/** A step that is not prepared is computed one element at a time. */
export function generateContract(step: ContractStep | PreparedContract, context: CodegenContext): Kernel {
  const form = formOf(step);
  if (form.kind === "panel") return generatePanels(step as PreparedContract, form, context);
  if (form.kind === "dot") return generateDot(step as PreparedContract, form, context);
  return generateScalars(step, context);
}
