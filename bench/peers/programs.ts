import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'

export function has(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v "${program}"`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Jobs a second of `work`, which runs `count` jobs. */
export async function timed(count: number, work: () => unknown): Promise<number> {
  const began = performance.now()
  await work()
  return (count / (performance.now() - began)) * 1_000
}

/** Debian keeps PostgreSQL's programs apart from the path. */
export function postgresDirectory(): string | undefined {
  try {
    const version = readdirSync('/usr/lib/postgresql').sort().at(-1)
    return version && `/usr/lib/postgresql/${version}/bin`
  } catch {
    return undefined
  }
}
