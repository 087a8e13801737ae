/**
 * Contractions of few columns with vectors along k: each lane sums every lanes-th product, and at the end the lanes are
 * added in one fixed order. Several rows go side by side, so that none waits for its own additions.
 */
import { across, constant, fma, i32 } from "../kernel/expr.js";
import type { Expr, Kernel, Local } from "../kernel/ir.js";
import type { CodegenContext } from "./context.js";
import { loadAt, moved, movedBy, type Places } from "./contractAddress.js";
import { storeElement } from "./contractEpilogue.js";
import type { Dot, PreparedContract } from "./contractForm.js";
import { type ContractSpace, contractSpace, evenTiles, startContract } from "./contractSpace.js";
import { total } from "./contractTile.js";
import { enter, type Scope, shift, walk } from "./loopNest.js";

export function generateDot(step: PreparedContract, form: Dot, context: CodegenContext): Kernel {
  const space = contractSpace(step);
  const scope = startContract(step.origin, space, context);
  const tiled = space.rows.at(-1);
  const others = space.rows.filter((axis) => axis !== tiled);
  walk(scope, [...space.batch, ...others], (around) => {
    const columns = enter(around, space.columns.axis, i32(0), true);
    if (!tiled) return writeTile(space, form, columns, undefined, 1);
    for (const { rows, from, to } of evenTiles(tiled.size, mostRows(space, form, context)))
      scope.k.for(from, to, rows, (row) =>
        writeTile(space, form, enter(columns, tiled.axis, row, true), tiled.axis, rows),
      );
  });
  return scope.k.build();
}

function mostRows({ columns }: ContractSpace, { split }: Dot, { target }: CodegenContext): number {
  const sums = target.vectorRegisters >= 32 ? 16 : 8;
  return Math.max(1, Math.floor(sums / (columns.size * split)));
}

/** Sums by row, column and part. */
type Sums = readonly (readonly (readonly Local[])[])[];

function writeTile(
  space: ContractSpace,
  form: Dot,
  scope: Scope,
  axis: number | undefined,
  rows: number,
): void {
  const { k, context, position } = scope;
  const { lanes } = context.target;
  const { columns } = space;
  const size = space.sum[0]?.size ?? 1;
  const make = (count: number) => Array.from({ length: count });
  const sums: Sums = make(rows).map(() =>
    make(columns.size).map(() => make(form.split).map(() => k.variable(constant("f32v", 0), "sum"))),
  );
  const products = new Products(space, scope, sums, axis);
  const places = { left: position.address(space.left), right: position.address(space.right) };
  const vectors = Math.floor(size / lanes);
  const whole = vectors - (vectors % form.split);
  k.for(0, whole, form.split, (index) => {
    const from = {
      left: movedBy(k, places.left, index, lanes * 4, false),
      right: movedBy(k, places.right, index, lanes * 4, false),
    };
    for (let i = 0; i < form.split; i++) products.add(along(from, i * lanes), i);
  });
  for (let i = whole; i < vectors; i++) products.add(along(places, i * lanes), i - whole);
  const rest = size % lanes;
  if (rest > 0) products.add(along(places, vectors * lanes), vectors - whole, rest);
  for (const [row, byColumn] of sums.entries())
    for (const [column, parts] of byColumn.entries()) {
      const at = axis === undefined ? scope : shift(scope, axis, row);
      storeElement(space, shift(at, columns.axis, column), k.let(across("add", total(parts))));
    }
}

function along({ left, right }: Places, elements: number): Places {
  return { left: moved(left, elements * 4), right: moved(right, elements * 4) };
}

class Products {
  constructor(
    readonly space: ContractSpace,
    readonly scope: Scope,
    readonly sums: Sums,
    readonly rowAxis: number | undefined,
  ) {}

  /** One vector along k of each row times that of each column, to part `part`; `count`: lanes that are not 0. */
  add(at: Places, part: number, count?: number): void {
    const { k, context } = this.scope;
    const { left, right, columns } = this.space;
    const load = (view: typeof left, address: Places["left"], bytes: number) =>
      k.let(loadAt("f32v", context.blockOf(view.storage), moved(address, bytes), count), "x");
    const columnBytes = (right.strides[columns.axis] as number) * 4;
    const rowBytes = this.rowAxis === undefined ? 0 : (left.strides[this.rowAxis] as number) * 4;
    const weights = (this.sums[0] ?? []).map((_, column) => load(right, at.right, column * columnBytes));
    for (const [row, byColumn] of this.sums.entries()) {
      const element = load(left, at.left, row * rowBytes);
      for (const [column, parts] of byColumn.entries()) {
        const sum = parts[part % parts.length] as Local;
        k.set(sum, fma(element, weights[column] as Expr, sum));
      }
    }
  }
}
