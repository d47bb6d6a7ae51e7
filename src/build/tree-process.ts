/** How a tree's build runs other programs: in its own output, without the engine's own variables. */
import { spawnSync } from 'node:child_process'

export const say = (text: string): void => void process.stdout.write(`${text}\n`)

/** Ends the build with a sentence that says why. */
export function finish(code: number, text: string): never {
  process.stderr.write(`${text}\n`)
  process.exit(code === 0 ? 1 : code)
}

/** Exit code of a shell script; 128 + signal is 129 at least. */
export const runShell = (script: string, directory: string): number =>
  spawnHere('/bin/sh', ['-c', withEnvironment(script)], directory)

/** What the tree's own `.environment` sets comes first. */
export const withEnvironment = (script: string): string =>
  `if [ -f .environment ]; then . ./.environment; fi\n${script}`

export function spawnHere(program: string, args: readonly string[], directory?: string): number {
  const done = spawnSync(program, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: environment(),
    ...(directory && { cwd: directory }),
  })
  if (done.error) return 127
  return done.status ?? 129
}

/** First line that a program says of itself; undefined when it is not there. */
export function firstLineOf(program: string, args: readonly string[]): string | undefined {
  const done = spawnSync(program, args, { encoding: 'utf8', env: environment() })
  return done.error ? undefined : `${done.stdout}${done.stderr}`.split('\n')[0]
}

function environment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined || name.startsWith('TASKPORT_') ? [] : [[name, value]],
    ),
  )
}
