/** `cms.PSet({ refToPSet_: cms.string("cuts") })` stands for the parameters of process.cuts: resolved before the job starts. */
import { suggestion } from "../base/didYouMean.js";
import { Exception } from "../base/errors.js";
import { isPSet, type Parameters, TypedValue } from "../parameters/values.js";

const reference = "refToPSet_";

/** What resolving needs to know of the process and, for messages, of the module. */
interface Context {
  readonly psets: ReadonlyMap<string, TypedValue>;
  readonly user: string;
  readonly where: (parameter?: string) => string;
}

/** The parameters with every reference replaced. @throws Configuration for an unknown PSet, and for a circle of them. */
export function resolveReferences(
  parameters: Parameters,
  context: Context,
  within: readonly string[] = [],
): Parameters {
  if (!hasReference(parameters)) return parameters;
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, resolved(value, context, within)]),
  );
}

function hasReference(parameters: Parameters): boolean {
  return Object.entries(parameters).some(([name, { kind, value }]) => {
    if (kind === "VPSet") return (value as readonly Parameters[]).some(hasReference);
    return name === reference || (isPSet(kind) && hasReference(value as Parameters));
  });
}

function resolved(value: TypedValue, context: Context, within: readonly string[]): TypedValue {
  const set = (parameters: Parameters) => contents(parameters, context, within);
  if (isPSet(value.kind)) return new TypedValue(value.kind, value.tracked, set(value.value as Parameters));
  if (value.kind !== "VPSet") return value;
  return new TypedValue("VPSet", value.tracked, (value.value as readonly Parameters[]).map(set));
}

function contents(parameters: Parameters, context: Context, within: readonly string[]): Parameters {
  const name = parameters[reference]?.value;
  if (name === undefined) return resolveReferences(parameters, context, within);
  const { psets, user, where } = context;
  const target = psets.get(String(name));
  if (!target) {
    const hint = suggestion(String(name), psets.keys());
    throw new Exception(
      "Configuration",
      `${user}: refToPSet_ names '${name}', which is no PSet of the process${hint}${where(reference)}`,
    );
  }
  const path = [...within, String(name)];
  if (within.includes(String(name))) {
    throw new Exception(
      "Configuration",
      `${user}: cyclic dependency in the config: PSets refer to each other, ${path.join(" → ")}${where(reference)}`,
    );
  }
  return contents(target.value as Parameters, context, path);
}
