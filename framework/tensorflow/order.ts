/** Puts things after what they depend on. Iterative, because graphs are thousands of nodes deep. */

/**
 * All that `roots` need, each after its dependencies. `roots` may grow while the walk runs.
 * @param onCycle makes the error from the members of a cycle, each of which depends on the next
 */
export function orderByDependency<T>(
  roots: Iterable<T>,
  dependencies: (item: T) => readonly T[],
  onCycle: (members: readonly T[]) => Error,
): T[] {
  const ordered: T[] = [];
  const state = new Map<T, "open" | "done">();
  const path: { item: T; needs: readonly T[]; next: number }[] = [];
  const enter = (item: T) => {
    state.set(item, "open");
    path.push({ item, needs: dependencies(item), next: 0 });
  };
  for (const root of roots) {
    if (!state.has(root)) enter(root);
    for (let top = path.at(-1); top; top = path.at(-1)) {
      if (top.next === top.needs.length) {
        state.set(top.item, "done");
        ordered.push(top.item);
        path.pop();
        continue;
      }
      const needed = top.needs[top.next++] as T;
      if (state.get(needed) === "open") {
        const members = path.map(({ item }) => item);
        throw onCycle(members.slice(members.indexOf(needed)));
      }
      if (!state.has(needed)) enter(needed);
    }
  }
  return ordered;
}
