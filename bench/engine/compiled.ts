import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const programs = new Map<string, string>()

/** A C program of this folder, by its path below `bench/`, compiled once a run. Needs a C compiler. */
export function compiled(source: string): string {
  const known = programs.get(source)
  if (known !== undefined) return known
  const program = join(mkdtempSync(join(tmpdir(), 'taskport-bench-')), basename(source, '.c'))
  execFileSync('cc', ['-O2', '-o', program, fileURLToPath(new URL(`../${source}`, import.meta.url))])
  programs.set(source, program)
  return program
}
