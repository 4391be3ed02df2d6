import type { TransactionEnd } from '../broker/transaction/transactional-message-service.ts';
import { commands } from '../codec/commands.ts';
import type { OutputBuffer } from '../codec/output-buffer.ts';
import { RequestError, responseCode } from '../codec/response-codes.ts';
import { writeResponse } from '../codec/response-template.ts';
import { MessageSysFlag } from '../codec/sys-flags.ts';
import type { HandlerResult, LateResult, ParkedReply, Request, TicketOutcome } from '../remoting/handler.ts';
import { noReply } from '../remoting/handler.ts';
import type { PutRefusal, PutTicket } from '../store/results.ts';
import type { BrokerParts } from './parts.ts';
import { MESSAGE_ILLEGAL } from './send-message.ts';
import { failedWrite } from './send-reply.ts';

type Result = HandlerResult<'END_TRANSACTION'> | Promise<LateResult<'END_TRANSACTION'>>;

/** What Java's answers say that nobody gave a remark. Java: RemotingCommand#createResponseCommand. */
const NOT_SET = 'not set any response code';

/**
 * 37: commits or rolls back the transaction of a half message; a producer that does not know yet gets no answer.
 * Java: EndTransactionProcessor#processRequest.
 */
export function endTransaction(parts: BrokerParts): (request: Request<'END_TRANSACTION'>) => Result {
  return (request) => {
    if (parts.configs.messageStoreConfig.brokerRole === 'SLAVE')
      return { code: 'SLAVE_NOT_AVAILABLE', remark: NOT_SET };
    const { header } = request;
    const outcome = outcomeOf(header.commitOrRollback);
    if (outcome === undefined) return noReply;
    const { producerGroup, tranStateTableOffset, commitLogOffset } = header;
    return ended(parts, { outcome, producerGroup, tranStateTableOffset, commitLogOffset });
  };
}

/** Java: EndTransactionRequestHeader#checkFields. */
function outcomeOf(commitOrRollback: number): TransactionEnd['outcome'] | undefined {
  if (commitOrRollback === MessageSysFlag.TRANSACTION_COMMIT_TYPE) return 'commit';
  if (commitOrRollback === MessageSysFlag.TRANSACTION_ROLLBACK_TYPE) return 'rollback';
  if (commitOrRollback === MessageSysFlag.TRANSACTION_NOT_TYPE) return undefined;
  throw new RequestError('SYSTEM_ERROR', 'commitOrRollback field wrong');
}

async function ended(parts: BrokerParts, end: TransactionEnd): Promise<LateResult<'END_TRANSACTION'>> {
  const result = await parts.transactions.end(end);
  if (result.accepted === undefined) throw new RequestError('SYSTEM_ERROR', result.remark);
  if (!result.accepted) throw refusalOf(result);
  return new ParkedEnd(parts, result, end.outcome === 'rollback' ? NOT_SET : undefined);
}

/** Java: EndTransactionProcessor#sendFinalMessage; the cause follows in brackets (ADR 0018). */
function refusalOf({ status, remark }: PutRefusal): RequestError {
  switch (status) {
    case 'CREATE_MAPEDFILE_FAILED':
      return new RequestError('SYSTEM_ERROR', `Create mapped file failed. [${remark}]`);
    case 'MESSAGE_ILLEGAL':
    case 'PROPERTIES_SIZE_EXCEEDED':
      return new RequestError('MESSAGE_ILLEGAL', `${MESSAGE_ILLEGAL.replace('the', 'The')} [${remark}]`);
    case 'SERVICE_NOT_AVAILABLE':
      return new RequestError('SERVICE_NOT_AVAILABLE', notAvailable(remark));
    case 'OS_PAGECACHE_BUSY':
      return new RequestError('SYSTEM_ERROR', 'OS page cache busy, please try another machine');
    default:
      return new RequestError('SYSTEM_ERROR', `UNKNOWN_ERROR [${remark}]`);
  }
}

function notAvailable(cause: string): string {
  return `Service not available now. [${cause}]`;
}

/** The answer to the end of a transaction, when its record is written. */
class ParkedEnd implements ParkedReply {
  readonly ticket: PutTicket;
  readonly #parts: BrokerParts;
  readonly #remark: string | undefined;

  constructor(parts: BrokerParts, ticket: PutTicket, remark: string | undefined) {
    this.#parts = parts;
    this.ticket = ticket;
    this.#remark = remark;
  }

  write(out: OutputBuffer, opaque: number, outcome: TicketOutcome): void {
    const isStored = outcome !== 'failed';
    writeResponse(out, commands.END_TRANSACTION, {
      code: responseCode(isStored ? 'SUCCESS' : 'SERVICE_NOT_AVAILABLE'),
      opaque,
      remark: isStored ? this.#remark : notAvailable(failedWrite(this.#parts)),
      header: undefined,
      bodyBytes: 0,
    });
  }
}
