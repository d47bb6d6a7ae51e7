import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

let compiled: string | undefined

/** Starts per second of a C loop of posix_spawn and wait at parallelism 2: what the operating system charges. */
export function spawnLoopRate(count: number, argv: readonly string[]): number {
  compiled ??= compile()
  // `print one line` must not reach the terminal.
  const out = execFileSync('sh', ['-c', '"$0" "$@" | tail -n 1', compiled, String(count), '2', ...argv], {
    encoding: 'utf8',
  })
  return Number(out)
}

function compile(): string {
  const program = join(mkdtempSync(join(tmpdir(), 'taskport-bench-')), 'spawn-loop')
  execFileSync('cc', ['-O2', '-o', program, fileURLToPath(new URL('../spawn-loop.c', import.meta.url))])
  return program
}
