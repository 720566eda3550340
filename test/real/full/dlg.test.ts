import { describe, expect, it } from "vitest";
import { first } from "../cifar.ts";
import { above30, attackLenet } from "../lenet.ts";

describe("on LeNet with weights U(-0.5, 0.5)", () => {
  it("iDLG with the original L-BFGS recovers some images and diverges on others, as PyTorch does", async () => {
    const found = await attackLenet("idlg:optimizer=lbfgs-original,steps=100", first(16), 16);
    expect(above30(found)).toBeGreaterThanOrEqual(3);
    expect(above30(found)).toBeLessThanOrEqual(12);
    expect(found.some(({ diverged }) => diverged)).toBe(true);
  });

  it("iDLG with our default recovers at least 45 of 50 images above 30 dB", async () => {
    const found = await attackLenet("idlg", first(50), 1);
    expect(found.every(({ right }) => right)).toBe(true);
    expect(above30(found)).toBeGreaterThanOrEqual(45);
  });

  it("DLG with joint labels is reported beside it", async () => {
    const found = await attackLenet("dlg", first(10), 1);
    expect(above30(found) + found.filter(({ diverged }) => diverged).length).toBeGreaterThan(0);
  });
});
