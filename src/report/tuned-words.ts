import type { AuditCell } from "../audit/index.ts";

/** The values that tuning chose, as flags write them: "rate=0.1, prior.weight=1000"; nothing where the attack was not tuned by the audit itself. */
export const tunedWords = ({ tuned }: Pick<AuditCell, "tuned">): string =>
  Object.entries(tuned?.values ?? {})
    .map(([path, value]) => `${path}=${value === null ? "none" : String(value)}`)
    .join(", ");
