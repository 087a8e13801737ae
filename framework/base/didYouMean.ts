/** The near matches that every "unknown name" error shows. */

/** Edits (insert, delete, replace, swap of neighbours) that turn `a` into `b`, compared without case. */
function editDistance(a: string, b: string): number {
  const s = a.toLowerCase();
  const t = b.toLowerCase();
  let twoAgo: number[] = [];
  let previous = Array.from({ length: t.length + 1 }, (_, j) => j);
  for (let i = 1; i <= s.length; i++) {
    const current = [i];
    for (let j = 1; j <= t.length; j++) {
      const replace = (previous[j - 1] ?? 0) + (s[i - 1] === t[j - 1] ? 0 : 1);
      let best = Math.min(replace, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1);
      const swapped = i > 1 && j > 1 && s[i - 1] === t[j - 2] && s[i - 2] === t[j - 1];
      if (swapped) best = Math.min(best, (twoAgo[j - 2] ?? 0) + 1);
      current.push(best);
    }
    twoAgo = previous;
    previous = current;
  }
  return previous[t.length] ?? 0;
}

/** The candidate nearest to `name`, or undefined when none is near enough to be a typing mistake. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(name, candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** "; did you mean 'x'?" where a near match exists, else the list of what is allowed (shortened beyond 12). */
export function suggestion(name: string, candidates: Iterable<string>): string {
  const known = [...candidates];
  const near = nearest(name, known);
  if (near !== undefined) return `; did you mean '${near}'?`;
  if (known.length === 0) return "; there is none";
  const shown = known.slice(0, 12).map((candidate) => `'${candidate}'`);
  const rest = known.length > 12 ? `, … (${known.length} in all)` : "";
  return `; known: ${shown.join(", ")}${rest}`;
}
