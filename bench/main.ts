/**
 * `npm run bench [-- NAME…]`: every benchmark of this folder (`NAME.bench.ts`) one after another, each in a process of
 * its own; or only the named ones. Each prints its figures as JSON lines. Fails when one of them failed.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'

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

function run(name: string): boolean {
  console.log(`── ${name}`)
  const { status } = spawnSync(process.execPath, [`${folder}${name}${ENDING}`], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return status === 0
}

const machine = {
  date: new Date().toISOString().slice(0, 10),
  cpu: `${cpus().length} × ${cpus()[0]?.model}`,
  memoryGib: Math.round(totalmem() / 2 ** 30),
  kernel: release(),
  node: process.version,
}
console.log(JSON.stringify(machine))
const failed = chosen(process.argv.slice(2)).filter((name) => !run(name))
if (failed.length > 0) console.error(`failed: ${failed.join(', ')}`)
process.exitCode = failed.length > 0 ? 1 : 0
