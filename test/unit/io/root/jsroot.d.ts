/** The part of jsroot's untyped modules that the tests compare with. */
declare module "jsroot/io" {
  export function openFile(path: string): Promise<{ readObject(name: string): Promise<object> }>;
}

declare module "jsroot/tree" {
  export class TSelector {
    tgtobj: Record<string, number | bigint | Iterable<number | bigint>>;
    Process: () => void;
    addBranch(branch: string, name: string): void;
  }
  export function treeProcess(tree: object, selector: TSelector): Promise<TSelector>;
}
