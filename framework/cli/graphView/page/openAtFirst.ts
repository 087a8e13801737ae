/** Which scopes a page opens with: as many as can be taken in at once. */
import { Group } from "./hierarchy.js";

const mostBoxes = 26;
const fewBoxes = 10;
/** "Open all" stops there: more can neither be read nor laid out in a moment. */
export const mostOpenBoxes = 500;

/** Level by level, the smallest first, while no more than `most` boxes are seen. */
export function openGroups(root: Group, most = mostBoxes): Set<Group> {
  const open = new Set([root]);
  let seen = root.children.length;
  let level = groupsIn(root);
  while (level.length > 0) {
    const next: Group[] = [];
    for (const group of level.sort((a, b) => a.children.length - b.children.length)) {
      const after = seen + group.children.length;
      if (after > most) continue;
      seen = after;
      open.add(group);
      next.push(...groupsIn(group));
    }
    level = next;
  }
  return open;
}

/** For the first sight: a graph that is one large scope shows what is in it. */
export function openAtFirst(root: Group): Set<Group> {
  const open = openGroups(root);
  const seen = () => [...open].reduce((sum, group) => sum + group.children.length, 0);
  while (seen() < fewBoxes) {
    const closed = [...open].flatMap(groupsIn).filter((group) => !open.has(group));
    const [largest] = closed.sort((a, b) => b.count - a.count);
    if (!largest) break;
    open.add(largest);
  }
  return open;
}

function groupsIn(group: Group): Group[] {
  return group.children.filter((child) => child instanceof Group);
}
