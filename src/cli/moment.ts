import type { Options } from './command.ts'
import { durationText } from './duration.ts'

/** A flag that names a time, or how long ago it was, as the API takes both; nothing where it was not given. */
export function momentOf<Name extends 'since' | 'until'>(
  options: Options,
  name: Name,
): { readonly [N in Name]?: string } {
  const text = options.text(name)
  if (text === undefined) return {}
  const moment = /^\d{4}-/.test(text) ? text : durationText(text, `--${name}`)
  return { [name]: moment } as { readonly [N in Name]?: string }
}
