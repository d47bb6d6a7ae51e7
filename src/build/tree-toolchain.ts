import { finish, firstLineOf, say } from './tree-process.ts'

interface Toolchain {
  readonly program: string
  readonly args: readonly string[]
}

/** What tells a runtime's version, by the name that a type begins with. */
const TOOLCHAINS: Readonly<Record<string, Toolchain>> = {
  python: { program: 'python3', args: ['--version'] },
  nodejs: { program: 'node', args: ['--version'] },
  php: { program: 'php', args: ['--version'] },
  ruby: { program: 'ruby', args: ['--version'] },
  golang: { program: 'go', args: ['version'] },
  rust: { program: 'rustc', args: ['--version'] },
  java: { program: 'java', args: ['-version'] },
  dotnet: { program: 'dotnet', args: ['--version'] },
  elixir: { program: 'elixir', args: ['--version'] },
}

/** Says which toolchain of this machine stands in for the type; fails a strict build where it is another version. */
export function checkToolchain(type: string, isStrict: boolean): void {
  const mismatch = mismatchOf(type)
  if (mismatch === undefined) return
  if (isStrict) finish(1, `${mismatch} (strict runtimes)`)
  say(`Warning: ${mismatch}`)
}

function mismatchOf(type: string): string | undefined {
  const [name = '', wanted = ''] = type.split(':')
  const toolchain = TOOLCHAINS[name]
  if (toolchain === undefined) return `no toolchain is known for ${type}; this machine's programs are used`
  const said = firstLineOf(toolchain.program, toolchain.args)
  if (said === undefined) return `${type} was asked for, but ${toolchain.program} is not installed here`
  const found = /\d+(\.\d+)*/.exec(said)?.[0] ?? ''
  if (`${found}.`.startsWith(`${wanted}.`)) {
    say(`Using ${said.trim()} for ${type}`)
    return undefined
  }
  return `${type} was asked for, this machine has ${toolchain.program} ${found}`
}
