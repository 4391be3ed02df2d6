import { inflateSync } from 'node:zlib';
import { MessageSysFlag } from './sys-flags.ts';

/** No client sends more; a small body must not become the memory of the machine. */
const MOST_BYTES = 64 * 1024 * 1024;

/** The body as its sender had it; as stored when it cannot be inflated. Java: UtilAll#uncompress. */
export function plainBody({ sysFlag, body }: { readonly sysFlag: number; readonly body: Buffer }): Buffer {
  if ((sysFlag & MessageSysFlag.COMPRESSED_FLAG) === 0) return body;
  try {
    return inflateSync(body, { maxOutputLength: MOST_BYTES });
  } catch {
    return body;
  }
}
