import type { ImageFolder } from "./data-files.ts";

const otherImage = /\.(webp|gif|bmp|tiff?|heic|heif|avif|jxl|jp2|ppm|pgm|pnm|svg|ico|dng|cr2|nef|arw)$/i;

/** Whether a file is an image of a kind that is not read. */
export const isOtherImage = (path: string): boolean => otherImage.test(path);

/** The kinds of these images with their numbers: "2 gif, 1 webp". */
function kindsOf(paths: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const path of paths) {
    const kind = otherImage.exec(path)![1]!.toLowerCase();
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, count]) => `${count} ${kind}`)
    .join(", ");
}

/** The sentence that counts images of other kinds; false if there are none. */
export function leftOut(others: readonly string[]): string | false {
  const left = others.filter(isOtherImage);
  if (left.length === 0) return false;
  return left.length === 1
    ? `1 image was left out, because it is neither PNG nor JPEG (${kindsOf(left)}).`
    : `${left.length} images were left out, because they are neither PNG nor JPEG (${kindsOf(left)}).`;
}

/** The files of known data sets, which people give as a folder of images. */
const known: readonly (readonly [set: string, RegExp])[] = [
  ["mnist", /(^|\/)(train|t10k)-(images|labels)[-.]idx[13]-ubyte(\.gz)?$/],
  ["cifar100", /(^|\/)(cifar-100-(binary|python)\/|cifar-100-(binary|python)\.tar)/],
  ["cifar10", /(^|\/)(data_batch_\d|test_batch)(\.bin)?$/],
];

/** The error for a folder without images, which says what there is instead. */
export function withoutImages({ source, others = [] }: ImageFolder): string {
  const [set] = known.find(([, pattern]) => others.some((path) => pattern.test(path))) ?? [];
  if (set) return `${source} has no PNG or JPEG images, but files of ${set}: read them with --data ${set} --data-path ${source}.`;
  const left = others.filter(isOtherImage);
  return left.length === 0
    ? `${source} has no PNG or JPEG images.`
    : `${source} has no PNG or JPEG images, but ${left.length} of other kinds (${kindsOf(left)}): convert them to PNG.`;
}
