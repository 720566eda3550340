import type { AuditCell } from "../audit/index.ts";
import { formatValue } from "../parts/index.ts";

/**
 * The values that tuning chose, as flags write them: "rate=0.1, prior.weight=1000"; nothing where
 * the attack was not tuned by the audit itself.
 */
export const tunedWords = ({ tuned }: Pick<AuditCell, "tuned">): string =>
  Object.entries(tuned?.values ?? {})
    .map(([path, value]) => `${path}=${formatValue(value)}`)
    .join(", ");
