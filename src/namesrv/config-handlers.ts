import { RequestError } from '../codec/response-codes.ts';
import type { Handler } from '../remoting/handler.ts';
import type { NamesrvParts } from './parts.ts';

/** 319: the settings in force as properties text. Java: DefaultRequestProcessor#getConfig. */
export function getNamesrvConfig({ configuration }: NamesrvParts): Handler<'GET_NAMESRV_CONFIG'> {
  return () => ({ code: 'SUCCESS', body: Buffer.from(configuration.text(), 'utf8') });
}

/**
 * 318: changes settings. Only changed keys are written to the file, and paths are refused (deviation 17 of
 * COMPATIBILITY.md, CVE-2023-37582). Java: DefaultRequestProcessor#updateConfig.
 */
export function updateNamesrvConfig({ configuration, log }: NamesrvParts): Handler<'UPDATE_NAMESRV_CONFIG'> {
  return ({ body, connection }) => {
    if (body === undefined) return { code: 'SUCCESS' };
    const updated = configuration.update(body.toString('utf8'));
    const by = connection.remoteAddress;
    if (updated.kind === 'refused') {
      log.warn({ by, why: updated.why }, 'an update of settings was refused');
      throw new RequestError('SYSTEM_ERROR', updated.why);
    }
    const { changed, remark } = updated;
    log.info({ by, changed: [...changed], remark }, 'settings were updated');
    return { code: 'SUCCESS', remark };
  };
}
