import { RequestError } from '../codec/response-codes.ts';
import { namesrvSections, partsOf } from '../config/configs.ts';
import { configText } from '../config/print.ts';
import { editProperties } from '../config/properties.ts';
import { updateSettings } from '../config/update.ts';
import type { Handler } from '../remoting/handler.ts';
import { FsError } from '../util/fs.ts';
import { writeWhole } from '../util/write-whole.ts';
import type { NamesrvParts } from './parts.ts';

const MOST_FILE_BYTES = 1_048_576;

/** 319: the settings in force as properties text. Java: DefaultRequestProcessor#getConfig. */
export function getNamesrvConfig({ configs, fileProperties }: NamesrvParts): Handler<'GET_NAMESRV_CONFIG'> {
  return () => ({
    code: 'SUCCESS',
    body: Buffer.from(configText(partsOf(namesrvSections, configs), fileProperties), 'utf8'),
  });
}

/**
 * 318: changes settings. Only changed keys are written to the file, and paths are refused (deviation 17 of
 * COMPATIBILITY.md, CVE-2023-37582). Java: DefaultRequestProcessor#updateConfig.
 */
export function updateNamesrvConfig(parts: NamesrvParts): Handler<'UPDATE_NAMESRV_CONFIG'> {
  return ({ body, connection }) => {
    if (body === undefined) return { code: 'SUCCESS' };
    const text = body.toString('utf8');
    const update = updateSettings(partsOf(namesrvSections, parts.configs), text, (changed) => persist(parts, changed));
    if (update.kind === 'malformed') throw new RequestError('SYSTEM_ERROR', 'string2Properties error');
    if (update.kind === 'refused') throw new RequestError('SYSTEM_ERROR', update.reasons.join('; '));
    if (update.changed.size === 0) return { code: 'SUCCESS' };
    const { changed, afterRestart } = update;
    parts.log.info({ by: connection.remoteAddress, changed: [...changed], afterRestart }, 'settings were changed');
    return { code: 'SUCCESS' };
  };
}

function persist({ fs, configs }: NamesrvParts, changed: ReadonlyMap<string, string>): void {
  const path = configs.namesrvConfig.configStorePath;
  try {
    writeWhole(fs, path, Buffer.from(edited(fs, path, changed), 'latin1'));
  } catch (error) {
    if (!(error instanceof FsError)) throw error;
    const remark = `the settings could not be written (${error.code}), nothing was changed`;
    throw new RequestError('SYSTEM_ERROR', remark, error);
  }
}

function edited(fs: NamesrvParts['fs'], path: string, changed: ReadonlyMap<string, string>): string {
  const old = fs.readFile(path, MOST_FILE_BYTES)?.toString('latin1') ?? '';
  const text = editProperties(old, changed);
  if (text === undefined)
    throw new RequestError('SYSTEM_ERROR', 'the file of the settings is no properties file, nothing was changed');
  return text;
}
