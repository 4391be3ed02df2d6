import { describe, expect, it } from 'vitest';
import { newResponseHead, readResponse } from './response.ts';

/** A byte before and one behind: a response seldom begins where its buffer does. */
function read(header: string, body = ''): { code: number; opaque: number; parsedWhole: number } {
  const bytes = Buffer.from(`.........${header}${body}.`);
  bytes.writeInt32BE(4 + header.length + body.length, 1);
  bytes.writeInt32BE(header.length, 5);
  const head = newResponseHead();
  readResponse(bytes, 1, bytes.length - 1, head);
  return head;
}

/** As the official broker answers a send. */
const usual =
  '{"code":0,"extFields":{"queueId":"102","TRACE_ON":"true","MSG_REGION":"DefaultRegion",' +
  '"msgId":"7F000001000065FE0000000000000000","queueOffset":"0"},"flag":1,"language":"JAVA","opaque":6,' +
  '"serializeTypeCurrentRPC":"JSON","version":333}';

describe('readResponse', () => {
  it('reads the usual form without parsing it', () => {
    expect(read(usual)).toEqual({ code: 0, opaque: 6, parsedWhole: 0 });
    expect(read(usual.replace('"opaque":6', '"opaque":1234567').replace('"code":0', '"code":14'), 'body')).toEqual({
      code: 14,
      opaque: 1_234_567,
      parsedWhole: 0,
    });
  });

  it('parses any other', () => {
    const refused =
      '{"code":2,"flag":1,"language":"JAVA","opaque":77,"remark":"[TIMEOUT_CLEAN_QUEUE]broker busy, wait",' +
      '"serializeTypeCurrentRPC":"JSON","version":333}';
    expect(read(refused)).toEqual({ code: 2, opaque: 77, parsedWhole: 1 });
    expect(read(usual.replace('"code":0', '"code" : 0'))).toEqual({ code: 0, opaque: 6, parsedWhole: 1 });
  });

  it('refuses requests and binary headers', () => {
    expect(() => read(usual.replace('"flag":1', '"flag" :0').replace('333}', '333} '))).toThrow('sent request 0');
    const binary = Buffer.alloc(30);
    binary[4] = 1;
    expect(() => readResponse(binary, 0, 30, newResponseHead())).toThrow('not JSON');
  });
});
