/** The tensors behind the names that a session takes: keys of the signature first, then names of tensors. */
import type { GraphDef, SignatureTensor } from "../GraphDef.js";
import { parseTensorName, tensorKey } from "../names.js";

/** Full names, "node:port", of names that a session has accepted. */
export function fullNames(
  { signature }: GraphDef,
  feeds: readonly string[],
  fetches: readonly string[],
): { readonly feeds: readonly string[]; readonly fetches: readonly string[] } {
  const through = (keys: Readonly<Record<string, SignatureTensor>> = {}) => {
    return (name: string) => {
      const named = Object.hasOwn(keys, name) ? keys[name]?.name : undefined;
      return tensorKey(parseTensorName(named ?? name));
    };
  };
  return { feeds: feeds.map(through(signature?.inputs)), fetches: fetches.map(through(signature?.outputs)) };
}
