/**
 * `npm run bench [-- NAME…]`: every benchmark of this folder (`NAME.bench.ts`) one after another, each in a process of
 * its own; or only the named ones. Each prints its figures as JSON lines; they are shown and put into RESULTS.md.
 * Fails when one of them failed.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { machineLine, recordResults } from './results.ts'

const ENDING = '.bench.ts'
const folder = fileURLToPath(new URL('.', import.meta.url))

const all = readdirSync(folder)
  .filter((file) => file.endsWith(ENDING))
  .map((file) => file.slice(0, -ENDING.length))
  .sort()

function chosen(names: readonly string[]): readonly string[] {
  const unknown = names.filter((name) => !all.includes(name))
  if (unknown.length > 0) throw new Error(`no benchmark ${unknown.join(', ')}; there are ${all.join(', ')}`)
  return names.length > 0 ? names : all
}

async function run(name: string): Promise<boolean> {
  const machine = machineLine()
  console.log(`── ${name} · ${machine}`)
  const child = spawn(process.execPath, ['--expose-gc', `${folder}${name}${ENDING}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    console.log(line)
    lines.push(line)
  }
  const [code] = (await ended) as [number | null]
  if (code === 0) recordResults(name, machine, lines)
  return code === 0
}

const failed: string[] = []
for (const name of chosen(process.argv.slice(2))) if (!(await run(name))) failed.push(name)
if (failed.length > 0) console.error(`failed: ${failed.join(', ')}`)
process.exitCode = failed.length > 0 ? 1 : 0
