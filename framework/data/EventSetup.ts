/** Conditions data as modules see them: what ESProducers made for the run and luminosity block at hand. */
export interface EventSetup {
  /** Grows whenever the interval of validity changes. */
  readonly iov: number;
}
