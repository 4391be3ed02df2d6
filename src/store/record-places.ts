/**
 * Places of records: physical offset and size of each, in the order in which they are wanted, and what the records must
 * say about themselves.
 */
export class RecordPlaces {
  count = 0;
  phyOffsets = new Float64Array(64);
  sizes = new Int32Array(64);
  /** Of the queue; used only with a topic. */
  queueOffsets = new Float64Array(64);
  /** Sum of the sizes, and the greatest of them. */
  totalBytes = 0;
  largestBytes = 0;
  /** The queue that led to the places; without a topic something else did. */
  topic: string | undefined;
  queueId = 0;

  /** Forgets all places; those to come are of this queue. */
  clear(topic?: string, queueId = 0): void {
    this.count = 0;
    this.totalBytes = 0;
    this.largestBytes = 0;
    this.topic = topic;
    this.queueId = queueId;
  }

  add(phyOffset: number, size: number, queueOffset = 0): void {
    if (this.count === this.sizes.length) this.#grow();
    this.phyOffsets[this.count] = phyOffset;
    this.sizes[this.count] = size;
    this.queueOffsets[this.count] = queueOffset;
    this.count++;
    this.totalBytes += size;
    if (size > this.largestBytes) this.largestBytes = size;
  }

  /** A copy without the places in `except`, which are indexes. */
  copy(except?: ReadonlySet<number>): RecordPlaces {
    const copy = new RecordPlaces();
    copy.clear(this.topic, this.queueId);
    for (let at = 0; at < this.count; at++) {
      if (except?.has(at) === true) continue;
      copy.add(this.phyOffsets[at] as number, this.sizes[at] as number, this.queueOffsets[at]);
    }
    return copy;
  }

  #grow(): void {
    const grown = <T extends Float64Array | Int32Array>(into: T, column: T): T => {
      into.set(column);
      return into;
    };
    this.phyOffsets = grown(new Float64Array(this.count * 2), this.phyOffsets);
    this.sizes = grown(new Int32Array(this.count * 2), this.sizes);
    this.queueOffsets = grown(new Float64Array(this.count * 2), this.queueOffsets);
  }
}
