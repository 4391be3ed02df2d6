import { basename, dirname } from 'node:path';
import type { FileHandle, Fs } from '../src/util/fs.ts';
import type { Net } from '../src/util/net.ts';
import { overridden } from './trace-ports.ts';

/** Bugs in what is answered and in what is stored, for the differential run to find. */
export const answerPlants = ['remark-wrong', 'record-property-missing'] as const;
export type AnswerPlant = (typeof answerPlants)[number];

interface Ports {
  readonly fs: Fs;
  readonly net: Net;
}

/** Ports that change a word of a remark on its way out, or the name of a property on its way to the CommitLog. */
export function plantedAnswers({ fs, net }: Ports, plant: AnswerPlant): Ports {
  if (plant === 'remark-wrong') return { fs, net: replacingNet(net, 'apply first please', 'apply later please') };
  return { net, fs: overridden(fs, { open: (path, mode) => replacingHandle(fs.open(path, mode), 'TAGS', 'TAXS') }) };
}

function replacingNet(net: Net, word: string, other: string): Net {
  return overridden(net, {
    listen: (options, onConnection) =>
      net.listen(options, (socket) => {
        onConnection(overridden(socket, { write: (bytes) => socket.write(replaced(bytes, word, other)) }));
      }),
  });
}

function replacingHandle(handle: FileHandle, word: string, other: string): FileHandle {
  if (basename(dirname(handle.path)) !== 'commitlog') return handle;
  const cut = (source: Uint8Array, start: number, length: number): Buffer => {
    return replaced(source.subarray(start, start + length), word, other);
  };
  return overridden(handle, {
    pwrite: (source, start, length, position) => handle.pwrite(cut(source, start, length), 0, length, position),
    pwriteAsync: (source, start, length, position) => {
      return handle.pwriteAsync(cut(source, start, length), 0, length, position);
    },
  });
}

/** A copy in which every `word` is `other`, which has as many bytes. */
function replaced(bytes: Uint8Array, word: string, other: string): Buffer {
  const copy = Buffer.from(bytes);
  for (let at = copy.indexOf(word); at >= 0; at = copy.indexOf(word, at + 1)) copy.write(other, at);
  return copy;
}
