/** Puts other values into an object for a while. */

/** Sets members of an object; what is returned makes them as they were, absent ones absent. */
export function replaceMembers(target: object, members: Readonly<Record<string, unknown>>): () => void {
  const before = new Map<string, unknown>();
  for (const [name, value] of Object.entries(members)) {
    if (Object.hasOwn(target, name)) before.set(name, Reflect.get(target, name));
    Reflect.set(target, name, value);
  }
  return () => {
    for (const name of Object.keys(members)) {
      if (before.has(name)) Reflect.set(target, name, before.get(name));
      else Reflect.deleteProperty(target, name);
    }
  };
}
