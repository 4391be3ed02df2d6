/** Why a setting has no effect here: shown at start, in GET_BROKER_CONFIG notices and in the generated reference. */
function because(reason: string): { readonly accepted: string } {
  return { accepted: reason };
}

export const NO_POOL = because('requests are handled on one event loop, there is no thread pool to size');
export const NO_SEMAPHORE = because('what has no answer is bounded by the unsent output of its connection');
export const NO_TIMER_ONLY = because('a flush comes by time and by amount, whichever is first');
export const NO_LOCK = because('one event loop appends, there is no lock to choose or to watch');
export const NO_MAPPING = because('files are read and written by position, nothing is mapped into memory');
export const NO_STORE_POOL = because('an append already does not wait for a page of the log file');
export const NO_NETTY = because('the sockets belong to Node.js, there is no Netty to tune');
export const UNUSED = because('4.6.0 itself never reads it');
export const OVERWRITTEN = because('4.6.0 overwrites it at start, so does this broker');
export const NO_COUNT = because('nobody reads the commercial statistics');
export const NO_HOLDERS = because('readers hold no mapping: a removed file lives until the last read of it ends');
export const NO_SLAVE_YET = because('running as a slave is not available yet');
export const NO_DLEDGER = because('the DLedger log is not available');
export const NO_FALL_RECORD = because('how far behind a group is comes from what it has committed');
export const NO_COPY = because('a reply is written from the file read, there is no second way to send it');
export const NO_BUFFER_SIZE = because('Node.js offers no size for the buffers of a TCP socket');
