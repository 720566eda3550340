export { type AttackReport, attackReport } from "./attack-report.ts";
export { type AuditReport, auditReport } from "./audit-report.ts";
export { auditVerdict } from "./audit-verdict.ts";
export { experimentReport, experimentVerdict } from "./experiment-report.ts";
export type { ExperimentReport } from "./experiment-telling.ts";
export { nearestWords } from "./nearest-words.ts";
export { terminalImages } from "./terminal-images.ts";
export { tunedWords } from "./tuned-words.ts";
export { type Verdict, verdict } from "./verdict.ts";
