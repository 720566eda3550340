import { describe, expect, it } from "vitest";
import { above30, attackLenet, pytorch } from "./lenet.ts";

// A sample of test/real/full, where the long runs count recovered images among up to 50. Here a few
// images are held against PyTorch's record, which has the same weights and starting points, and 100
// outer steps. The margin comes from all 16 images on record: ours ended between 0.8 dB below
// PyTorch's and 2.7 dB above. A memory of 4 steps in place of 100 costs more than 8 dB on each
// image.
describe("on LeNet with weights U(-0.5, 0.5)", () => {
  it("iDLG with our default is as far as PyTorch's L-BFGS with a line search, image by image", async () => {
    // Image 3 needs the line search: without it, the search diverges. Image 6 is among the easiest;
    // near its match the differences are computed entry by entry. Image 12 is the slowest on
    // record.
    const chosen = [3, 6, 12];
    const found = await attackLenet("idlg:steps=100", chosen, 3);
    expect(found.every(({ right }) => right)).toBe(true);
    found.forEach(({ psnr }, i) => {
      const theirs = pytorch["idlg, strong_wolfe"].psnr[chosen[i]!]!;
      expect(psnr, `image ${chosen[i]}: PyTorch has ${theirs} dB`).toBeGreaterThan(theirs - 2);
    });
  });

  it("iDLG with the original L-BFGS loses one image and recovers another, as PyTorch does", async () => {
    // This catches a line search that is always there, or a step length that is not the original's.
    // How far a search that blew up comes down again depends on rounding, so the objective tells
    // less than the image: with a line search it comes back.
    const chosen = [3, 13];
    const found = await attackLenet("idlg:optimizer=lbfgs-original,steps=100", chosen, 2);
    const lost = (psnr: number) => !(psnr >= 10);
    expect(found.map(({ psnr }) => lost(psnr))).toEqual([true, false]);
    expect(chosen.map((i) => pytorch["idlg, none"].diverged[i] || lost(pytorch["idlg, none"].psnr[i]!))).toEqual([true, false]);
    expect(above30(found)).toBe(1);
  });

  it("DLG finds the label with the image", async () => {
    // This catches labels that are not optimized with the image.
    const [found] = await attackLenet("dlg:steps=100", [6], 1);
    expect(found).toMatchObject({ right: true, diverged: false });
    expect(found!.psnr).toBeGreaterThan(30);
  });
});
