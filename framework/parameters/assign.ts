/** Assignment to a parameter in a config: `module.threshold = 0.7`. */
import { suggestion } from "../base/didYouMean.js";
import { Exception } from "../base/errors.js";
import { convert, type PlainKind } from "./kinds.js";
import { behindView, inputText, isPSet, makeValue, type Parameters, TypedValue } from "./values.js";

/** A typed value replaces what is there; a plain one needs a declared parameter and keeps its type. */
export function assign(
  values: Record<string, TypedValue>,
  name: string,
  given: unknown,
  owner: string,
): void {
  const input = behindView(given);
  if (input instanceof TypedValue) {
    values[name] = input;
    return;
  }
  const declared = Object.hasOwn(values, name) ? values[name] : undefined;
  if (!declared) throw noSuch(name, values, owner, ", so it can only be set to a cms type");
  values[name] = converted(declared, input, `${owner}: parameter '${name}'`);
}

function converted(declared: TypedValue, input: unknown, what: string): TypedValue {
  const { kind, tracked } = declared;
  if (isPSet(kind) || kind === "VPSet") {
    throw new Exception(
      "Configuration",
      `${what} is a ${declared.typeName}; assign one, not ${inputText(input)}`,
    );
  }
  if (convert(kind as PlainKind, input) === undefined) {
    throw new Exception(
      "Configuration",
      `${what} is a ${declared.typeName}; ${inputText(input)} does not fit`,
    );
  }
  return makeValue(kind as PlainKind, tracked, input);
}

/** The error about a parameter that a config names and nobody declared. */
export function noSuch(name: string, values: Parameters, owner: string, consequence = ""): Exception {
  const hint = suggestion(name, Object.keys(values)).replace("there is none", "it has no parameters");
  return new Exception("Configuration", `${owner}: '${name}' does not already exist${consequence}${hint}`);
}
