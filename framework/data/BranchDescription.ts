/** A product's identity: what made it and how files, InputTags and keep/drop rules name it. */
export interface BranchDescription {
  /** The product type's name (CMSSW's friendly type name). */
  readonly type: string;
  readonly label: string;
  readonly instance: string;
  readonly process: string;
}

/** CMSSW's branch name, trailing dot included: `type_label_instance_process.` */
export function branchName({ type, label, instance, process }: BranchDescription): string {
  return `${type}_${label}_${instance}_${process}.`;
}
