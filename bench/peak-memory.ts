import { readFileSync, writeFileSync } from "node:fs";

/** Lets the peak begin anew, where the system can (Linux). */
export function resetPeak(): void {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {
    // Elsewhere the peak counts from the start of the process.
  }
}

/** Peak resident memory of this process. */
export function peakMegabytes(): number {
  try {
    // Linux's maxRSS would count the parent's before exec.
    return Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))![1]) / 1024;
  } catch {
    return process.resourceUsage().maxRSS / 1024;
  }
}
