/** Byte order of this processor, which typed arrays of more than one byte have. */
export const IS_LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
