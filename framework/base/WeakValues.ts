/** Values by key as long as somebody holds them: what is made once and shared, without keeping it alive. */
export class WeakValues<K, V extends WeakKey> {
  readonly #references = new Map<K, WeakRef<V>>();

  get(key: K): V | undefined {
    return this.#references.get(key)?.deref();
  }

  /** Forgets the keys whose values are gone: a value is made seldom, and dear. */
  set(key: K, value: V): void {
    for (const [known, reference] of this.#references)
      if (reference.deref() === undefined) this.#references.delete(known);
    this.#references.set(key, new WeakRef(value));
  }

  delete(key: K): void {
    this.#references.delete(key);
  }

  /** Those whose values may be there yet. */
  get size(): number {
    return this.#references.size;
  }
}
