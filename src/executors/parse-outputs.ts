/** What a program said by its outputs file. */
export interface Outputs {
  readonly outputs?: Readonly<Record<string, string>>
  readonly outputsProblem?: string
}

const MAX_KEYS = 128
const MAX_VALUE_BYTES = 4_096
const KEY = /^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/

/** `KEY=VALUE` lines, or `KEY<<EOF` … `EOF` for values of several lines. An empty value unsets the key. */
export function parseOutputs(text: string): Outputs {
  const outputs: Record<string, string> = {}
  const lines = text.split('\n')
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!
    if (line === '') continue
    const block = /^([^=]+?)<<(\S+)$/.exec(line)
    const equals = line.indexOf('=')
    if (block === null && equals < 1)
      return outputsProblem(`line ${i + 1} of the outputs file is neither KEY=VALUE nor KEY<<END`)
    const key = block === null ? line.slice(0, equals) : block[1]!
    let value = block === null ? line.slice(equals + 1) : ''
    if (block !== null) {
      const end = lines.indexOf(block[2]!, i + 1)
      if (end < 0) return outputsProblem(`the block of ${key} in the outputs file has no line ${block[2]}`)
      value = lines.slice(i + 1, end).join('\n')
      i = end
    }
    const broken = ruleBroken(key, value)
    if (broken !== undefined) return outputsProblem(broken)
    outputs[key] = value
  }
  if (Object.keys(outputs).length > MAX_KEYS) return outputsProblem(`the outputs file sets more than ${MAX_KEYS} keys`)
  return Object.keys(outputs).length === 0 ? {} : { outputs }
}

function ruleBroken(key: string, value: string): string | undefined {
  if (!KEY.test(key)) return `${JSON.stringify(key.slice(0, 60))} cannot be the name of an output`
  if (value.includes('\0')) return `the output ${key} contains a NUL byte`
  if (Buffer.byteLength(value) > MAX_VALUE_BYTES) return `the output ${key} is longer than ${MAX_VALUE_BYTES} bytes`
  return undefined
}

export const outputsProblem = (problem: string): Outputs => ({ outputsProblem: problem })
