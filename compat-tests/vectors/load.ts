import { readdirSync, readFileSync } from 'node:fs';

/** What every vector has; the rest depends on its folder (README.md beside this file). */
export interface Vector {
  readonly name: string;
  readonly shows: string;
  readonly recordedHow: string;
  /** `bytes`: encoding the value gives the recorded bytes. `value`: only decoding is compared. */
  readonly match: 'bytes' | 'value';
}

const DATA = new URL('./data/', import.meta.url);

/** Names of the folders below data/. */
export function vectorFolders(): string[] {
  return readdirSync(DATA).sort();
}

/** All vectors of one folder, by file name. The caller names the shape that the README gives for it. */
export function loadVectors<V extends Vector>(folder: string): V[] {
  const dir = new URL(`${folder}/`, DATA);
  const files = readdirSync(dir).sort();
  return files.map((file) => JSON.parse(readFileSync(new URL(file, dir), 'utf8')) as V);
}

/** The one vector `folder/name`. */
export function loadVector<V extends Vector>(folder: string, name: string): V {
  return JSON.parse(readFileSync(new URL(`${folder}/${name}.json`, DATA), 'utf8')) as V;
}
