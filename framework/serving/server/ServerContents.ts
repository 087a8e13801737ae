/** What a server serves. */
import type { ModelRepository } from "../ServedModel.js";
import type { Service } from "../service/Service.js";

export interface ServerContents {
  /** Of the service, or of the program. */
  readonly name: string;
  readonly version: string;
  readonly service: Service | undefined;
  readonly repository: ModelRepository;
  /** Loads and warms all models; the server is ready when it is done. */
  readonly load: () => Promise<void>;
  /** Whether clients may load and unload models. */
  readonly allowsModelControl: boolean;
}
