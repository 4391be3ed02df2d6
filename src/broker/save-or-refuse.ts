import { RequestError } from '../codec/response-codes.ts';
import { FsError } from '../util/fs.ts';
import type { StateFile } from '../util/state-file.ts';

/**
 * Writes a state file on behalf of a request, before the table changes: what is answered as done is in the file, and
 * what is not in the file is refused.
 * @throws RequestError when the disk does not take it.
 */
export function saveOrRefuse(file: StateFile, text: string): void {
  try {
    file.saveNow(text);
  } catch (error) {
    if (!(error instanceof FsError)) throw error;
    const name = file.path.slice(file.path.lastIndexOf('/') + 1);
    throw new RequestError('SYSTEM_ERROR', `${name} could not be written (${error.code}), nothing was changed`, error);
  }
}
