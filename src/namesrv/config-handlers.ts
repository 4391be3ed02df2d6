import type { Handler } from '../remoting/handler.ts';
import { updateSettings } from '../remoting/settings-update.ts';
import type { NamesrvParts } from './parts.ts';

/** 319: the settings in force as properties text. Java: DefaultRequestProcessor#getConfig. */
export function getNamesrvConfig({ configuration }: NamesrvParts): Handler<'GET_NAMESRV_CONFIG'> {
  return () => ({ code: 'SUCCESS', body: Buffer.from(configuration.text(), 'utf8') });
}

/**
 * 318: changes settings. Only changed keys are written to the file, and paths are refused (deviation 17 of
 * COMPATIBILITY.md, CVE-2023-37582). Java: DefaultRequestProcessor#updateConfig.
 */
export function updateNamesrvConfig(parts: NamesrvParts): Handler<'UPDATE_NAMESRV_CONFIG'> {
  return (request) => ({ code: 'SUCCESS', remark: updateSettings(request, parts).remark });
}
