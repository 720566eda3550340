import { type TensorFile, tensorsIn } from "../runs/index.ts";
import { bytesAt } from "./read-file.ts";
import { sha256 } from "./sha256.ts";

/** Larger files are refused. */
const maxBytes = 4 * 2 ** 30;

/**
 * Reads the tensors of a safetensors or npz file: weights, or an update. PyTorch's batch counters
 * (`num_batches_tracked`) are left out.
 *
 * @param integers whether whole numbers are read as well; by default they are refused.
 * @throws LeakageError `file` if the file cannot be read, is damaged, or holds anything but finite
 * real numbers.
 */
export async function readTensors(path: string, integers = false): Promise<TensorFile> {
  const bytes = bytesAt(path, maxBytes);
  return tensorsIn(bytes, path, sha256(bytes), integers);
}
