import { parse } from 'yaml'
import { textInZip } from '../../../build/text-in-zip.ts'
import { unprocessable } from '../errors.ts'
import { isObject } from '../wire/message.ts'

const LIMIT_BYTES = 64 * 1024

/**
 * Process types and their commands, as the bits' Procfile names them: every buildpack takes them from there, the binary one
 * too (cloudfoundry/buildpackapplifecycle, builder). None without a Procfile. Throws 422 when it is no map of texts.
 */
export async function procfileOf(archive: string): Promise<Readonly<Record<string, string>>> {
  const text = await textInZip(archive, 'Procfile', LIMIT_BYTES)
  if (text === undefined) return {}
  const commands = parsed(text)
  if (!isObject(commands) || !Object.values(commands).every((command) => typeof command === 'string'))
    throw unprocessable('Procfile must be a map of process types to commands')
  return commands as Record<string, string>
}

function parsed(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 0, logLevel: 'error' })
  } catch {
    return undefined
  }
}
