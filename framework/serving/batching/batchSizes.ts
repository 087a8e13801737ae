/**
 * The numbers of rows that a compiled model is run with: a unit of code is made for each, 0.1 to 1 s a unit, so powers of
 * two and the largest. A row's bits are the same in any of them.
 */
export function batchSizes(maxBatchSize: number): number[] {
  const sizes: number[] = [];
  for (let size = 1; size < maxBatchSize; size *= 2) sizes.push(size);
  return [...sizes, maxBatchSize];
}
