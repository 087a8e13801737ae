/** Moves and scales what is drawn: by wheel, by dragging, by two fingers, and by what calls it. */
import type { Point, Size } from "./layout.js";

const least = 0.03;
const most = 3;
/** Fitting does not blow a small graph up. */
const mostFitted = 1.15;
/** The tools lie above the drawing, the legend below. */
const roomAbove = 58;
const roomBelow = 78;
/** Farther than this is a drag and no click. */
const dragPixels = 4;

export class PanZoom {
  #x = 0;
  #y = 0;
  #scale = 1;
  readonly #pointers = new Map<number, Point>();
  #isDragging = false;

  constructor(
    readonly canvas: SVGSVGElement,
    readonly content: SVGGElement,
  ) {
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel", "pointerleave"] as const)
      canvas.addEventListener(end, (event) => this.#pointers.delete(event.pointerId));
    // What ends a drag is no click on what lies under it.
    canvas.addEventListener(
      "click",
      (event) => {
        if (this.#isDragging) event.stopPropagation();
      },
      { capture: true },
    );
  }

  get scale(): number {
    return this.#scale;
  }

  moveBy(x: number, y: number): void {
    this.#x += x;
    this.#y += y;
    this.#apply();
  }

  /** `around`: what stays where it is, in pixels of the canvas; its middle where not given. */
  zoom(factor: number, around: Point = this.#middle()): void {
    const scale = Math.min(Math.max(this.#scale * factor, least), most);
    const ratio = scale / this.#scale;
    this.#x = around.x - (around.x - this.#x) * ratio;
    this.#y = around.y - (around.y - this.#y) * ratio;
    this.#scale = scale;
    this.#apply();
  }

  /** All of it, in the middle; what is too tall to be read begins at its top. */
  fit({ width, height }: Size, readable = 0): void {
    const { clientWidth, clientHeight } = this.canvas;
    const [side, free] = [Math.min(40, clientWidth / 20), clientHeight - roomAbove - roomBelow];
    const whole = Math.min((clientWidth - 2 * side) / width, free / height, mostFitted);
    this.#scale = Math.max(whole, Math.min(readable, (clientWidth - 2 * side) / width), least);
    this.#x = (clientWidth - width * this.#scale) / 2;
    this.#y = roomAbove + Math.max(0, (free - height * this.#scale) / 2);
    this.#apply();
  }

  /** Brings a place of the drawing to the middle, or only into sight. */
  show({ x, y }: Point, { width, height }: Size, toMiddle: boolean): void {
    const { clientWidth, clientHeight } = this.canvas;
    const [left, top] = [x * this.#scale + this.#x, y * this.#scale + this.#y];
    const [right, bottom] = [left + width * this.#scale, top + height * this.#scale];
    const margin = 24;
    const isSeen =
      left >= margin && top >= margin && right <= clientWidth - margin && bottom <= clientHeight - margin;
    if (isSeen && !toMiddle) return;
    this.moveBy(
      clientWidth / 2 - (left + right) / 2,
      clientHeight / 2 - Math.min((top + bottom) / 2, top + clientHeight / 3),
    );
  }

  /** Where a place of the drawing is seen. */
  toScreen({ x, y }: Point): Point {
    return { x: x * this.#scale + this.#x, y: y * this.#scale + this.#y };
  }

  #middle(): Point {
    return { x: this.canvas.clientWidth / 2, y: this.canvas.clientHeight / 2 };
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const { left, top } = this.canvas.getBoundingClientRect();
    const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1);
    this.zoom(Math.exp(-pixels * (event.ctrlKey ? 0.01 : 0.0015)), {
      x: event.clientX - left,
      y: event.clientY - top,
    });
  }

  #down(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.#pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (this.#pointers.size === 1) this.#isDragging = false;
  }

  #move(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    const [x, y] = [now.x - before.x, now.y - before.y];
    if (!this.#isDragging && Math.hypot(x, y) < dragPixels) return;
    // From here on the pointer is the canvas's, also over what it is dragged across.
    if (!this.#isDragging) this.canvas.setPointerCapture(event.pointerId);
    this.#isDragging = true;
    const others = [...this.#pointers].filter(([id]) => id !== event.pointerId);
    const other = others[0]?.[1];
    if (other) {
      const distance = (a: Point) => Math.hypot(a.x - other.x, a.y - other.y);
      const { left, top } = this.canvas.getBoundingClientRect();
      this.zoom(distance(now) / Math.max(distance(before), 1), {
        x: (now.x + other.x) / 2 - left,
        y: (now.y + other.y) / 2 - top,
      });
    } else this.moveBy(x, y);
    this.#pointers.set(event.pointerId, now);
  }

  #apply(): void {
    const { content } = this;
    content.setAttribute("transform", `translate(${this.#x} ${this.#y}) scale(${this.#scale})`);
  }
}
