import { execFileSync } from 'node:child_process'
import { compiled } from './compiled.ts'

/** Starts per second of a C loop of posix_spawn and wait at parallelism 2: what the operating system charges. */
export function spawnLoopRate(count: number, argv: readonly string[]): number {
  // The loop says its rate last, after whatever its programs print.
  const line = ['-c', '"$0" "$@" | tail -n 1', compiled('spawn-loop.c'), String(count), '2', ...argv]
  return Number(execFileSync('sh', line, { encoding: 'utf8' }))
}
