/** What a module declares while it is constructed: the products it reads and makes. */
import { Exception } from "../base/errors.js";
import type { ProductType } from "../data/ProductType.js";
import { EDGetToken, EDPutToken } from "../data/tokens.js";
import type { InputTag } from "../parameters/InputTag.js";

/** The declarations of one module, in the order of its constructor. */
export class ModuleRegistration {
  readonly consumed: EDGetToken<unknown>[] = [];
  readonly produced: EDPutToken<unknown>[] = [];
}

let current: ModuleRegistration | undefined;

/** Runs a module's constructor so that its consumes() and produces() land in `registration`. */
export function registering<T>(registration: ModuleRegistration, construct: () => T): T {
  const outer = current;
  current = registration;
  try {
    return construct();
  } finally {
    current = outer;
  }
}

function registrationOf(call: string, owner: object): ModuleRegistration {
  if (current) return current;
  throw new Exception(
    "LogicError",
    `${owner.constructor.name}: ${call} was called after the constructor; declare every product in the constructor or as a field.`,
  );
}

/** Root of all modules. */
export abstract class ModuleBase {
  /** Declares that this module reads a product. Call it in the constructor or as a field's initializer. */
  protected consumes<T>(type: ProductType<T>, tag: InputTag): EDGetToken<T> {
    const token = new EDGetToken(type, tag);
    registrationOf(`consumes(${type.name})`, this).consumed.push(token);
    return token;
  }
}

/** Root of the modules that make products. */
export abstract class ProducerBase extends ModuleBase {
  /** Declares that this module makes a product, labelled by the module's label and `instance`. */
  protected produces<T>(type: ProductType<T>, instance = ""): EDPutToken<T> {
    const registration = registrationOf(`produces(${type.name})`, this);
    if (registration.produced.some((token) => token.type.name === type.name && token.instance === instance)) {
      throw new Exception(
        "Configuration",
        `${this.constructor.name}: produces(${type.name}, "${instance}") is declared twice; give each an instance name of its own.`,
      );
    }
    const token = new EDPutToken(type, instance);
    registration.produced.push(token);
    return token;
  }
}
