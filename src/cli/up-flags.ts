import type { OptionSpec, Options } from './command.ts'
import { durationMs, durationText } from './duration.ts'
import { usage } from './failure.ts'
import { number, wholeNumber } from './pairs.ts'

/** A flag of the server's configuration, as its table describes it. */
export interface ServerFlag {
  readonly flag: string
  readonly key: string
  readonly kind: 'text' | 'number' | 'switch' | 'list' | 'duration' | 'size' | 'cores'
  readonly choices?: readonly string[]
  readonly help: string
}

const CPU_UNITS_PER_CORE = 1_024
const SIZE = /^(\d+(?:\.\d+)?)(B|[KMGT](?:i?B)?|[KMGT]i)?$/
const POWERS = 'KMGT'

export const optionOf = (flag: ServerFlag): OptionSpec => ({
  flags: flag.flag,
  description: flag.help,
  ...(flag.choices && { choices: flag.choices }),
  ...(flag.kind === 'list' && { repeats: true }),
})

/** What the flags say, by the configuration's own keys; what was not given is left out. */
export function configured(flags: readonly ServerFlag[], options: Options): Readonly<Record<string, unknown>> {
  const values = flags.map((flag) => [flag.key, givenValue(flag, options)] as const)
  return Object.fromEntries(values.filter(([, value]) => value !== undefined))
}

function givenValue(flag: ServerFlag, options: Options): unknown {
  const name = /--([\w-]+)/.exec(flag.flag)![1]!
  if (flag.kind === 'switch') return options.flag(name) || undefined
  if (flag.kind === 'list') return options.list(name).length > 0 ? options.list(name) : undefined
  const text = options.text(name)
  return text === undefined ? undefined : parse(flag, text, `--${name}`)
}

function parse({ kind }: ServerFlag, text: string, name: string): unknown {
  if (kind === 'number') return wholeNumber(text, name)
  if (kind === 'duration') return durationMs(durationText(text, name))
  if (kind === 'size') return bytesOf(text, name)
  if (kind === 'cores') return Math.round(number(text, name)! * CPU_UNITS_PER_CORE)
  return text
}

/** Bytes of `64M`, `1.5G`, `1000B`: powers of 1,024, as the API takes them. */
function bytesOf(text: string, name: string): number {
  const match = SIZE.exec(text)
  if (!match) throw usage(`${name} ${text} is no size`, `write it as ${name} 512M or 2G`)
  const power = match[2] === undefined || match[2] === 'B' ? 0 : POWERS.indexOf(match[2][0]!) + 1
  return Math.floor(Number(match[1]) * 1_024 ** power)
}
