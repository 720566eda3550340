export { type AttackReport, attackReport } from "./attack-report.ts";
export { terminalPicture } from "./terminal-picture.ts";
export { type Verdict, verdict } from "./verdict.ts";
