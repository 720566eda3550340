import type { Batch, Client } from "../client/index.ts";
import type { Density } from "../distributions/index.ts";

/** What an attacker assumes about the private pictures before it sees an update. */
export interface Prior {
  density(client: Client): Density<Batch>;
}
