import type { CommandName } from '../codec/commands.ts';
import { RequestError } from '../codec/response-codes.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Logger } from '../util/logger.ts';
import type { Request } from './handler.ts';

/**
 * Changes settings as the body of a request says and writes down who did it; without a body nothing changes. Gives the
 * new values by key and the remark of the answer. Throws RequestError with the reason when they are refused.
 * Java: AdminBrokerProcessor#updateBrokerConfig, DefaultRequestProcessor#updateConfig.
 */
export function updateSettings(
  { body, connection }: Pick<Request<CommandName>, 'body' | 'connection'>,
  { configuration, log }: { readonly configuration: Configuration; readonly log: Logger },
): SettingsUpdate {
  if (body === undefined) return { changed: new Map(), remark: undefined };
  const updated = configuration.update(body.toString('utf8'));
  const by = connection.remoteAddress;
  if (updated.kind === 'refused') {
    log.warn({ by, why: updated.why }, 'an update of settings was refused');
    throw new RequestError('SYSTEM_ERROR', updated.why);
  }
  const { changed, remark } = updated;
  log.info({ by, changed: [...changed], remark }, 'settings were updated');
  return { changed, remark };
}

/** What {@link updateSettings} did. */
export interface SettingsUpdate {
  /** New values by key. */
  readonly changed: ReadonlyMap<string, string>;
  /** Remark of the answer. */
  readonly remark: string | undefined;
}
